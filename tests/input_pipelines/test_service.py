"""What comes from data workers is what a replica would have prepared by itself. Real servers."""

import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

from input_pipelines.build import training_dataset
from input_pipelines.draining import buffered_batches
from input_pipelines.pieces import Split
from input_pipelines.training import training_part
from tests.input_pipelines.made_splits import feed_of, jitter, record_files, same, take
from tests.input_pipelines.served import served
from tests.input_pipelines.test_own_pipeline import own

COUNTS = (17, 1, 40, 9)
N = sum(COUNTS)


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Split:
    return record_files(tmp_path_factory.mktemp("records"), COUNTS)


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


@pytest.mark.ci
@pytest.mark.parametrize("case", ["numpy_function", "generator"])
def test_python_runs_in_the_data_worker(case: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.input_pipelines.served_python", case, str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr[-3000:]


def test_own_function_that_takes_replica_shares_its_work_out_over_data_workers() -> None:
    plain, batch = own("own_part"), 3
    with served(plain, replicas=2, batch=batch, data_workers=2) as feed:
        batches = [
            each
            for replica in range(2)
            for each in take(iter(training_dataset(feed, replica, 2, batch)), 4)
        ]
    assert sorted(n for number, _, _ in batches for n in number) == list(range(24))
    assert sorted(int(each) for _, x, _ in batches for each in x[:, 0, 0, 0]) == list(range(24))


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
