"""What comes from data workers is what a replica would have prepared by itself. Real servers."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from input_pipelines.build import Feed, training_dataset
from input_pipelines.data_worker import register_parts, start_data_worker, start_dispatchers
from input_pipelines.draining import buffered_batches
from input_pipelines.pieces import Split
from input_pipelines.training import training_part
from launcher.addresses import choose_addresses
from tests.input_pipelines.made_splits import feed_of, jitter, record_files, same, take

COUNTS = (17, 1, 40, 9)
N = sum(COUNTS)


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Split:
    return record_files(tmp_path_factory.mktemp("records"), COUNTS)


@contextmanager
def served(feed: Feed, replicas: int, batch: int, data_workers: int) -> Iterator[Feed]:
    """The feed of a task that reads from so many data workers."""
    addresses = choose_addresses(2 * data_workers)
    dispatchers = addresses[:data_workers]
    held = start_dispatchers(dispatchers)
    for part, (address, dispatcher) in enumerate(
        zip(addresses[data_workers:], dispatchers, strict=True)
    ):
        held.append(start_data_worker(address, dispatcher))
        register_parts(feed, dispatcher, replicas, batch, part, data_workers)
    yield dataclasses.replace(feed, service=dispatchers)
    del held


@pytest.mark.parametrize(
    ("cache", "replicas", "parts"),
    [("none", 2, 3), pytest.param("memory", 3, 2, marks=pytest.mark.ci)],
)
def test_parts_in_turn_are_the_stream_of_the_replica(
    split: Split, cache: str, replicas: int, parts: int
) -> None:
    feed = feed_of(split, cache=cache, shuffle=20, augment=jitter)
    whole = take(iter(training_dataset(feed, 1, replicas, 5)), 30)
    own = [iter(training_part(feed, 1, replicas, 5, part, parts)) for part in range(parts)]
    assert same(whole, [take(own[batch % parts], 1)[0] for batch in range(30)])


def test_parts_of_file_sharding_hold_each_example_once_in_all(split: Split) -> None:
    feed = feed_of(split, sharding="file", shuffle=10)
    seen: list[int] = []
    for replica in range(2):
        for part in range(2):
            index = replica * 2 + part
            size = N * (index + 1) // 4 - N * index // 4
            batches = take(iter(training_part(feed, replica, 2, 1, part, 2)), size)
            seen += [int(number[0]) for number, _, _ in batches]
    assert sorted(seen) == list(range(N))


@pytest.mark.ci
def test_served_stream_is_the_replicas_own_and_each_iterator_begins_at_the_beginning(
    split: Split,
) -> None:
    plain = feed_of(split, shuffle=20, augment=jitter)
    with served(plain, replicas=2, batch=5, data_workers=2) as feed:
        for replica in range(2):
            dataset = training_dataset(feed, replica, 2, 5)
            expected = take(iter(training_dataset(plain, replica, 2, 5)), 30)
            assert same(expected, take(iter(dataset), 30))
            assert same(expected[7:], take(iter(dataset.skip(7)), 23))


def test_python_functions_run_in_the_data_worker(split: Split) -> None:
    def doubled(example: dict[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        x = tf.numpy_function(lambda value: 2 * value, [example["value"]], tf.int64)
        return tf.ensure_shape(x, []), example["label"]

    plain = feed_of(split)
    plain.workload.features = doubled
    with served(plain, replicas=1, batch=4, data_workers=1) as feed:
        batches = take(iter(training_dataset(feed, 0, 1, 4)), 20)
        assert all(np.array_equal(x, 2 * (1000 + y)) for _, x, y in batches)


def test_buffers_of_data_workers_count_as_ready(split: Split) -> None:
    with served(feed_of(split), replicas=1, batch=4, data_workers=2) as feed:
        iterator = iter(training_dataset(feed, 0, 1, 4))
        take(iterator, 3)
        assert buffered_batches(iterator) >= 4


def test_iterator_of_the_service_says_that_it_cannot_be_saved(split: Split, tmp_path: Path) -> None:
    with served(feed_of(split), replicas=1, batch=4, data_workers=1) as feed:
        iterator = iter(training_dataset(feed, 0, 1, 4))
        with pytest.raises(tf.errors.UnimplementedError, match="SaveInternal"):
            tf.train.Checkpoint(iterator=iterator).write(str(tmp_path / "input"))
