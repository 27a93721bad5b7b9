"""Batches that cost next to nothing, or just as long as they are told to."""

from collections.abc import Sequence

import tensorflow as tf
from tensorflow.python.data.experimental.ops.testing import sleep


def ready(
    batch: int, replica: int, replicas: int, shape: Sequence[int] = (8, 8, 1)
) -> tf.data.Dataset:
    """Endless batches of black images of `shape` and labels 0, the same in each of `replicas`."""
    images, labels = tf.zeros([batch, *shape]), tf.zeros([batch], tf.int32)
    return tf.data.Dataset.from_tensors((images, labels)).repeat()


def slow(batch: int, replica: int, replicas: int, sleep_ms: float) -> tf.data.Dataset:
    """The same, each so long after it was asked for; nothing works ahead, nothing uses a core."""
    options = tf.data.Options()
    # Either would set threads of its own to work beside the sleep, or a prefetch ahead of it.
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    slept = ready(batch, replica, replicas).apply(sleep(round(1000 * sleep_ms)))
    return slept.with_options(options)
