"""`pipeline.service.workers`: what a replica trains on is prepared by tasks of their own.

tf.data service hands the batches of one dispatcher's workers out in whatever order they come, so an
epoch would be blurred at its ends. Here each data worker has a dispatcher to itself: it prepares
every n-th batch of each replica, and the replica takes them in turn. So the stream is, element by
element, the one that the replica would prepare by itself, whatever the speed of the data workers.

Each data worker builds its own part (`data_worker`), so that Python functions in it run there,
under that process's lock. Runs in tasks only.
"""

import time

import tensorflow as tf

from input_pipelines.feed import Feed

BATCHES_AHEAD = 2
"""Ready batches that a data worker holds for each replica; the replica holds others."""
_POLL_SECONDS = 0.05
_NOT_THERE = "Failed to fetch element spec"
"""How TensorFlow's `from_dataset_id` says that nothing is registered under a name (yet)."""


def dataset_name(feed: Feed, replica: int) -> str:
    """What the parts of `replica` are registered as; those that emulate slow storage apart."""
    return f"replica-{replica}-emulated-storage" if feed.storage.emulated else f"replica-{replica}"


def served_dataset(feed: Feed, replica: int) -> tf.data.Dataset:
    """Endless (number int64 [batch], x, y) of the replica, from the data workers of `feed.service`.

    Waits until each of them has registered its part; the launcher watches that they do. Every
    iterator begins at the beginning. It can't be saved (TensorFlow: "SaveInternal is not yet
    supported"), but skipped ahead to where another one was.
    """
    name = dataset_name(feed, replica)
    parts = [_registered(address, name) for address in feed.service]
    dataset = parts[0]
    if len(parts) > 1:
        turns = tf.data.Dataset.range(len(parts)).repeat(name="turns")
        dataset = tf.data.Dataset.choose_from_datasets(parts, turns)
    ahead = feed.pipeline.prefetch
    if ahead != 0:
        dataset = dataset.prefetch(ahead or tf.data.AUTOTUNE, name="prefetch")
    options = tf.data.Options()
    options.deterministic = True
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return dataset.with_options(options)


def _registered(dispatcher: str, name: str) -> tf.data.Dataset:
    service = tf.data.experimental.service
    while True:
        try:
            return service.from_dataset_id(
                service.ShardingPolicy.OFF, f"grpc://{dispatcher}", tf.constant(name)
            )
        except ValueError as error:
            if _NOT_THERE not in str(error):
                raise
        time.sleep(_POLL_SECONDS)
