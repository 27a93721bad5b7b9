"""Shuffling that depends on its seed alone. Runs in tasks only.

`Dataset.shuffle(seed=…)` also mixes in TensorFlow's global seed, which a user's model may set, and
set differently in each task. Then replicas would walk through different streams.
"""

from typing import Any

import tensorflow as tf
from tensorflow.core.framework import dataset_metadata_pb2


def shuffled(
    dataset: tf.data.Dataset, buffer: Any, seed: Any, every_epoch_anew: bool, name: str
) -> tf.data.Dataset:
    """The dataset through a shuffle buffer of `buffer` elements.

    `buffer` and `seed` are whole numbers or int64 scalars. With `every_epoch_anew` each pass over
    the result is in another order, the n-th always in the same; the passes are counted by the
    dataset object, and the count is part of an iterator's checkpoint.
    """
    specs = tf.nest.flatten(dataset.element_spec)
    variant = tf.raw_ops.ShuffleDatasetV3(
        input_dataset=tf.data.experimental.to_variant(dataset),
        buffer_size=tf.cast(buffer, tf.int64),
        seed=tf.cast(seed, tf.int64),
        # Two seeds of 0 would mean "any".
        seed2=tf.constant(1, tf.int64),
        seed_generator=tf.raw_ops.DummySeedGenerator(),
        reshuffle_each_iteration=every_epoch_anew,
        output_types=[spec.dtype for spec in specs],
        output_shapes=[spec.shape for spec in specs],
        metadata=dataset_metadata_pb2.Metadata(name=name.encode()).SerializeToString(),
    )
    return tf.data.experimental.from_variant(variant, dataset.element_spec)
