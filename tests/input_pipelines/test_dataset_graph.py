"""Pipelines as graphs: what is seen in them, and that no rewrite changes an element."""

from pathlib import Path

import pytest
import tensorflow as tf

from input_pipelines.equivalence import fingerprint
from input_pipelines.graph import DatasetGraph, cache_place
from results.errors import UserError

AUTOTUNE = tf.data.AUTOTUNE


def double(x):
    return 2 * x


def noisy(x):
    return x + tf.random.uniform([], 0, 10, tf.int64)


def few(x):
    return tf.data.Dataset.range(x % 4)


def pipeline() -> tf.data.Dataset:
    return (
        tf.data.Dataset.range(60, name="numbers")
        .shuffle(20, seed=5, name="shuffle")
        .interleave(few, cycle_length=3, block_length=2, num_parallel_calls=2)
        .map(double)
        .map(double, num_parallel_calls=AUTOTUNE)
        .filter(lambda x: x > 0)
        .repeat(2)
        .enumerate(name="number")
        .batch(4, drop_remainder=True)
        .prefetch(AUTOTUNE)
    )


def names(graph: DatasetGraph) -> list[str]:
    return [stage.name for stage in graph.stages]


def test_stages_come_in_the_order_of_flow_under_unique_names() -> None:
    graph = DatasetGraph.of(pipeline())
    assert names(graph) == [
        "range",
        "numbers",
        "shuffle",
        "parallel_interleave",
        "map",
        "parallel_map",
        "filter",
        "repeat",
        "number",
        "batch",
        "prefetch",
    ]
    assert graph.stage("number").inputs == ("range", "repeat")
    assert graph.stage("batch").inputs == ("number",)
    settings = {s.name: (s.parallelism, s.buffer_size) for s in graph.stages}
    assert settings["map"] == (None, None)
    assert settings["parallel_map"] == (-1, None)
    assert settings["parallel_interleave"] == (2, None)
    assert settings["shuffle"] == (None, 20)
    assert settings["prefetch"] == (None, -1)
    assert [s.name for s in graph.stages if s.drops] == ["filter"]


@pytest.mark.parametrize(
    "rewrite",
    [
        lambda g: g,
        lambda g: g.one_call_at_a_time(),
        lambda g: g.with_parallelism({"map": 3, "batch": 2, "parallel_map": 1}),
        lambda g: g.with_parallelism({"parallel_interleave": 7}),
        lambda g: g.one_call_at_a_time().with_parallelism({"parallel_interleave": AUTOTUNE}),
        lambda g: g.with_prefetch(0),
        lambda g: g.with_prefetch(3),
        lambda g: g.with_prefetch(0).with_prefetch(2),
        lambda g: g.with_shuffle_before("map").graph,
    ],
    ids=["none", "serial", "parallel", "reads", "auto", "no prefetch", "ahead", "again", "shuffle"],
)
def test_no_rewrite_changes_elements_or_their_order(rewrite) -> None:
    rewritten = rewrite(DatasetGraph.of(pipeline())).dataset()
    assert fingerprint(rewritten).same_order(fingerprint(pipeline()))
    assert rewritten.element_spec == pipeline().element_spec


@pytest.mark.parametrize("calls", [None, 1, AUTOTUNE])
def test_interleave_that_chooses_its_inputs_keeps_its_order(calls: int | None) -> None:
    def mixed() -> tf.data.Dataset:
        return tf.data.Dataset.range(20).interleave(few, num_parallel_calls=calls)

    (name,) = [stage.name for stage in DatasetGraph.of(mixed()).stages if stage.inputs]
    graph = DatasetGraph.of(mixed())
    for changed in (graph.one_call_at_a_time(), graph.with_parallelism({name: 3})):
        assert fingerprint(changed.dataset()).same_order(fingerprint(mixed()))


def test_each_dataset_of_a_graph_counts_its_own_epochs() -> None:
    def shuffled() -> tf.data.Dataset:
        return tf.data.Dataset.range(30).shuffle(30, seed=2)

    written = shuffled()
    orders = [list(shuffled_epoch.as_numpy_iterator()) for shuffled_epoch in (written, written)]
    assert orders[0] != orders[1]
    graph = DatasetGraph.of(written)
    for _ in range(2):
        made = graph.dataset()
        assert [list(made.as_numpy_iterator()), list(made.as_numpy_iterator())] == orders


def test_serial_graph_has_no_parallel_stage_and_no_prefetch() -> None:
    graph = DatasetGraph.of(pipeline()).one_call_at_a_time()
    assert all(stage.parallelism is None for stage in graph.stages)
    assert "prefetch" not in names(graph)


def test_pipeline_can_be_cut_after_each_stage() -> None:
    graph = DatasetGraph.of(pipeline())
    assert list(graph.up_to("numbers").as_numpy_iterator()) == list(range(60))
    for stage in graph.stages:
        assert next(iter(graph.up_to(stage.name))) is not None
    assert graph.up_to("number").element_spec == (
        tf.TensorSpec([], tf.int64),
        tf.TensorSpec([], tf.int64),
    )


def test_unknown_stage_is_told_with_what_there_is() -> None:
    with pytest.raises(UserError, match="no stage mapp; did you mean map"):
        DatasetGraph.of(pipeline()).stage("mapp")


def test_stage_that_is_no_map_cannot_run_in_parallel() -> None:
    with pytest.raises(UserError, match="shuffle=2: a shuffle has no number"):
        DatasetGraph.of(pipeline()).with_parallelism({"shuffle": 2})


def test_options_of_the_whole_pipeline_are_kept() -> None:
    inner, outer = tf.data.Options(), tf.data.Options()
    inner.threading.private_threadpool_size = 3
    outer.deterministic = False
    dataset = tf.data.Dataset.range(3).with_options(inner).map(double).with_options(outer)
    graph = DatasetGraph.of(dataset)
    assert names(graph) == ["range", "map"]
    options = graph.up_to("range").options()
    assert (options.threading.private_threadpool_size, options.deterministic) == (3, False)


def test_captured_variables_and_tables_keep_what_they_held() -> None:
    variable = tf.Variable(3, dtype=tf.int64)
    keys = tf.constant([0, 1, 2], tf.int64)
    table = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(keys, 10 * keys), default_value=-1
    )
    dataset = tf.data.Dataset.range(4).map(lambda x: table.lookup(x) + variable)
    graph = DatasetGraph.of(dataset)
    variable.assign(100)
    made = graph.with_parallelism({"map": 2}).dataset()
    assert list(made.as_numpy_iterator()) == [3, 13, 23, 2]
    assert variable.numpy() == 100
    assert graph.stage("map").random is None


def test_python_functions_outlive_the_dataset_that_named_them() -> None:
    def made() -> tf.data.Dataset:
        factor = 3
        dataset = tf.data.Dataset.from_generator(
            lambda: iter(range(4)), output_signature=tf.TensorSpec([], tf.int64)
        )
        dataset = dataset.map(lambda x: tf.numpy_function(lambda v: factor * v, [x], tf.int64))
        return DatasetGraph.of(dataset).with_prefetch(1).dataset()

    dataset = made()
    assert list(dataset.as_numpy_iterator()) == [0, 3, 6, 9]


def test_iterator_of_a_rewritten_pipeline_goes_on_from_a_checkpoint(tmp_path: Path) -> None:
    graph = DatasetGraph.of(pipeline()).with_parallelism({"map": 2})
    iterator = iter(graph.dataset())
    next(iterator)
    path = tf.train.Checkpoint(iterator=iterator).save(str(tmp_path / "saved"))
    expected = [element[1].numpy().tolist() for element in iterator]
    restored = iter(graph.dataset())
    tf.train.Checkpoint(iterator=restored).restore(path)
    assert [element[1].numpy().tolist() for element in restored] == expected


@pytest.mark.parametrize(
    ("function", "phrase"),
    [
        (double, None),
        (noisy, "draws random numbers"),
        (lambda x: tf.random.stateless_uniform([], [x, x], 0, 10, tf.int64), None),
        (lambda x: tf.cond(x > 3, lambda: noisy(x), lambda: x), "draws random numbers"),
        (lambda x: tf.numpy_function(double, [x], tf.int64), "calls Python"),
        (lambda x: tf.py_function(double, [x], tf.int64), "calls Python"),
        (lambda x: GENERATOR.uniform([], 0, x + 1, tf.int64), "tf.random.Generator"),
        (lambda x: x + COUNTER.assign_add(1), "keeps a state (Assign"),
    ],
    ids=["pure", "random", "stateless", "in a branch", "numpy", "python", "generator", "variable"],
)
def test_random_and_stateful_functions_are_known(function, phrase: str | None) -> None:
    random = DatasetGraph.of(tf.data.Dataset.range(5).map(function)).stage("map").random
    assert random is None if phrase is None else phrase in (random or "")


GENERATOR = tf.random.Generator.from_seed(1)
COUNTER = tf.Variable(0, dtype=tf.int64)


def test_shuffle_says_whether_it_reshuffles() -> None:
    dataset = tf.data.Dataset.range(5)
    once = DatasetGraph.of(dataset.shuffle(3, reshuffle_each_iteration=False)).stage("shuffle")
    anew = DatasetGraph.of(dataset.shuffle(3)).stage("shuffle")
    assert (once.random, anew.random) == (
        "shuffles, the same way in every pass",
        "shuffles, anew in each pass",
    )


@pytest.mark.parametrize(
    ("dataset", "after", "reason"),
    [
        (lambda d: d.map(double).shuffle(3).map(double), "map", "shuffle shuffles, anew in each"),
        (lambda d: d.map(double).map(noisy).batch(2), "map", "map_2 draws random numbers"),
        (lambda d: d.map(double).batch(2).prefetch(1), "batch", "nothing behind it changes"),
        (lambda d: d.map(double).repeat().map(double), "map", "repeat repeats"),
        (lambda d: d.shuffle(3).map(double), None, "shuffle shuffles, anew in each"),
        (lambda d: d.enumerate().map(lambda n, x: x + n), "map", "nothing behind it changes"),
        (lambda d: d.map(noisy), None, "map draws random numbers"),
        (lambda d: d.prefetch(2), None, "all of it is in memory already"),
        (
            lambda d: d.shuffle(3, seed=1, reshuffle_each_iteration=False).batch(2),
            "batch",
            "nothing behind",
        ),
    ],
)
def test_cache_lies_before_all_that_changes(dataset, after: str | None, reason: str) -> None:
    place = cache_place(DatasetGraph.of(dataset(tf.data.Dataset.range(9))))
    assert (place.after.name if place.after else None) == after
    assert reason in place.reason


@pytest.mark.parametrize("in_file", [False, True])
def test_cache_gives_every_epoch_what_the_first_had(in_file: bool, tmp_path: Path) -> None:
    def two_epochs() -> tf.data.Dataset:
        return tf.data.Dataset.range(9).map(double, name="work").shuffle(9, seed=1).repeat(2)

    file = str(tmp_path / "kept") if in_file else ""
    graph = DatasetGraph.of(two_epochs()).with_cache(after="work", file=file)
    assert names(graph) == ["range", "work", "cache", "shuffle", "repeat"]
    assert fingerprint(graph.dataset()).same_order(fingerprint(two_epochs()))
    assert bool(list(tmp_path.iterdir())) == in_file
