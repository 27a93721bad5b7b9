"""Data handed out by number, as a parameter server's coordinator does."""

import threading

import numpy as np
import pytest
import tensorflow as tf

from input_pipelines.build import requested_dataset
from input_pipelines.pieces import Split
from results.errors import UserError
from tests.input_pipelines.made_splits import feed_of, jitter, record_files, same, take

COUNTS = (17, 1, 40, 9)
N = sum(COUNTS)


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Split:
    return record_files(tmp_path_factory.mktemp("records"), COUNTS)


def rows(*requests: tuple[int, int, int]) -> tf.data.Dataset:
    return tf.data.Dataset.from_tensor_slices(np.array(requests, np.int64))


@pytest.mark.parametrize("shuffle", [0, pytest.param(5, marks=pytest.mark.ci), 10_000])
def test_rows_that_cover_an_epoch_give_each_example_once(split: Split, shuffle: int) -> None:
    requests = rows((0, 0, 10), (0, 10, 58), (4, 30, N), (0, 58, N), (4, 0, 30))
    batches = list(requested_dataset(feed_of(split, shuffle=shuffle), requests, 2))
    numbers = np.concatenate([number for number, _, _ in batches]).tolist()
    assert sorted(numbers) == [*range(N), *range(4 * N, 5 * N)]
    for number, x, y in batches:
        assert (x.numpy() == 1000 + y.numpy()).all()
        assert (number.numpy() % N == y.numpy()).all()


def test_a_row_gives_the_same_examples_whoever_asks(split: Split) -> None:
    feed = feed_of(split, augment=jitter)
    alone = take(iter(requested_dataset(feed, rows((2, 20, 50)), 6)), 5)
    tf.random.set_seed(7)
    after = take(iter(requested_dataset(feed, rows((1, 0, 12), (2, 20, 50)), 6)), 7)
    assert same(alone, after[2:])


def test_order_of_files_and_within_a_row_changes_with_the_epoch(split: Split) -> None:
    def order(epoch: int) -> list[int]:
        batches = requested_dataset(feed_of(split), rows((epoch, 0, N)), 1)
        return [int(number[0]) - epoch * N for number, _, _ in batches]

    assert sorted(order(0)) == sorted(order(1))
    assert order(0) != order(1)


@pytest.mark.parametrize("prefetch", [0, 2, None])
def test_batches_come_as_soon_as_the_rows_received_fill_them(
    split: Split, prefetch: int | None
) -> None:
    queue = tf.queue.FIFOQueue(10, [tf.int64], [[3]])
    requests = tf.data.Dataset.counter().map(lambda _: queue.dequeue())
    feed = feed_of(split, augment=jitter, prefetch=prefetch)
    iterator = iter(requested_dataset(feed, requests, 8))
    queue.enqueue(np.array([0, 0, 12], np.int64))
    first = within_seconds(20, lambda: take(iterator, 1))
    # 4 are left over and wait for the next row.
    late = threading.Timer(0.3, lambda: queue.enqueue(np.array([0, 12, 24], np.int64)))
    late.start()
    rest = within_seconds(20, lambda: take(iterator, 2))
    numbers = np.concatenate([number for number, _, _ in first + rest])
    assert len(set(numbers.tolist())) == 24
    queue.close(cancel_pending_enqueues=True)


def test_cache_is_refused(split: Split) -> None:
    with pytest.raises(UserError, match=r"pipeline\.cache=memory"):
        requested_dataset(feed_of(split, cache="memory"), rows((0, 0, 1)), 1)


def within_seconds(seconds: float, function):
    """The function's result; fails where it takes longer, without hanging."""
    found: list = []
    thread = threading.Thread(target=lambda: found.append(function()), daemon=True)
    thread.start()
    thread.join(seconds)
    assert found, f"no batch within {seconds} s"
    return found[0]
