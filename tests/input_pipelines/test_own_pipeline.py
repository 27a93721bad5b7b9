"""Datasets of a person's own function as training data, and what is said of those that can't be."""

import dataclasses
import re
from pathlib import Path

import pytest
import tensorflow as tf

from input_pipelines.build import Feed, training_dataset
from input_pipelines.equivalence import fingerprint
from input_pipelines.graph import DatasetGraph
from input_pipelines.own_pipeline import own_epoch_examples
from input_pipelines.pieces import Split
from input_pipelines.settings import PipelineSettings
from results.errors import UserError
from tests.input_pipelines.made_splits import take

HERE = "tests.input_pipelines.own_functions"
BATCH = 4


def own(name: str, seed: int = 3, cache_folder: str | None = None, **pipeline) -> Feed:
    nothing = Split((), lambda *_: None, lambda raw: raw)
    settings = PipelineSettings(_target_=f"{HERE}.{name}", **pipeline)
    return Feed(nothing, nothing, None, settings, seed, cache_folder=cache_folder)


def stream(feed: Feed, batches: int, replica: int = 0, replicas: int = 1) -> list:
    return take(iter(training_dataset(feed, replica, replicas, BATCH)), batches)


def labels(batches: list) -> list[list[int]]:
    return [y.tolist() for _, _, y in batches]


@pytest.mark.parametrize("name", ["fixed", "endless", "dicts"])
def test_batches_come_endlessly_with_numbers_that_count_positions(name: str) -> None:
    batches = stream(own(name), 8)
    assert [number.tolist() for number, _, _ in batches[:2]] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert all(x.shape == (BATCH, 8, 8, 1) and x.dtype == "float32" for _, x, _ in batches)
    assert labels(batches)[:2] == labels(batches)[6:] == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_a_dict_of_several_fields_is_x_without_its_label() -> None:
    ((_, x, y),) = stream(own("several_fields"), 1)
    assert sorted(x) == ["image", "place"]
    assert y.tolist() == x["place"].tolist()


def test_a_last_batch_that_is_not_full_is_left_out() -> None:
    dataset = training_dataset(own("pairs"), 0, 1, BATCH)
    assert dataset.element_spec[2].shape == [BATCH]
    assert len(take(iter(dataset), 11)) == 11


def test_the_function_gets_the_parameters_that_it_names() -> None:
    one, same, other = (labels(stream(own("seeded", seed=s), 6)) for s in (1, 1, 2))
    assert one == same != other
    ((_, x, _),) = stream(own("dicts", parameters={"field": "photo"}), 1)
    assert x.shape == (BATCH, 8, 8, 1)
    with pytest.raises(UserError, match=r"parameters.feild=x: .* did you mean field"):
        stream(own("dicts", parameters={"feild": "x"}), 1)


@pytest.mark.parametrize("name", ["fixed", "own_part"])
def test_replicas_share_out_each_epoch(name: str) -> None:
    parts = [stream(own(name), 3, replica, 2) for replica in range(2)]
    numbers = [int(n) for part in parts for number, _, _ in part for n in number]
    assert sorted(numbers) == list(range(24))
    seen = [int(image[0, 0, 0]) for part in parts for _, x, _ in part for image in x]
    assert sorted(seen) == list(range(24))


@pytest.mark.parametrize(
    "pipeline",
    [
        {"parallel_calls": 2, "prefetch": 1},
        {"parallel": {"double": 3}, "threads": 1},
        {"cache": "memory"},
        {"cache": "disk"},
        {"prefetch": 0},
    ],
    ids=lambda pipeline: "-".join(pipeline),
)
def test_settings_change_no_element(pipeline: dict, tmp_path: Path) -> None:
    plain = training_dataset(own("pairs"), 0, 1, BATCH)
    feed = own("pairs", cache_folder=str(tmp_path), **pipeline)
    changed = training_dataset(feed, 0, 1, BATCH)
    kept = [path.name for path in tmp_path.iterdir()]
    assert ("own-0.index" in kept) == (pipeline.get("cache") == "disk")
    first, second = (fingerprint(dataset, take=15) for dataset in (plain, changed))
    assert first.same_order(second)


def test_settings_reach_the_stages_of_the_graph() -> None:
    feed = own("pairs", parallel_calls=2, parallel={"double": 3}, prefetch=7, cache="memory")
    graph = DatasetGraph.of(training_dataset(feed, 0, 1, BATCH))
    assert graph.stage("make").parallelism == 2
    assert graph.stage("double").parallelism == 3
    assert graph.stage("prefetch").buffer_size == 7
    assert graph.stage("cache").inputs == ("double",)


def test_parallel_calls_leave_a_random_map_in_its_order() -> None:
    graph = DatasetGraph.of(training_dataset(own("pairs", parameters={"noise": True}), 0, 1, BATCH))
    assert graph.stage("noise").parallelism is None


def test_threads_and_determinism_become_options() -> None:
    options = training_dataset(own("fixed", threads=3, deterministic=False), 0, 1, 4).options()
    assert options.threading.private_threadpool_size == 3
    assert options.deterministic is False


def test_batch_first_runs_pure_maps_on_batches() -> None:
    plain, changed = (
        training_dataset(own("fixed", batch_first=first), 0, 1, BATCH) for first in (False, True)
    )
    names = [stage.name for stage in DatasetGraph.of(changed).stages]
    assert names.index("batch") < names.index("map")
    assert fingerprint(plain, take=9).same_order(fingerprint(changed, take=9))


@pytest.mark.parametrize("name", ["with_python", "from_generator"])
def test_python_functions_train_too(name: str) -> None:
    batches = stream(own(name, prefetch=1), 7)
    assert labels(batches)[0] == labels(batches)[6]
    x, _ = own(name).first_batch(BATCH)
    assert x.shape == (BATCH, 8, 8, 1)


_NOT_TRAINABLE = {
    "no_dataset": "no_dataset: must return a tf.data.Dataset of batches, returned builtins.list",
    "empty": "empty: its dataset is empty; at least one batch is needed",
    "unbatched": "is not batched .* end it with .batch(4, drop_remainder=True)",
    "of_five": "batch.per_replica=4: .* gives batches of 5; give batch.per_replica=5, or let the",
    "of_five_unknown": "batch.per_replica=4: .* gives batches of 5",
    "ragged": "gives ragged elements .* training needs dense ones",
    "sparse": "gives sparse elements .* training needs dense ones",
    "only_x": "gives one Tensor an element; tuples (x, y) are needed",
    "without_label": "gives dicts of image, class; tuples (x, y) are needed, or dicts with `label`",
    "raises_in_the_middle": "its stage checked raised InvalidArgumentError: .*assertion failed",
    "raises_at_once": "raises_at_once: raised OSError: planted: no such bucket",
    "leaves": "pipeline._target_=tests.input_pipelines.own_functions.leaves: raised SystemExit: 3",
    "nowhere": "own_functions has no nowhere",
}


@pytest.mark.parametrize("name", _NOT_TRAINABLE)
def test_what_cannot_be_trained_on_is_told_in_a_line(name: str) -> None:
    said = ".*".join(re.escape(part) for part in _NOT_TRAINABLE[name].split(".*"))
    with pytest.raises(UserError, match=said) as refused:
        own(name).first_batch(BATCH)
    assert "\n" not in str(refused.value)


def test_a_file_that_vanished_is_named() -> None:
    feed = own("vanished", parameters={"path": "/nowhere/x.tfrecord"})
    with pytest.raises(
        UserError,
        match=r"stage flat_map raised NotFoundError: /nowhere/x\.tfrecord; No such file",
    ):
        feed.first_batch(BATCH)


@pytest.mark.parametrize(
    ("name", "pipeline", "said"),
    [
        ("from_generator", {"cache": "memory"}, "flat_map calls Python, which may give anything"),
        ("random_source", {"cache": "disk"}, "random draws random numbers, and a cache must lie"),
        ("fixed", {"parallel": {"mapp": 2}}, "parallel.mapp: there is no such stage; did you mean"),
        ("fixed", {"parallel": {"parse": 2}}, "there are range, map, batch"),
        ("fixed", {"parallel": {"range": 2}}, "parallel.range=2: a range has no number of calls"),
        ("from_generator", {"batch_first": True}, "batch_first=true: batch follows flat_map"),
    ],
)
def test_settings_that_cannot_be_are_told(name: str, pipeline: dict, said: str) -> None:
    with pytest.raises(UserError, match=re.escape(said)):
        own(name, **pipeline).first_batch(BATCH)


def test_cache_lies_before_what_is_random() -> None:
    for name, before in (("with_python", "map"), ("pairs", "make")):
        parameters = {"stateful": True} if name == "pairs" else {}
        feed = own(name, cache="memory", parameters=parameters)
        graph = DatasetGraph.of(training_dataset(feed, 0, 1, BATCH))
        assert graph.stage("cache").inputs == (before,)


def test_order_that_is_not_fixed_cannot_be_shared_out() -> None:
    with pytest.raises(UserError, match=r"pipeline.deterministic=false: 2 replicas share"):
        training_dataset(own("fixed", deterministic=False), 1, 2, BATCH)
    training_dataset(own("own_part", deterministic=False), 1, 2, BATCH)


@pytest.mark.parametrize("cache", ["none", "memory", "disk"])
def test_restored_iterator_goes_on_with_the_next_batch(cache: str, tmp_path: Path) -> None:
    feed = own("repeated", cache=cache, cache_folder=str(tmp_path), prefetch=1)
    iterator = iter(training_dataset(feed, 0, 1, BATCH))
    take(iterator, 3)
    saved = tf.train.Checkpoint(iterator=iterator).save(str(tmp_path / "checkpoint"))
    expected = labels(take(iterator, 9))
    restored = iter(training_dataset(dataclasses.replace(feed), 0, 1, BATCH))
    tf.train.Checkpoint(iterator=restored).restore(saved)
    assert labels(take(restored, 9)) == expected


def test_cache_lies_behind_the_costly_map_even_where_a_shuffle_comes_first() -> None:
    feed = own("shuffled_first", cache="memory")
    graph = DatasetGraph.of(training_dataset(feed, 0, 1, BATCH))
    assert graph.stage("cache").inputs == ("decode",)
    plain = training_dataset(own("shuffled_first"), 0, 1, BATCH)
    assert fingerprint(graph.dataset(), take=14).same_order(fingerprint(plain, take=14))


@pytest.mark.parametrize(("where", "caches"), [("memory", 1), ("disk", 2)])
def test_what_is_kept_in_memory_already_is_not_kept_twice_there(
    where: str, caches: int, tmp_path: Path
) -> None:
    feed = own("cached", cache=where, cache_folder=str(tmp_path))
    dataset = training_dataset(feed, 0, 1, BATCH)
    stages = DatasetGraph.of(dataset).stages
    assert len([stage for stage in stages if stage.kind == "cache"]) == caches
    assert len({stage.name for stage in stages}) == len(stages)
    plain = training_dataset(own("cached"), 0, 1, BATCH)
    assert fingerprint(dataset, take=14).same_order(fingerprint(plain, take=14))


@pytest.mark.parametrize(
    ("name", "examples"),
    [
        ("fixed", 24),
        ("pairs", 20),
        ("from_generator", 24),
        ("endless", None),
        ("endless_unfilled", None),
        ("endless_generator", None),
    ],
)
def test_an_epoch_is_what_one_pass_gives_in_full_batches(name: str, examples: int | None) -> None:
    assert own_epoch_examples(own(name), BATCH, longest_seconds=1) == examples
