"""Workloads that compute as long as they are told to, and the arrays that they train on."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import tensorflow as tf

SIZE, CLASSES = 32, 8
_MATRIX = 96


def arrays(examples: int = 4096) -> dict[str, dict[str, np.ndarray]]:
    """Images float32 [SIZE, SIZE, 1] and labels, a quarter as many to test on."""
    rng = np.random.default_rng(0)

    def split(count: int) -> dict[str, np.ndarray]:
        label = rng.integers(0, CLASSES, count)
        image = rng.normal(size=[count, SIZE, SIZE, 1]) + label.reshape(-1, 1, 1, 1) / CLASSES
        return {"image": image.astype(np.float32), "label": label}

    return {"train": split(examples), "test": split(64)}


def burn(image: Any, turns: int) -> Any:
    """The image, after so many products of matrices (of 96 by 96, some 0.05 ms each)."""
    seed = tf.reshape(tf.cast(image, tf.float32), [-1])[:_MATRIX]
    start = tf.tensordot(seed, tf.ones([_MATRIX]) / _MATRIX, 0)

    def turn(done: Any, matrix: Any) -> tuple[Any, Any]:
        return done + 1, tf.tanh(matrix @ matrix)

    _, matrix = tf.while_loop(lambda done, _: done < turns, turn, (0, start))
    return tf.cast(image, tf.float32) + 1e-9 * tf.reduce_mean(matrix)


def workload(
    width: int = 64, depth: int = 1, features_turns: int = 0, augment_turns: int = 0
) -> SimpleNamespace:
    """`depth` dense layers of `width`; parsing and augmenting burn so many turns an example."""

    def model() -> Any:
        layers = tf.keras.layers
        image = tf.keras.Input([SIZE, SIZE, 1])
        deep = layers.Flatten()(image)
        for _ in range(depth):
            deep = layers.Dense(width, "relu")(deep)
        return tf.keras.Model(image, layers.Dense(CLASSES)(deep))

    def features(example: Any) -> tuple[Any, Any]:
        image = tf.ensure_shape(example["image"], [SIZE, SIZE, 1])
        return burn(image, features_turns) if features_turns else image, example["label"]

    def augment(x: Any, y: Any, seed: Any) -> tuple[Any, Any]:
        noise = tf.random.stateless_normal(tf.shape(x), seed, stddev=0.01)
        return burn(x + noise, augment_turns), y

    return SimpleNamespace(
        model=model,
        optimizer=lambda: tf.keras.optimizers.SGD(0.01),
        loss=lambda y, outputs: tf.nn.sparse_softmax_cross_entropy_with_logits(y, outputs),
        quality={
            "name": "accuracy",
            "score": lambda y, outputs: tf.cast(tf.argmax(outputs, 1) == y, tf.float32),
            "direction": "higher",
        },
        features=features,
        **({"augment": augment} if augment_turns else {}),
    )
