"""The endless dataset that a replica trains on. Runs in tasks only.

order → read → shuffle → repeat → number, shard → parse → augment → batch → prefetch, or, with a
cache, order → read → parse → cache → shuffle → repeat → number, shard → augment → batch → prefetch.

Every stage is linear and named. What is random is a function of seed and epoch (`order`,
`shuffle`) or of seed, epoch and example (`augment`), so two datasets built alike give the same
elements, and an iterator restored from a checkpoint goes on with the very next one. (Two iterators
over one dataset object don't: tf.data's shuffle goes on counting epochs in the object.)
"""

import tempfile
from pathlib import Path

import tensorflow as tf

from input_pipelines.feed import Feed, augment_of, batched, pair_of, parallel_map
from input_pipelines.pieces import Run, cut, numbered, span
from input_pipelines.reading import read_runs, run_tensors
from input_pipelines.shuffling import shuffled
from results.errors import UserError


def training_dataset(feed: Feed, replica: int, replicas: int, batch: int) -> tf.data.Dataset:
    """Endless (number int64 [batch], x, y): what replica `replica` of `replicas` trains on.

    `number` is epoch · N + the example's number in its split, of N examples. With
    `sharding="data"` all replicas walk through one stream and replica r keeps positions ≡ r: global
    batch k holds the same examples for any number of replicas, and N consecutive ones of the stream
    hold each example once. With `sharding="file"` each replica owns a span of the files (equal ± 1
    example), shuffles within it and counts its own epochs.
    """
    if not 0 <= replica < replicas:
        raise ValueError(f"replica {replica} of {replicas}")
    runs = _own_runs(feed, replica, replicas)
    shards, shard = (replicas, replica) if feed.pipeline.sharding == "data" else (1, 0)
    per_epoch = sum(run.count for run in runs)
    total = feed.train.examples

    def number(position, example):
        return position // per_epoch * total + example

    pair = pair_of(feed, feed.train)
    augment = augment_of(feed)
    examples = _read(feed, runs)
    if feed.pipeline.cache == "none":
        examples = _endless(feed, examples, per_epoch, shards, shard)
        examples = parallel_map(
            feed, examples, lambda at, raw: (number(at, raw[0]), *pair(raw[1])), "parse"
        )
        if augment is not None:
            examples = parallel_map(feed, examples, augment, "augment")
    else:
        examples = parallel_map(feed, examples, lambda n, raw: (n, *pair(raw)), "parse")
        examples = examples.cache(_cache_file(feed, replica, replicas), name="cache")
        examples = _endless(feed, examples, per_epoch, shards, shard)
        finish = augment or (lambda n, x, y: (n, x, y))
        examples = parallel_map(
            feed,
            examples,
            lambda at, kept: finish(number(at, kept[0]), *kept[1:]),
            "number" if augment is None else "augment",
        )
    return batched(feed, examples, batch)


def _own_runs(feed: Feed, replica: int, replicas: int) -> tuple[Run, ...]:
    runs = numbered(feed.train.pieces)
    examples = feed.train.examples
    if examples < replicas:
        raise UserError(f"source: {examples} training examples for {replicas} replicas are too few")
    if feed.pipeline.sharding == "data":
        return cut(runs, 0, examples)
    return cut(runs, *span(examples, replica, replicas))


def _read(feed: Feed, runs: tuple[Run, ...]) -> tf.data.Dataset:
    """One epoch's (example number, raw) in the epoch's order of files."""
    dataset = tf.data.Dataset.from_tensor_slices(run_tensors(runs), name="files")
    if feed.pipeline.shuffle:
        dataset = shuffled(dataset, len(runs), feed.seed, every_epoch_anew=True, name="order")
    dataset = read_runs(feed.train, dataset, len(runs), feed.pipeline.parallel_reads)
    # A file with fewer examples than promised would shift all later epochs.
    count = sum(run.count for run in runs)
    return dataset.apply(tf.data.experimental.assert_cardinality(count))


def _endless(feed: Feed, examples, per_epoch: int, shards: int, shard: int) -> tf.data.Dataset:
    """(position in the endless stream, element) of the elements that this replica keeps."""
    if feed.pipeline.shuffle:
        buffer = min(feed.pipeline.shuffle, per_epoch)
        examples = shuffled(examples, buffer, feed.seed + 1, every_epoch_anew=True, name="shuffle")
    examples = examples.repeat(name="repeat").enumerate(name="number")
    return examples if shards == 1 else examples.shard(shards, shard, name="shard")


def _cache_file(feed: Feed, replica: int, replicas: int) -> str:
    """Where the cache is kept; the empty name is memory."""
    if feed.pipeline.cache == "memory":
        return ""
    folder = feed.cache_folder or tempfile.mkdtemp(prefix="distribute-bench-cache-")
    return str(Path(folder) / f"replica-{replica}-of-{replicas}")
