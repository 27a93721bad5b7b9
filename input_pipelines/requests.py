"""The dataset of a parameter-server worker: it trains on what the coordinator asks for, by number.

Runs on remote workers too: everything is graph-safe, and nothing is read before it is asked for.
"""

import tensorflow as tf

from input_pipelines.feed import Feed, augment_of, batched, pair_of, parallel_map
from input_pipelines.graph_settings import check_stages
from input_pipelines.pieces import numbered
from input_pipelines.reading import read_in_sequence, run_tensors
from input_pipelines.shuffling import shuffled
from results.errors import UserError

_PARALLEL = ("parse", "augment")
"""Stages that `pipeline.parallel` can name."""


@tf.autograph.experimental.do_not_convert
def requested_dataset(feed: Feed, requests: tf.data.Dataset, batch: int) -> tf.data.Dataset:
    """(number int64 [batch], x, y) of the examples that `requests` names, in batches across rows.

    A request is an int64 [3] row (epoch, first, end): the examples at positions [first, end) of
    that epoch's order of files, which is a function of seed and epoch. Within a row they are
    shuffled by seed, epoch and first (unless `pipeline.shuffle=0`). A batch is given out as soon as
    the rows received so far fill it: the stages that work ahead (parse, prefetch) wait for the next
    row in threads of their own.
    """
    if feed.pipeline.cache != "none":
        raise UserError(
            f"pipeline.cache={feed.pipeline.cache}: strategy=parameter_server hands examples out "
            "by number, which no cache follows; use pipeline.cache=none"
        )
    if feed.pipeline.batch_first:
        raise UserError(
            "pipeline.batch_first=true: strategy=parameter_server builds its pipelines on the "
            "workers, where their graphs can't be changed; leave it out"
        )
    check_stages(feed.pipeline.parallel, _PARALLEL)
    total = feed.train.examples
    pair = pair_of(feed, feed.train)
    augment = augment_of(feed)
    rows = requests.map(lambda row: (row[0], row[1], row[2]), name="request")
    examples = rows.flat_map(lambda *row: _row(feed, *row), name="rows")
    examples = parallel_map(
        feed, examples, lambda epoch, n, raw: (epoch * total + n, *pair(raw)), "parse"
    )
    if augment is not None:
        examples = parallel_map(feed, examples, augment, "augment")
    return batched(feed, examples, batch)


def _row(feed: Feed, epoch: tf.Tensor, first: tf.Tensor, end: tf.Tensor) -> tf.data.Dataset:
    """(epoch, example number, raw) of one request."""
    runs = _cut(_ordered(feed, epoch), first, end)
    examples = read_in_sequence(
        feed.train, tf.data.Dataset.from_tensor_slices(runs), end - first, feed.storage
    )
    if feed.pipeline.shuffle:
        buffer = tf.clip_by_value(end - first, 1, feed.pipeline.shuffle)
        seed = tf.random.stateless_uniform(
            [], tf.stack([feed.seed + epoch, first]), minval=1, maxval=2**62, dtype=tf.int64
        )
        examples = shuffled(examples, buffer, seed, every_epoch_anew=False, name="shuffle")
    return examples.map(lambda number, raw: (epoch, number, raw), name="row")


def _ordered(feed: Feed, epoch: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """(number, path, first, count) of all runs, in the order of that epoch."""
    runs = run_tensors(numbered(feed.train.pieces))
    if not feed.pipeline.shuffle:
        return runs
    indices = tf.range(len(feed.train.pieces))
    order = tf.random.experimental.stateless_shuffle(
        indices, tf.stack([tf.constant(feed.seed, tf.int64), epoch])
    )
    return tuple(tf.gather(column, order) for column in runs)


def _cut(runs: tuple[tf.Tensor, ...], first: tf.Tensor, end: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """What lies at positions [first, end) of the runs; as `pieces.cut`, on tensors."""
    number, path, start, count = runs
    position = tf.cumsum(count, exclusive=True)
    skipped = tf.maximum(first - position, 0)
    kept = tf.minimum(end - position, count) - skipped
    inside = kept > 0
    columns = (number + skipped, path, start + skipped, kept)
    return tuple(tf.boolean_mask(column, inside) for column in columns)
