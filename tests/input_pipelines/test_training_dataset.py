"""The training dataset, by content, on real files of awkward sizes."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from input_pipelines.build import training_dataset
from input_pipelines.graph import DatasetGraph
from input_pipelines.pieces import Split
from results.errors import UserError
from tests.input_pipelines.made_splits import (
    double,
    feed_of,
    jitter,
    raw_files,
    record_files,
    same,
    take,
)

COUNTS = (17, 1, 40, 9)
N = sum(COUNTS)


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Split:
    return record_files(tmp_path_factory.mktemp("records"), COUNTS)


@pytest.mark.parametrize(
    ("replicas", "shuffle"),
    [
        (1, 10),
        (2, 0),
        (3, 10_000),
        pytest.param(2, 10, marks=pytest.mark.ci),
        pytest.param(3, 0, marks=pytest.mark.ci),
        pytest.param(1, 10_000, marks=pytest.mark.ci),
    ],
)
def test_each_example_comes_once_in_every_epoch(split: Split, replicas: int, shuffle: int) -> None:
    feed = feed_of(split, shuffle=shuffle)
    own = [iter(training_dataset(feed, r, replicas, 1)) for r in range(replicas)]
    stream = [(int(n[0]), int(x[0]), int(y[0])) for n, x, y in in_turns(own, 3 * N)]
    assert all(x == 1000 + y and y == number % N for number, x, y in stream)
    for epoch in range(3):
        numbers = sorted(number for number, _, _ in stream[epoch * N : (epoch + 1) * N])
        assert numbers == list(range(epoch * N, (epoch + 1) * N))


@pytest.mark.parametrize(
    ("replicas", "cache"),
    [
        (2, "none"),
        (3, "memory"),
        *(pytest.param(n, c, marks=pytest.mark.ci) for n, c in [(1, "none"), (3, "disk")]),
    ],
)
def test_file_sharding_gives_each_replica_its_own_part_once_an_epoch(
    split: Split, replicas: int, cache: str, tmp_path: Path
) -> None:
    feed = feed_of(split, sharding="file", shuffle=10, cache=cache)
    feed = dataclasses.replace(feed, cache_folder=str(tmp_path))
    seen = []
    for replica in range(replicas):
        size = N * (replica + 1) // replicas - N * replica // replicas
        batches = take(iter(training_dataset(feed, replica, replicas, 1)), 2 * size)
        first = [int(number[0]) for number, _, _ in batches[:size]]
        second = [int(number[0]) for number, _, _ in batches[size:]]
        assert sorted(first) == sorted(number - N for number in second)
        seen += first
    assert sorted(seen) == list(range(N))


@pytest.mark.parametrize("cache", ["none", pytest.param("memory", marks=pytest.mark.ci)])
def test_global_batches_are_the_same_for_any_number_of_replicas(split: Split, cache: str) -> None:
    feed = feed_of(split, cache=cache, augment=jitter, shuffle=20)
    by_replicas = []
    for replicas in (1, 2, 3):
        own = [iter(training_dataset(feed, r, replicas, 12 // replicas)) for r in range(replicas)]
        by_replicas.append([global_batch(own) for _ in range(20)])
    assert by_replicas[0] == by_replicas[1] == by_replicas[2]


def test_disk_cache_changes_nothing_but_where_examples_come_from(
    split: Split, tmp_path: Path
) -> None:
    plain = feed_of(split, augment=jitter, shuffle=20)
    kept = dataclasses.replace(
        feed_of(split, augment=jitter, shuffle=20, cache="disk"), cache_folder=str(tmp_path)
    )
    assert same(
        *(take(iter(training_dataset(feed, 1, 2, 7)), 30) for feed in (plain, kept)),
    )
    assert len(list(tmp_path.glob("*.tfrecord"))) == len(COUNTS)


@pytest.mark.parametrize(
    ("cache", "batches"),
    [
        ("none", 6),
        ("memory", 6),
        ("disk", 25),
        *(
            pytest.param(cache, batches, marks=pytest.mark.ci)
            for cache, batches in [("none", 1), ("none", 25), ("memory", 1), ("memory", 25)]
        ),
    ],
)
def test_restored_iterator_goes_on_with_the_very_next_batch(
    split: Split, cache: str, batches: int, tmp_path: Path
) -> None:
    def fresh(name: str):
        feed = feed_of(split, cache=cache, augment=jitter, shuffle=30, prefetch=2)
        folder = tmp_path / name
        folder.mkdir()
        feed = dataclasses.replace(feed, cache_folder=str(folder))
        return iter(training_dataset(feed, 1, 2, 5))

    iterator = fresh("first")
    take(iterator, batches)
    saved = tf.train.Checkpoint(iterator=iterator).save(str(tmp_path / "checkpoint"))
    expected = take(iterator, 30)
    restored = fresh("second")
    tf.train.Checkpoint(iterator=restored).restore(saved).assert_consumed()
    assert same(take(restored, 30), expected)


def test_augmentation_differs_between_epochs_and_repeats_for_a_number(split: Split) -> None:
    def images(seed: int) -> dict[int, int]:
        feed = feed_of(split, augment=jitter, seed=seed)
        batches = take(iter(training_dataset(feed, 0, 1, 1)), 2 * N)
        return {int(number[0]): int(x[0]) for number, x, _ in batches}

    assert images(3) == images(3)
    assert len(set(images(3).values())) == 2 * N
    assert not set(images(3).values()) & set(images(4).values())


def test_order_depends_on_the_seed_and_the_epoch_alone(split: Split) -> None:
    def order(seed: int, global_seed: int) -> list[int]:
        tf.random.set_seed(global_seed)
        iterator = iter(training_dataset(feed_of(split, seed=seed), 0, 1, 1))
        return [int(number[0]) for number, _, _ in take(iterator, 2 * N)]

    assert order(0, 0) == order(0, 5)
    assert order(0, 0) != order(1, 0)
    assert order(0, 0)[:N] != [number - N for number in order(0, 0)[N:]]


def test_parallel_reads_and_calls_do_not_change_what_comes(split: Split) -> None:
    feeds = [feed_of(split, parallel_calls=calls, parallel_reads=3) for calls in (1, 4, None)]
    taken = [take(iter(training_dataset(feed, 0, 1, 8)), 20) for feed in feeds]
    assert same(taken[0], taken[1])
    assert same(taken[0], taken[2])


def test_file_with_too_few_examples_stops_training(split: Split) -> None:
    first, *others = split.pieces
    longer = dataclasses.replace(
        split, pieces=(dataclasses.replace(first, count=first.count + 1), *others)
    )
    iterator = iter(training_dataset(feed_of(longer, prefetch=0), 0, 1, 1))
    with pytest.raises(tf.errors.FailedPreconditionError, match="only 67 elements"):
        take(iterator, N + 2)


def test_fewer_examples_than_replicas_is_a_users_error(split: Split) -> None:
    with pytest.raises(UserError, match="67 training examples for 68 replicas"):
        training_dataset(feed_of(split), 0, 68, 1)


def in_turns(iterators: list, count: int) -> list:
    """The stream of positions: replicas take turns."""
    return [take(iterators[i % len(iterators)], 1)[0] for i in range(count)]


def global_batch(iterators: list) -> list[tuple]:
    """All replicas' next examples, as a set with repeats."""
    batches = [take(iterator, 1)[0] for iterator in iterators]
    columns = [np.concatenate(column).tolist() for column in zip(*batches, strict=True)]
    return sorted(zip(*columns, strict=True))


@pytest.mark.parametrize("cache", ["none", "memory"])
def test_order_that_is_not_kept_loses_and_repeats_nothing(split: Split, cache: str) -> None:
    feed = feed_of(split, deterministic=False, parallel_calls=4, augment=jitter, cache=cache)
    kept = feed_of(split, augment=jitter, cache=cache)
    for replica in range(2):
        free, fixed = (
            {
                (int(n[0]), int(x[0]))
                for n, x, _ in take(iter(training_dataset(f, replica, 2, 1)), 40)
            }
            for f in (feed, kept)
        )
        assert len(free) == 40
        # Of the last ones, as many as there are calls at once in two stages may have come too soon.
        assert len(free & fixed) >= 40 - 8


def test_single_stages_take_their_own_number_of_calls(split: Split) -> None:
    calls = {"parse": 3, "augment": 2, "read": 1, "batch": 2}
    feed = feed_of(split, parallel=calls, parallel_calls=4, augment=jitter)
    dataset = training_dataset(feed, 0, 1, 8)
    graph = DatasetGraph.of(dataset)
    assert {name: graph.stage(name).parallelism for name in calls} == calls
    plain = training_dataset(feed_of(split, augment=jitter), 0, 1, 8)
    assert same(take(iter(dataset), 20), take(iter(plain), 20))


def test_unknown_stage_is_told_with_those_there_are(split: Split) -> None:
    with pytest.raises(UserError, match=r"parallel\.pars: there is no such stage; did you mean"):
        training_dataset(feed_of(split, parallel={"pars": 2}), 0, 1, 8)
    with pytest.raises(
        UserError, match=r"there are range, files, order, read, .*, parse, batch, prefetch"
    ):
        training_dataset(feed_of(split, parallel={"xyz": 2}), 0, 1, 8)


def test_threads_become_an_option(split: Split) -> None:
    dataset = training_dataset(feed_of(split, threads=2, parallel={"parse": 2}), 0, 1, 8)
    assert dataset.options().threading.private_threadpool_size == 2


def test_whole_batches_are_parsed_to_the_same_elements(tmp_path: Path) -> None:
    split = raw_files(tmp_path)
    plain, first = (feed_of(split, batch_first=b, augment=double) for b in (False, True))
    datasets = [training_dataset(feed, 0, 1, 8) for feed in (plain, first)]
    assert same(*(take(iter(dataset), 20) for dataset in datasets))
    names = [stage.name for stage in DatasetGraph.of(datasets[1]).stages]
    assert names.index("batch") < names.index("parse") < names.index("augment")


def test_function_that_cannot_run_on_batches_is_named(split: Split) -> None:
    with pytest.raises(UserError, match="batch_first=true: augment calls StatelessRandom"):
        training_dataset(feed_of(split, batch_first=True, augment=jitter), 0, 1, 8)
    with pytest.raises(UserError, match="batch_first=true: parse calls ParseTensor, which works"):
        training_dataset(feed_of(split, batch_first=True), 0, 1, 8)
