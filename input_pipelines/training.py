"""The endless dataset that a replica trains on. Runs in tasks only.

order → read → shuffle → repeat → number, shard → parse → augment → batch → prefetch, or with
`cache=memory` order → read → parse → cache → shuffle → repeat → number, shard → augment → batch →
prefetch, where files keep the first epoch's order.

With `batch_first` the batch lies before the maps in front of it, as far as they can be computed on
whole batches. With `deterministic=false` what is prepared behind `number` comes as it is done: an
example keeps its number, and each comes as often as before, in another batch perhaps.

Every stage is linear and named. What is random is a function of seed and epoch (`order`,
`shuffle`) or of seed, epoch and example (`augment`), so two datasets built alike give the same
elements, and an iterator restored from a checkpoint goes on with the very next one. (Two iterators
over one dataset object don't: tf.data's shuffle goes on counting epochs in the object.)
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import tensorflow as tf

from input_pipelines.disk_cache import kept_on_disk
from input_pipelines.feed import Feed, augment_of, batched, pair_of, parallel_map
from input_pipelines.graph_settings import rearranged
from input_pipelines.own_pipeline import own_dataset
from input_pipelines.pieces import Run, Split, numbered
from input_pipelines.reading import read_runs, run_tensors
from input_pipelines.service import served_dataset
from input_pipelines.settings import StorageSettings
from input_pipelines.sharding import DATA, own_part, settled
from input_pipelines.shuffling import shuffled
from results.errors import UserError


@dataclass(frozen=True)
class _Kept:
    """Which positions of the endless stream stay: those ≡ `shard`, and of these the batches of
    `batch` examples whose number is ≡ `part`."""

    shards: int
    shard: int
    batch: int
    parts: int
    part: int


def training_dataset(feed: Feed, replica: int, replicas: int, batch: int) -> tf.data.Dataset:
    """Endless (number int64 [batch], x, y): what replica `replica` of `replicas` trains on.

    `number` is epoch · N + the example's number in its split, of N examples. With
    `sharding="data"` all replicas walk through one stream and replica r keeps positions ≡ r: global
    batch k holds the same examples for any number of replicas, and N consecutive ones of the stream
    hold each example once. With `sharding="file"` each replica owns a span of the files
    (`sharding.own_part`), shuffles within it and counts its own epochs.

    Where data workers prepare it (`feed.service`), it is read from them. Where `pipeline._target_`
    is given, it is what that function returns: `own_dataset`.
    """
    if not 0 <= replica < replicas:
        raise ValueError(f"replica {replica} of {replicas}")
    if feed.service:
        return served_dataset(feed, replica)
    return training_part(feed, replica, replicas, batch)


@tf.autograph.experimental.do_not_convert
def training_part(
    feed: Feed, replica: int, replicas: int, batch: int, part: int = 0, parts: int = 1
) -> tf.data.Dataset:
    """What `part` of `parts` data workers prepares of a replica's dataset, by this process itself.

    With `sharding="data"` it is each `parts`-th batch, from batch `part` on: the parts in turn are
    the replica's whole stream, in its order. With `sharding="file"` each part has a span of the
    files of its own. `pipeline._target_` is given `replicas` · `parts` replicas to tell apart.
    """
    if feed.pipeline._target_ is not None:
        # Data workers are further replicas to the function, whose batches lie so that the parts in
        # turn are the replica's: one that takes `replica` prepares nothing in vain.
        return own_dataset(feed, replica + part * replicas, replicas * parts, batch)
    readers, examples = replicas * parts, feed.train.examples
    if examples < readers:
        raise UserError(
            f"source: {examples} training examples for {replicas} replicas"
            f"{f' of {parts} data workers' if parts > 1 else ''} are too few"
        )
    if settled(feed.pipeline.sharding, feed.train, readers).kind == DATA:
        runs = numbered(feed.train.pieces)
        kept = _Kept(replicas, replica, batch, parts, part)
    else:
        runs = own_part(feed.train, replica * parts + part, readers)
        kept = _Kept(1, 0, batch, 1, 0)
    if feed.pipeline.cache == "memory":
        prepared = _cached_in_memory(feed, runs, kept)
    else:
        split = feed.train
        pair: Callable[[Any], Any] = pair_of(feed, split)
        if feed.pipeline.cache == "disk":
            split, runs = kept_on_disk(feed, runs)
            pair = split.parse
            # What is kept lies on this machine's own disk.
            feed = replace(feed, storage=StorageSettings())
        prepared = _parsed(feed, split, runs, pair, kept)
    return rearranged(batched(feed, prepared, batch), feed.pipeline)


def _parsed(
    feed: Feed, split: Split, runs: tuple[Run, ...], pair: Callable, kept: _Kept
) -> tf.data.Dataset:
    """(number, x, y): raw elements are shuffled and sharded, only what is kept is parsed."""
    number = _numbering(feed, runs)
    examples = _endless(feed, _read(feed, split, runs), runs, kept)
    examples = parallel_map(
        feed, examples, lambda at, raw: (number(at, raw[0]), *pair(raw[1])), "parse", ordered=False
    )
    augment = augment_of(feed)
    if augment is None:
        return examples
    return parallel_map(feed, examples, augment, "augment", ordered=False)


def _cached_in_memory(feed: Feed, runs: tuple[Run, ...], kept: _Kept) -> tf.data.Dataset:
    """(number, x, y): all examples are parsed once and kept, then shuffled and sharded."""
    number = _numbering(feed, runs)
    pair = pair_of(feed, feed.train)
    examples = parallel_map(
        feed, _read(feed, feed.train, runs), lambda n, raw: (n, *pair(raw)), "parse"
    )
    examples = _endless(feed, examples.cache(name="cache"), runs, kept)
    augment = augment_of(feed)
    if augment is None:
        return parallel_map(
            feed, examples, lambda at, e: (number(at, e[0]), *e[1:]), "position", ordered=False
        )
    return parallel_map(
        feed, examples, lambda at, e: augment(number(at, e[0]), *e[1:]), "augment", ordered=False
    )


def _numbering(feed: Feed, runs: tuple[Run, ...]) -> Callable:
    """The function from (position in the endless stream, example number) to epoch · N + example."""
    per_epoch = sum(run.count for run in runs)
    total = feed.train.examples
    return lambda position, example: position // per_epoch * total + example


def _read(feed: Feed, split: Split, runs: tuple[Run, ...]) -> tf.data.Dataset:
    """One epoch's (example number, raw) in the epoch's order of files."""
    dataset = tf.data.Dataset.from_tensor_slices(run_tensors(runs), name="files")
    if feed.pipeline.shuffle:
        dataset = shuffled(dataset, len(runs), feed.seed, every_epoch_anew=True, name="order")
    dataset = read_runs(split, dataset, runs, feed.pipeline.parallel_reads, feed.storage)
    # A file with fewer examples than promised would shift all later epochs.
    count = sum(run.count for run in runs)
    return dataset.apply(tf.data.experimental.assert_cardinality(count))


def _endless(
    feed: Feed, examples: tf.data.Dataset, runs: tuple[Run, ...], kept: _Kept
) -> tf.data.Dataset:
    """(position in the endless stream, element) of the elements that are kept."""
    if feed.pipeline.shuffle:
        buffer = min(feed.pipeline.shuffle, sum(run.count for run in runs))
        examples = shuffled(examples, buffer, feed.seed + 1, every_epoch_anew=True, name="shuffle")
    examples = examples.repeat(name="repeat").enumerate(name="number")
    if kept.shards > 1:
        examples = examples.shard(kept.shards, kept.shard, name="shard")
    if kept.parts > 1:
        of_a_batch = kept.shards * kept.batch
        examples = examples.filter(
            lambda at, _: at // of_a_batch % kept.parts == kept.part, name="part"
        )
    return examples
