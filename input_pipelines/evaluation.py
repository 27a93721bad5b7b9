"""The finite dataset of held-out examples, cut evenly over replicas. Runs in tasks only."""

import tensorflow as tf

from input_pipelines.feed import Feed, batched, pair_of, parallel_map
from input_pipelines.pieces import cut, numbered, span
from input_pipelines.reading import read_runs, run_tensors
from results.errors import UserError


@tf.autograph.experimental.do_not_convert
def evaluation_dataset(feed: Feed, replica: int, replicas: int, batch: int) -> tf.data.Dataset:
    """Finite (weight float32 [batch], x, y) of the part of the held-out set that is the replica's.

    Over all replicas every held-out example comes once with weight 1. Every replica has the same
    number of batches; what is missing is filled with examples of weight 0.
    """
    examples = feed.test.examples
    if not examples:
        raise UserError("source: the test split is empty; a held-out example is needed at least")
    first, end = span(examples, replica, replicas)
    own = end - first
    # With fewer examples than replicas a part may be empty: it fills its batches with the first.
    runs = cut(numbered(feed.test.pieces), first, end) if own else numbered(feed.test.pieces)[:1]
    dataset = tf.data.Dataset.from_tensor_slices(run_tensors(runs), name="files")
    dataset = read_runs(feed.test, dataset, runs, feed.pipeline.parallel_reads, feed.storage)
    padded = evaluation_batches(examples, replicas, batch) * batch
    dataset = dataset.repeat(name="fill").take(padded, name="pad").enumerate(name="number")
    pair = pair_of(feed, feed.test)
    dataset = parallel_map(
        feed, dataset, lambda at, raw: (tf.cast(at < own, tf.float32), *pair(raw[1])), "parse"
    )
    return batched(feed, dataset, batch)


def evaluation_batches(examples: int, replicas: int, batch: int) -> int:
    """Batches per replica: enough for the largest part."""
    largest = -(-examples // replicas)
    return -(-largest // batch)
