"""Hands plain tensors, one set a replica, to a strategy that wants distributed values."""

from typing import Any

import tensorflow as tf


def on_replicas(strategy: tf.distribute.Strategy, batches: list[Any]) -> Any:
    """One structure of distributed values from `batches`, this task's in the order of replicas."""
    if len(batches) == 1 and strategy.num_replicas_in_sync == 1:
        return batches[0]
    flat = [tf.nest.flatten(batch) for batch in batches]
    values = [
        strategy.experimental_distribute_values_from_function(
            lambda context, part=part: flat[context.replica_id_in_sync_group % len(flat)][part]
        )
        for part in range(len(flat[0]))
    ]
    return tf.nest.pack_sequence_as(batches[0], values)
