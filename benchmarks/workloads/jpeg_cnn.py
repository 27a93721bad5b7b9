"""`jpeg_cnn`: a small convolutional network on augmented JPEG images. Leans on the input."""

from typing import Any

from benchmarks.workloads.classification import (
    accuracy,
    class_loss,
    flip_crop_brighten,
    image_and_label,
)
from benchmarks.workloads.workload import Workload


def workload(
    size: int = 64,
    channels: int = 3,
    classes: int = 8,
    width: int = 16,
    learning_rate: float = 0.002,
) -> Workload:
    """Three convolutions, the first `width` channels wide, on images of `size` pixels a side."""

    def model() -> Any:
        import tensorflow as tf

        layers = tf.keras.layers
        image = tf.keras.Input((size, size, channels), name="image")
        deep = image
        # Cheap on purpose: the first layer looks at patches of 8 pixels, 4 apart.
        for factor, kernel, stride in ((1, 8, 4), (2, 3, 2), (4, 3, 2)):
            deep = layers.Conv2D(width * factor, kernel, strides=stride, padding="same")(deep)
            deep = layers.GroupNormalization(groups=4)(deep)
            deep = layers.Activation("relu")(deep)
        deep = layers.GlobalAveragePooling2D()(deep)
        logits = layers.Dense(classes, dtype="float32", name="logits")(deep)
        return tf.keras.Model(image, logits, name="jpeg_cnn")

    def optimizer() -> Any:
        import tensorflow as tf

        return tf.keras.optimizers.Adam(learning_rate)

    return Workload(
        model=model,
        optimizer=optimizer,
        loss=class_loss,
        quality=accuracy(),
        features=image_and_label,
        augment=flip_crop_brighten,
    )
