"""From runs of a split to datasets of numbered raw examples. Runs in tasks only."""

from collections.abc import Sequence

import tensorflow as tf

from benchmarks.workloads.conversion import converted
from input_pipelines.emulated_storage import with_bandwidth, with_latency
from input_pipelines.pieces import Run, Split
from input_pipelines.settings import StorageSettings

DEFAULT_FILES_AT_ONCE = 4
"""Fixed, not AUTOTUNE: how many files are interleaved decides the order of the examples."""
INTERLEAVED_EXAMPLES = 16
"""Consecutive examples taken from one file before the next one's turn."""


def run_tensors(runs: Sequence[Run]) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
    """(number, path, first, count) of all runs, each of shape [len(runs)]."""
    return (
        tf.constant([run.number for run in runs], tf.int64),
        tf.constant([run.path for run in runs], tf.string),
        tf.constant([run.first for run in runs], tf.int64),
        tf.constant([run.count for run in runs], tf.int64),
    )


def read_runs(
    split: Split,
    dataset: tf.data.Dataset,
    runs: Sequence[Run],
    at_once: int | None,
    storage: StorageSettings,
) -> tf.data.Dataset:
    """(example number, raw) of a dataset of `runs`; several files at once, in a fixed order.

    `at_once` files are read in turns, `DEFAULT_FILES_AT_ONCE` where it is None; their reads
    overlap, but the order depends on nothing but the order of the runs.
    """
    together = min(at_once or DEFAULT_FILES_AT_ONCE, len(runs))
    count = sum(run.count for run in runs)
    if together == 1:
        return read_in_sequence(split, dataset, count, storage)
    examples = dataset.interleave(
        lambda *run: _read_run(split, storage, *run),
        cycle_length=together,
        block_length=INTERLEAVED_EXAMPLES,
        num_parallel_calls=together,
        deterministic=True,
        name="read",
    )
    return with_bandwidth(examples, count, split, storage)


def read_in_sequence(
    split: Split, dataset: tf.data.Dataset, count: int | tf.Tensor, storage: StorageSettings
) -> tf.data.Dataset:
    """(example number, raw) of a dataset of runs that hold `count` examples, one run after the
    other; nothing is read ahead but what storage that is emulated has on its way."""
    examples = dataset.flat_map(lambda *run: _read_run(split, storage, *run), name="read")
    return with_bandwidth(examples, count, split, storage)


def _read_run(
    split: Split,
    storage: StorageSettings,
    number: tf.Tensor,
    path: tf.Tensor,
    first: tf.Tensor,
    count: tf.Tensor,
) -> tf.data.Dataset:
    """(example number int64 [], raw) of one run, in the file's order."""
    numbers = tf.data.Dataset.range(number, number + count, name="example_number")
    raw = with_latency(converted(split.read)(path, first, count), count, split, storage)
    return tf.data.Dataset.zip(numbers, raw, name="numbered")
