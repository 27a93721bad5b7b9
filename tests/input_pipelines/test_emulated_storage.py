"""Emulated storage: what waits, for how many bytes, and that nothing else changes."""

import dataclasses
import time
from pathlib import Path

import pytest
import tensorflow as tf

from input_pipelines.build import training_dataset
from input_pipelines.pieces import Piece, Split, numbered
from input_pipelines.reading import read_in_sequence, run_tensors
from input_pipelines.requests import requested_dataset
from input_pipelines.settings import StorageSettings
from input_pipelines.sources.records import record_split
from tests.input_pipelines.made_splits import feed_of, jitter, record_files, same, take

SLOW = StorageSettings(mb_per_second=1.0, latency_ms=2.0)
RECORD_BYTES = 10_000


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Split:
    return record_files(tmp_path_factory.mktemp("records"), (17, 1, 40, 9))


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Split:
    """One file of 100 records, 1 MB in all."""
    path = tmp_path_factory.mktemp("large") / "large.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for _ in range(100):
            writer.write(bytes(RECORD_BYTES))
    return record_split((Piece(str(path), 0, 100),), lambda record: {"record": record})


@pytest.mark.parametrize(
    "cache", ["none", *(pytest.param(c, marks=pytest.mark.ci) for c in ("memory", "disk"))]
)
def test_same_elements_in_the_same_order_as_without(
    split: Split, cache: str, tmp_path: Path
) -> None:
    plain = feed_of(split, augment=jitter, shuffle=20, cache=cache)
    folders = [tmp_path / "plain", tmp_path / "slow"]
    for folder in folders:
        folder.mkdir()
    plain = dataclasses.replace(plain, cache_folder=str(folders[0]))
    slow = dataclasses.replace(plain, cache_folder=str(folders[1]), storage=SLOW)
    assert same(*(take(iter(training_dataset(feed, 1, 2, 7)), 15) for feed in (plain, slow)))


@pytest.mark.parametrize("batches", [2, pytest.param(11, marks=pytest.mark.ci)])
def test_restored_iterator_goes_on_with_the_very_next_batch(
    split: Split, batches: int, tmp_path: Path
) -> None:
    def fresh():
        feed = dataclasses.replace(feed_of(split, augment=jitter, shuffle=30), storage=SLOW)
        return iter(training_dataset(feed, 1, 2, 5))

    iterator = fresh()
    take(iterator, batches)
    saved = tf.train.Checkpoint(iterator=iterator).save(str(tmp_path / "checkpoint"))
    expected = take(iterator, 15)
    restored = fresh()
    tf.train.Checkpoint(iterator=restored).restore(saved).assert_consumed()
    assert same(take(restored, 15), expected)


def test_requested_examples_are_the_same_as_without(split: Split) -> None:
    rows = tf.data.Dataset.from_tensor_slices(
        tf.constant([[0, 3, 40], [0, 40, 40], [0, 40, 67]], tf.int64)
    )
    plain = feed_of(split, shuffle=20)
    slow = dataclasses.replace(plain, storage=SLOW)
    assert same(*(take(iter(requested_dataset(feed, rows, 8)), 8) for feed in (plain, slow)))


def test_no_byte_comes_faster_than_the_bandwidth(large: Split) -> None:
    seconds = seconds_to_read(large, StorageSettings(mb_per_second=10.0))
    assert seconds > 0.9 * 100 * RECORD_BYTES / 10e6


def test_each_request_of_a_file_pays_its_latency(large: Split) -> None:
    requests = -(-100 * RECORD_BYTES // (256 * 1024))
    assert seconds_to_read(large, StorageSettings(latency_ms=50.0)) > 0.9 * requests * 0.05


@pytest.mark.alone
def test_reads_at_once_overlap_their_latency(split: Split) -> None:
    def seconds(at_once: int) -> float:
        feed = feed_of(split, shuffle=0, parallel_reads=at_once)
        feed = dataclasses.replace(feed, storage=StorageSettings(latency_ms=60.0))
        started = time.perf_counter()
        take(iter(training_dataset(feed, 0, 1, 67)), 1)
        return time.perf_counter() - started

    assert seconds(4) < seconds(1)


def test_what_is_emulated_is_told_in_a_phrase() -> None:
    assert StorageSettings().phrase is None
    assert StorageSettings(20.0).phrase == "storage of 20 MB/s"
    assert StorageSettings(None, 5.0).phrase == "storage that takes 5 ms a request"
    assert StorageSettings(2.5, 5.0).phrase == "storage of 2.5 MB/s that takes 5 ms a request"


def seconds_to_read(split: Split, storage: StorageSettings) -> float:
    """Seconds for all examples of the split."""
    runs = tf.data.Dataset.from_tensor_slices(run_tensors(numbered(split.pieces)))
    examples = read_in_sequence(split, runs, split.examples, storage)
    started = time.perf_counter()
    assert sum(1 for _ in examples) == split.examples
    return time.perf_counter() - started
