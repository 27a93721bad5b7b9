"""Small TFRecord splits whose examples are numbers, and feeds of them."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import tensorflow as tf

from input_pipelines.build import Feed
from input_pipelines.pieces import Piece, Split
from input_pipelines.settings import PipelineSettings, TuneSettings
from input_pipelines.sources.records import record_split
from input_pipelines.study import Study


def record_files(folder: Path, counts: tuple[int, ...]) -> Split:
    """A split of one file for each count; example n holds 1000 + n, its label is n."""
    pieces, number = [], 0
    for index, count in enumerate(counts):
        path = folder / f"made-{index}.tfrecord"
        with tf.io.TFRecordWriter(str(path)) as writer:
            for n in range(number, number + count):
                writer.write(tf.io.serialize_tensor(tf.constant([1000 + n, n], tf.int64)).numpy())
        pieces.append(Piece(str(path), 0, count))
        number += count
    return record_split(tuple(pieces), _parse)


def feed_of(train: Split, test: Split | None = None, augment=None, seed=3, **pipeline) -> Feed:
    workload = SimpleNamespace(augment=augment)
    return Feed(train, test or train, workload, PipelineSettings(**pipeline), seed)


def study_on(feed: Feed, folder: Path, **more: Any) -> Study:
    """A study in short blocks of one replica's pipeline, or one that differs in fields of it."""
    usual = {
        "batch": 4,
        "replicas": 1,
        "ordered": True,
        "rounds": 3,
        "block_seconds": 0.02,
        "tune": TuneSettings(),
    }
    return Study(feed=feed, folder=folder, **{**usual, **more})


def take(iterator, batches: int) -> list:
    """The next batches as nested numpy arrays."""
    return [tf.nest.map_structure(lambda t: t.numpy(), next(iterator)) for _ in range(batches)]


def same(first: list, second: list) -> bool:
    return all(
        np.array_equal(a, b)
        for a, b in zip(tf.nest.flatten(first), tf.nest.flatten(second), strict=True)
    )


def jitter(x, y, seed):
    return x + tf.random.stateless_uniform([], seed, 0, 2**40, tf.int64), y


def _parse(record):
    both = tf.ensure_shape(tf.io.parse_tensor(record, tf.int64), [2])
    return {"value": both[0], "label": both[1]}


def double(x, y, seed):
    return 2 * x, y


def raw_files(folder: Path, examples: int = 30) -> Split:
    """A split of one file whose records hold two int64 each: 1000 + n, and n as the label."""
    path = folder / "raw.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for n in range(examples):
            writer.write(np.array([1000 + n, n], np.int64).tobytes())
    return record_split((Piece(str(path), 0, examples),), _decode)


def _decode(record):
    both = tf.reshape(tf.io.decode_raw(record, tf.int64), [2])
    return {"value": both[0], "label": both[1]}
