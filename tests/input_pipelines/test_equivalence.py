"""Hashes of content: what they tell apart and what they don't."""

import numpy as np
import pytest
import tensorflow as tf

from input_pipelines.equivalence import fingerprint


def made(*rows) -> tf.data.Dataset:
    return tf.data.Dataset.from_tensor_slices(list(rows))


def test_order_is_told_from_content() -> None:
    one, other = fingerprint(made(1, 2, 2)), fingerprint(made(2, 1, 2))
    assert one.same_elements(other)
    assert not one.same_order(other)
    assert one.same_order(fingerprint(made(1, 2, 2)))


@pytest.mark.parametrize(
    "other",
    [
        made(1, 2),
        made(1, 1, 2),
        made(1, 2, 3),
        made(1.0, 2.0, 2.0),
        made([1], [2], [2]),
        made(1, 2, 2).map(lambda x: {"x": x}),
    ],
    ids=["fewer", "other repeats", "another", "another type", "another shape", "another structure"],
)
def test_any_other_content_is_told(other: tf.data.Dataset) -> None:
    assert not fingerprint(made(1, 2, 2)).same_elements(fingerprint(other))


def test_equal_and_opposite_changes_do_not_cancel_out() -> None:
    first = made("ab", "c")
    second = made("a", "bc")
    assert not fingerprint(first).same_elements(fingerprint(second))
    twice, thrice = made(1, 1), made(3, 3)
    assert not fingerprint(twice).same_elements(fingerprint(thrice))


@pytest.mark.parametrize("kind", ["dense", "ragged", "sparse"])
def test_batches_by_example_are_the_examples_of_any_batch_size(kind: str) -> None:
    def example(n):
        dense = tf.one_hot(n, 5)
        if kind == "ragged":
            return {"x": tf.RaggedTensor.from_row_splits(tf.range(n), [0, n // 2, n]), "n": n}
        return {"x": tf.sparse.from_dense(dense) if kind == "sparse" else dense, "n": n}

    def batches(size: int) -> tf.data.Dataset:
        dataset = tf.data.Dataset.range(5).map(example)
        return dataset.ragged_batch(size) if kind == "ragged" else dataset.batch(size)

    whole, pieces = (fingerprint(batches(size), by_example=True) for size in (5, 2))
    assert whole.count == 5
    assert whole.same_order(pieces)
    assert not fingerprint(batches(5)).same_elements(fingerprint(batches(2)))


def test_part_of_an_endless_dataset_has_a_fingerprint_and_the_whole_has_none() -> None:
    endless = made(1, 2).repeat()
    assert fingerprint(endless, take=4).same_order(fingerprint(made(1, 2, 1, 2)))
    with pytest.raises(ValueError, match="never ends"):
        fingerprint(endless)


def test_a_fingerprint_takes_no_longer_than_it_may() -> None:
    endless = tf.data.Dataset.range(4).repeat()
    assert 0 < fingerprint(endless, take=10**9, longest_seconds=0.01).count < 10**9


def test_numbers_are_compared_by_their_bits() -> None:
    nothing = made(np.float32("nan"), np.float32(-0.0))
    assert fingerprint(nothing).same_order(fingerprint(nothing))
    assert not fingerprint(nothing).same_elements(fingerprint(made(np.float32("nan"), 0.0)))


def test_a_dataset_of_datasets_is_refused_in_one_line() -> None:
    with pytest.raises(ValueError, match="can't be hashed"):
        fingerprint(made(1, 2).window(1))
