"""Slow storage, emulated: stages that wait for what the bytes read would have cost there.

A request's latency is paid inside each file's own reader, so that files read at once overlap it, as
they do on an object store. Bandwidth is shared by all reads of a task: one serial stage behind
them. What an example costs is the mean of its split, from the sizes of the files; what lies before
the first example of a run is passed over at no cost, as by a reader that can seek.

What waits is tf.data's own sleep, between groups of examples. It takes no core, it can be saved
with an iterator, and it runs on remote workers. It lasts longer than asked by what waking up takes;
that is measured once in a process and taken off.

Each is a second stream, of permissions, beside the examples. A stage that groups examples
(`batch`) would drop its input at the end of an epoch, and with it the count of epochs of the
shuffle before it, so that a restored iterator went on in another order; the parallel `batch` keeps
it, but saving an iterator of it can hang (TensorFlow 2.21).
"""

import functools
import statistics
import time
from pathlib import Path

import tensorflow as tf
from tensorflow.python.data.experimental.ops.testing import sleep

from input_pipelines.pieces import Split
from input_pipelines.settings import REQUEST_BYTES, StorageSettings

_SLEEP_SECONDS = 0.02
"""What one sleep for bandwidth lasts, about: long beside the 0.1 to 1 ms that waking up takes."""
_CALIBRATIONS = 15
_MICROSECONDS = 1e6


def with_latency(
    raw: tf.data.Dataset, count: tf.Tensor, split: Split, storage: StorageSettings
) -> tf.data.Dataset:
    """The `count` raw elements of one file, after the waits for opening it and for every further
    `REQUEST_BYTES` of it."""
    if not storage.latency_ms:
        return raw
    together = max(1, int(REQUEST_BYTES / _bytes_of_example(split)))
    requests = _waits(_groups(count, together), storage.latency_ms * 1000)
    return _when_done(raw, requests, together, "latency")


def with_bandwidth(
    examples: tf.data.Dataset, count: int | tf.Tensor, split: Split, storage: StorageSettings
) -> tf.data.Dataset:
    """The `count` elements of all files, no faster than the bandwidth lets their bytes through."""
    if not storage.mb_per_second:
        return examples
    example_us = _bytes_of_example(split) / storage.mb_per_second
    together = max(1, int(_SLEEP_SECONDS * _MICROSECONDS / example_us))
    transfers = _groups(count, together)
    total_us = tf.cast(count, tf.float64) * example_us
    # A worker's request may be for no examples at all.
    wait_us = tf.math.divide_no_nan(total_us, tf.cast(transfers, tf.float64))
    done = _waits(transfers, wait_us)
    return _when_done(examples, done, together, "bandwidth")


def _waits(number: tf.Tensor, wait_us: float | tf.Tensor) -> tf.data.Dataset:
    """So many elements, each after its wait; the next wait begins while one is used up.

    Without the `prefetch`, TensorFlow's own rewriting of the graph (`inject_prefetch`) made the
    sleeps last twice as long (TensorFlow 2.21).
    """
    asked = tf.maximum(tf.cast(wait_us, tf.float64) - _overshoot_us(), 0.0)
    waited = tf.data.Dataset.range(number).apply(sleep(tf.cast(asked, tf.int64)))
    # Without `take` the end would be waited for too.
    return waited.take(number).prefetch(1, name="ahead")


def _when_done(
    examples: tf.data.Dataset, done: tf.data.Dataset, together: int, name: str
) -> tf.data.Dataset:
    """The examples, each group of so many after its element of `done`."""
    allowed = done.flat_map(lambda _: tf.data.Dataset.range(together), name=f"{name}_allows")
    both = tf.data.Dataset.zip((allowed, examples), name=name)
    return both.map(lambda _, example: example, name=f"after_{name}")


def _groups(count: int | tf.Tensor, together: int) -> tf.Tensor:
    """How many groups of so many elements there are, the last one perhaps smaller; int64 []."""
    return -(-tf.cast(count, tf.int64) // together)


def _bytes_of_example(split: Split) -> float:
    """What an example takes in the files, in the mean."""
    stored = sum(Path(path).stat().st_size for path in split.files)
    return max(1.0, stored / split.examples)


@functools.cache
def _overshoot_us() -> float:
    """By how much a sleep in this process lasts longer than asked, in the median."""
    asked_us = int(_SLEEP_SECONDS * _MICROSECONDS)
    with tf.init_scope(), tf.device("CPU:0"):
        sleeps = iter(tf.data.Dataset.range(_CALIBRATIONS + 1).apply(sleep(asked_us)))
        next(sleeps)
        took_us = []
        for _ in range(_CALIBRATIONS):
            started = time.perf_counter()
            next(sleeps)
            took_us.append((time.perf_counter() - started) * _MICROSECONDS)
    return max(0.0, statistics.median(took_us) - asked_us)
