"""`pipeline.cache=disk`: parsed examples written to files of their own. Runs in tasks only.

They are written before training begins, not during the first epoch as `Dataset.cache(file)` does:
an iterator of that which is saved half-way can't be restored beside a new file (TensorFlow 2.21
stops with an error, or dies).
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

from input_pipelines.cache_folder import temporary_folder
from input_pipelines.feed import Feed, pair_of, parallel_map
from input_pipelines.pieces import Piece, Run, Split
from input_pipelines.reading import read_in_sequence, run_tensors
from input_pipelines.sources.records import record_split


def kept_on_disk(feed: Feed, runs: tuple[Run, ...]) -> tuple[Split, tuple[Run, ...]]:
    """A split whose `parse` gives (x, y) as the workload takes them, and its runs.

    Runs keep their numbers and their order. What lies in `feed.cache_folder` already is used.
    """
    folder = Path(feed.cache_folder or temporary_folder())
    dataset = tf.data.Dataset.from_tensor_slices(run_tensors(runs))
    pair = pair_of(feed, feed.train)
    examples = read_in_sequence(feed.train, dataset, sum(run.count for run in runs), feed.storage)
    pairs = parallel_map(feed, examples, lambda number, raw: pair(raw), "parse")
    kept = tuple(
        Run(run.number, str(folder / f"kept-{run.number}-{run.count}.tfrecord"), 0, run.count)
        for run in runs
    )
    if not all(Path(run.path).exists() for run in kept):
        _write(pairs, kept)
    pieces = tuple(Piece(run.path, 0, run.count) for run in kept)
    return record_split(pieces, _deserializer(pairs.element_spec)), kept


def _write(pairs: tf.data.Dataset, kept: tuple[Run, ...]) -> None:
    records = iter(pairs.map(lambda x, y: _serialized((x, y)), name="serialize"))
    for run in kept:
        temporary = f"{run.path}.writing-{os.getpid()}"
        with tf.io.TFRecordWriter(temporary) as writer:
            for _ in range(run.count):
                writer.write(next(records).numpy())
        os.replace(temporary, run.path)


def _serialized(structure: Any) -> tf.Tensor:
    return tf.io.serialize_tensor(
        tf.stack([tf.io.serialize_tensor(tensor) for tensor in tf.nest.flatten(structure)])
    )


def _deserializer(structure: Any) -> Callable[[Any], Any]:
    """The function from one record back to the structure of tensors that the specs describe."""
    specs = tf.nest.flatten(structure)

    def parse(record):
        parts = tf.unstack(tf.io.parse_tensor(record, tf.string), len(specs))
        tensors = [
            tf.ensure_shape(tf.io.parse_tensor(part, spec.dtype), spec.shape)
            for part, spec in zip(parts, specs, strict=True)
        ]
        return tf.nest.pack_sequence_as(structure, tensors)

    return parse
