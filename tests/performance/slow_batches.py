"""Batches of which each takes as long as it is told to, without a core's help."""

import tensorflow as tf
from tensorflow.python.data.experimental.ops.testing import sleep


def batches(batch: int, replica: int, replicas: int, sleep_ms: float) -> tf.data.Dataset:
    """Endless batches of images [8, 8, 1] and labels, the same in each of `replicas`, each so long
    after it was asked for; nothing works ahead."""
    images, labels = tf.zeros([batch, 8, 8, 1]), tf.zeros([batch], tf.int32)
    made = tf.data.Dataset.from_tensors((images, labels)).repeat()
    options = tf.data.Options()
    # Either would set threads of its own to work beside the sleep, or a prefetch ahead of it.
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    return made.apply(sleep(round(1000 * sleep_ms))).with_options(options)
