"""From runs of a split to datasets of numbered raw examples. Runs in tasks only."""

from collections.abc import Sequence

import tensorflow as tf

from benchmarks.workloads.conversion import converted
from input_pipelines.pieces import Run, Split

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


def read_run(
    split: Split, number: tf.Tensor, path: tf.Tensor, first: tf.Tensor, count: tf.Tensor
) -> tf.data.Dataset:
    """(example number int64 [], raw) of one run, in the file's order."""
    numbers = tf.data.Dataset.range(number, number + count, name="example_number")
    return tf.data.Dataset.zip(numbers, converted(split.read)(path, first, count), name="numbered")


def read_runs(
    split: Split, runs: tf.data.Dataset, number_of_runs: int, at_once: int | None
) -> tf.data.Dataset:
    """(example number, raw) of a dataset of runs; several files at once, in a fixed order.

    `at_once` files are read in turns, `DEFAULT_FILES_AT_ONCE` where it is None; their reads
    overlap, but the order depends on nothing but the order of the runs.
    """
    together = min(at_once or DEFAULT_FILES_AT_ONCE, number_of_runs)
    if together == 1:
        return read_in_sequence(split, runs)
    return runs.interleave(
        lambda number, path, first, count: read_run(split, number, path, first, count),
        cycle_length=together,
        block_length=INTERLEAVED_EXAMPLES,
        num_parallel_calls=together,
        deterministic=True,
        name="read",
    )


def read_in_sequence(split: Split, runs: tf.data.Dataset) -> tf.data.Dataset:
    """(example number, raw) of a dataset of runs, one after the other, nothing read ahead."""
    return runs.flat_map(
        lambda number, path, first, count: read_run(split, number, path, first, count), name="read"
    )
