"""A model of one layer on scikit-learn's digits, for our runs and for fresh processes alike."""

from pathlib import Path

import numpy as np

BATCH_PER_WORKER = 32


def model():
    import tensorflow as tf

    layers = tf.keras.layers
    return tf.keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )


def optimizer():
    import tensorflow as tf

    return tf.keras.optimizers.Adam()


def loss(y, outputs):
    import tensorflow as tf

    return tf.nn.sparse_softmax_cross_entropy_with_logits(y, outputs)


def workload():
    """The model as a workload of the launcher's."""
    import tensorflow as tf

    def correct(y, outputs):
        return tf.cast(tf.equal(tf.argmax(outputs, -1), tf.cast(y, tf.int64)), tf.float32)

    return {
        "model": model,
        "optimizer": optimizer,
        "loss": loss,
        "quality": {"name": "accuracy", "direction": "higher", "score": correct},
    }


def write_arrays(path: Path) -> None:
    """The digits as a person may have them at hand: one file that loads in a millisecond."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    scaled = (images * 15).astype(np.uint8).reshape(-1, 8, 8, 1)
    np.savez(path, images=scaled, labels=labels.astype(np.int64))


def dataset(path: str, worker: int, workers: int):
    """What one of `workers` trains on, as tf.data's guide writes it."""
    import tensorflow as tf

    with np.load(path) as arrays:
        images, labels = arrays["images"], arrays["labels"]
    return (
        tf.data.Dataset.from_tensor_slices((images, labels))
        .shard(workers, worker)
        .shuffle(len(labels), seed=0)
        .repeat()
        .batch(BATCH_PER_WORKER, drop_remainder=True)
        .prefetch(tf.data.AUTOTUNE)
    )
