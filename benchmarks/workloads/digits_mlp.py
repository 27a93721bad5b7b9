"""`digits_mlp`: a small dense network on small images. Leans on nothing: quick and sure."""

import math
from collections.abc import Sequence
from typing import Any

from benchmarks.workloads.classification import (
    accuracy,
    class_loss,
    image_and_label,
)
from benchmarks.workloads.workload import Workload


def workload(
    shape: Sequence[int] = (8, 8, 1),
    classes: int = 10,
    hidden: int = 128,
    learning_rate: float = 0.001,
) -> Workload:
    """Two hidden layers of `hidden` units on images of `shape` (height, width, channels)."""

    def model() -> Any:
        import tensorflow as tf

        layers = tf.keras.layers
        image = tf.keras.Input(tuple(shape), name="image")
        flat = layers.Reshape((math.prod(shape),))(image)
        deep = layers.Dense(hidden, activation="relu")(flat)
        deep = layers.Dense(hidden, activation="relu")(deep)
        # Logits in float32 whatever the compute type, so that the loss is exact.
        logits = layers.Dense(classes, dtype="float32", name="logits")(deep)
        return tf.keras.Model(image, logits, name="digits_mlp")

    def optimizer() -> Any:
        import tensorflow as tf

        return tf.keras.optimizers.Adam(learning_rate)

    return Workload(
        model=model,
        optimizer=optimizer,
        loss=class_loss,
        quality=accuracy(),
        features=image_and_label,
    )
