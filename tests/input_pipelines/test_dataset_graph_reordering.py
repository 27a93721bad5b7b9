"""Maps, shuffles and batches that change places, and what must not."""

import pytest
import tensorflow as tf

from input_pipelines.equivalence import fingerprint
from input_pipelines.graph import DatasetGraph, Rewrite, cache_place

OFFSET = tf.Variable(0.5)
KEYS = tf.range(9, dtype=tf.int64)
TABLE = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(KEYS, 7 * KEYS), -1)


def named(n):
    return tf.strings.as_string(n + tf.constant(10**7, tf.int64)), n


def decode(text, n):
    return tf.reshape(tf.io.decode_raw(text, tf.uint8), [4, 2]), n


def scale(pixels, n):
    return tf.cast(pixels, tf.float32) / 255.0 + OFFSET, TABLE.lookup(n)


def branch(pixels, n):
    return tf.cond(n > 3, lambda: pixels, lambda: 255 - pixels), n


def noisy(pixels, n):
    return tf.cast(pixels, tf.int32) + tf.random.uniform([4, 2], 0, 9, tf.int32), n


def jpeg(text, n):
    return tf.io.decode_jpeg(text), n


def ragged(text, n):
    return tf.io.decode_raw(tf.strings.as_string(n), tf.uint8), n


def source() -> tf.data.Dataset:
    return tf.data.Dataset.range(10).map(named, name="text")


def moved(dataset: tf.data.Dataset) -> Rewrite:
    rewrite = DatasetGraph.of(dataset).with_batch_before_map()
    made = rewrite.graph.dataset()
    assert made.element_spec == dataset.element_spec
    assert fingerprint(made).same_order(fingerprint(dataset))
    return rewrite


@pytest.mark.parametrize("drop_remainder", [True, False])
def test_pure_maps_run_on_whole_batches(drop_remainder: bool) -> None:
    dataset = source().map(decode, name="decode").map(branch, num_parallel_calls=2)
    dataset = dataset.map(scale, name="scale").batch(4, drop_remainder=drop_remainder).prefetch(1)
    rewrite = moved(dataset)
    assert rewrite.moved == ("scale", "parallel_map", "decode")
    assert rewrite.reason == "text calls AsString, which works on one element at a time"
    names = [stage.name for stage in rewrite.graph.stages]
    assert names == ["range", "text", "batch", "decode", "parallel_map", "scale", "prefetch"]


def test_maps_before_one_that_cannot_be_vectorized_stay_where_they_are() -> None:
    dataset = source().map(decode, name="decode").map(noisy, name="noise").map(scale, name="scale")
    tf.random.set_seed(1)
    rewrite = DatasetGraph.of(dataset.batch(2)).with_batch_before_map()
    assert rewrite.moved == ("scale",)
    assert "noise draws random numbers" in (rewrite.reason or "")


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (jpeg, "work calls DecodeJpeg, which works on one element at a time"),
        (lambda text, n: tf.py_function(decode, [text, n], [tf.uint8, tf.int64]), "calls Python"),
    ],
    ids=["operation", "python"],
)
def test_what_cannot_be_vectorized_stays_and_says_why(function, reason: str) -> None:
    dataset = source().map(function, name="work").batch(2)
    rewrite = DatasetGraph.of(dataset).with_batch_before_map()
    assert rewrite.moved == ()
    assert reason in (rewrite.reason or "")


def test_elements_of_different_shapes_are_not_stacked() -> None:
    dataset = source().map(ragged).map(lambda x, n: (x[0], n), name="first").batch(2)
    rewrite = moved(dataset)
    assert rewrite.moved == ()
    assert rewrite.reason == "first takes elements whose shapes differ, so they don't stack"
    sparse = source().map(lambda text, n: (tf.sparse.from_dense([n]), n), name="sparse").batch(2)
    reason = DatasetGraph.of(sparse).with_batch_before_map().reason
    assert reason == "sparse gives sparse or ragged elements, which don't stack"


@pytest.mark.parametrize("anew", [True, False])
def test_shuffle_and_maps_change_places_in_the_same_order(anew: bool) -> None:
    def shuffled(shuffle_first: bool) -> tf.data.Dataset:
        def shuffle(dataset: tf.data.Dataset) -> tf.data.Dataset:
            return dataset.shuffle(5, seed=4, reshuffle_each_iteration=anew)

        dataset = shuffle(source()) if shuffle_first else source()
        dataset = dataset.map(decode, name="decode").map(branch, name="branch")
        return (dataset if shuffle_first else shuffle(dataset)).repeat(2).batch(3)

    early = DatasetGraph.of(shuffled(False)).with_shuffle_before("decode")
    late = DatasetGraph.of(shuffled(True)).with_shuffle_after("branch")
    assert (early.moved, late.moved) == (("decode", "branch"), ("decode", "branch"))
    for rewrite, shuffle_first in ((early, True), (late, False)):
        written = DatasetGraph.of(shuffled(shuffle_first))
        assert [s.kind for s in rewrite.graph.stages] == [s.kind for s in written.stages]
        assert fingerprint(rewrite.graph.dataset()).same_order(fingerprint(shuffled(False)))


def test_shuffle_is_not_moved_over_a_random_map_or_a_filter() -> None:
    dataset = source().map(decode, name="decode").filter(lambda x, n: n > 2)
    dataset = dataset.map(noisy, name="noise").shuffle(5, seed=1)
    graph = DatasetGraph.of(dataset)
    over_filter, over_noise = (graph.with_shuffle_before(name) for name in ("decode", "noise"))
    assert over_filter.reason == "filter is a filter: it lies between, and no map"
    assert "noise draws random numbers" in (over_noise.reason or "")
    assert over_filter.graph is graph
    assert graph.with_shuffle_after("noise").reason == "no shuffle lies before noise"


def test_shuffles_out_of_the_way_leave_a_later_place_for_a_cache() -> None:
    def written() -> tf.data.Dataset:
        dataset = source().shuffle(9, seed=1, name="shuffle").map(decode, name="decode")
        return dataset.map(branch, name="branch").map(noisy, name="noise").batch(2)

    late = DatasetGraph.of(written()).with_shuffles_late()
    assert late.moved == ("decode", "branch")
    names = [stage.name for stage in late.graph.stages]
    assert names == ["range", "text", "decode", "branch", "shuffle", "noise", "batch"]
    assert cache_place(DatasetGraph.of(written())).after.name == "text"
    assert cache_place(late.graph).after.name == "branch"
    assert DatasetGraph.of(source().batch(2)).with_shuffles_late().moved == ()


def test_a_dataset_that_is_used_twice_is_two_stages_that_change_alone() -> None:
    def written() -> tf.data.Dataset:
        made = source().map(decode, name="decode")
        return tf.data.Dataset.zip(made.batch(2), made.shuffle(5, seed=1).batch(2))

    rewrite = DatasetGraph.of(written()).with_shuffle_before("decode_2")
    assert rewrite.moved == ("decode_2",)
    assert fingerprint(rewrite.graph.dataset()).same_order(fingerprint(written()))
