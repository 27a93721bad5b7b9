"""A workload with dials: how much the model computes, and how much each example is prepared."""

from typing import Any

from benchmarks.workloads.classification import accuracy, class_loss, image_and_label
from benchmarks.workloads.workload import Workload


def workload(
    size: int = 32, width: int = 32, parse_work: int = 0, augment_work: int = 0
) -> Workload:
    """Two layers of `width` units on images of `size` pixels a side.

    `parse_work` and `augment_work` are random numbers that are drawn and sorted for every example,
    on one core: about 0.1 ms for a thousand.
    """

    def model() -> Any:
        import tensorflow as tf

        layers = tf.keras.layers
        image = tf.keras.Input((size, size, 3), name="image")
        deep = layers.Flatten()(image)
        for _ in range(2):
            deep = layers.Dense(width, activation="relu")(deep)
        return tf.keras.Model(image, layers.Dense(8, dtype="float32")(deep), name="planted")

    def optimizer() -> Any:
        import tensorflow as tf

        return tf.keras.optimizers.SGD(0.001)

    def features(example: Any) -> tuple[Any, Any]:
        import tensorflow as tf

        image, label = image_and_label(example)
        seed = tf.stack([tf.cast(label, tf.int64), tf.constant(1, tf.int64)])
        return worked(image, parse_work, seed), label

    def augment(image: Any, label: Any, seed: Any) -> tuple[Any, Any]:
        return worked(image, augment_work, seed), label

    return Workload(
        model=model,
        optimizer=optimizer,
        loss=class_loss,
        quality=accuracy(),
        features=features,
        augment=augment if augment_work else None,
    )


def worked(image: Any, numbers: int, seed: Any) -> Any:
    """The image, after so many random numbers have been sorted; `seed` is int64 [2]."""
    import tensorflow as tf

    if not numbers:
        return image
    last = tf.sort(tf.random.stateless_uniform([numbers], seed))[-1]
    return image + 1e-9 * last
