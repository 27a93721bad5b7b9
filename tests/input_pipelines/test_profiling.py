"""Profiles of small pipelines whose costs are planted."""

import dataclasses
import re
import time
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from input_pipelines.commands.profile import show
from input_pipelines.graph import DatasetGraph
from input_pipelines.profiling.counted import CountedDrain
from input_pipelines.profiling.flow import elements_per_example
from input_pipelines.profiling.model_nodes import buffered_bytes, running_stages, snapshot
from input_pipelines.profiling.prefixes import Spent, own_costs
from input_pipelines.profiling.study import profile
from input_pipelines.study import Study
from results.errors import UserError
from results.pipeline_file import PIPELINE, PROFILE, part
from results.run_folder import RunFolder
from tests.input_pipelines.made_splits import feed_of, record_files, study_on
from tests.input_pipelines.test_own_pipeline import own

BATCH = 4
EXAMPLES = (24, 24)


def study_of(folder: Path, augment: Any = None, counts=EXAMPLES, **pipeline: Any) -> Study:
    split = record_files(folder, counts)
    feed = feed_of(split, augment=augment, **pipeline)
    return study_on(feed, folder, batch=BATCH, rounds=2)


def profile_of(study: Study) -> dict[str, Any]:
    profile(study)
    found = part(RunFolder(study.folder), PROFILE)
    assert found is not None
    return found


def by_name(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {stage["name"]: stage for stage in found["stages"]}


def sleeping(x, y, seed):
    def wait(value):
        time.sleep(0.004)
        return value

    return tf.ensure_shape(tf.py_function(wait, [x], tf.int64), []), y


def computing(x, y, seed):
    matrix = tf.ones([200, 200]) * tf.cast(y + 1, tf.float32)
    for _ in range(3):
        matrix = tf.linalg.matmul(matrix, matrix) * 1e-9
    return x + tf.cast(tf.reduce_sum(matrix), tf.int64), y


@pytest.mark.alone
@pytest.mark.ci
def test_a_stage_that_waits_limits_and_its_time_is_waiting(tmp_path: Path) -> None:
    found = profile_of(study_of(tmp_path, sleeping, parallel_calls=1))
    stages = by_name(found)
    assert found["limiting_stage"] == "augment"
    assert stages["augment"]["limits"]
    assert stages["augment"]["wait_seconds_per_example"] > 0.003
    assert stages["augment"]["wait_seconds_per_example"] > max(
        stage["wait_seconds_per_example"] or 0 for stage in found["stages"] if not stage["limits"]
    )
    assert stages["augment"]["examples_per_second_alone"] < 1 / 0.004
    assert stages["augment"]["random"] is not None
    # Blocks as short as these also count what lay ready when they began.
    assert found["warm"]["examples_per_second"] < 3 / 0.004


@pytest.mark.alone
@pytest.mark.ci
def test_a_stage_that_computes_limits_and_its_time_is_cpu(tmp_path: Path) -> None:
    study = study_of(tmp_path, computing, parallel_calls=1)
    found = profile_of(dataclasses.replace(study, rounds=3, block_seconds=0.1))
    stages = by_name(found)
    assert found["limiting_stage"] == "augment"
    costs = {name: of["cpu_seconds_per_example"] or 0 for name, of in stages.items()}
    assert costs["augment"] > 2 * max(cost for name, cost in costs.items() if name != "augment")


@pytest.mark.ci
def test_what_is_told_of_each_stage_is_what_was_set_and_what_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = study_of(tmp_path, parallel_calls=2, shuffle=16, prefetch=3)
    found = profile_of(study)
    stages = by_name(found)
    assert (found["batch"], found["rounds"], found["block_seconds"]) == (BATCH, 2, 0.02)
    assert found["pipeline"]["shuffle"] == 16
    assert stages["parse"]["parallelism_set"] == 2
    assert stages["parse"]["parallelism_used"] == 2
    assert stages["prefetch"]["buffer_size"] == 3
    assert stages["shuffle"]["buffer_size"] == 16
    assert 0 < stages["shuffle"]["buffered_elements"] <= 16
    assert stages["shuffle"]["ram_bytes"] > 0
    assert stages["shuffle"]["random"] is not None
    # (number, x, y), int64 each: what a batch holds of an example
    assert stages["batch"]["bytes_out_per_example"] == pytest.approx(24, rel=0.3)
    rate = found["warm"]
    assert rate["low"] < rate["examples_per_second"] < rate["high"]
    assert rate["mb_per_second"] == pytest.approx(24e-6 * rate["examples_per_second"])
    assert found["cold"] is not None or found["cold_missing"]
    show(tmp_path)
    printed = capsys.readouterr().out
    assert all(len(line) <= 80 for line in printed.splitlines() if str(tmp_path) not in line)
    assert "Warm: " in printed
    assert (tmp_path / "plots" / "pipeline.svg").is_file()


@pytest.mark.ci
def test_stages_before_a_full_cache_do_not_limit(tmp_path: Path) -> None:
    study = study_of(tmp_path, cache="memory", parallel_calls=1)
    found = profile_of(study)
    stages = by_name(found)
    assert stages["cache"]["buffered_elements"] == sum(EXAMPLES)
    assert stages["cache"]["ram_bytes"] > 0
    assert found["limiting_stage"] not in {"files", "order", "read", "parse"}
    assert found["cold"] is None
    assert "nothing was read from storage" in found["cold_missing"]


def test_the_elements_behind_an_example_are_counted_through_files_and_filters(
    tmp_path: Path,
) -> None:
    split = record_files(tmp_path, EXAMPLES)
    dataset = (
        tf.data.Dataset.from_tensor_slices(list(split.files), name="files")
        .interleave(tf.data.TFRecordDataset, cycle_length=2, name="read")
        .apply(tf.data.experimental.assert_cardinality(sum(EXAMPLES)))
        .repeat(name="repeat")
        .enumerate(name="number")
        .filter(lambda n, x: n % 3 == 0, name="filter")
        .map(lambda n, x: n, num_parallel_calls=2, name="map")
        .batch(5, name="batch")
        .prefetch(2, name="prefetch")
    )
    graph = DatasetGraph.of(dataset)
    found = elements_per_example(graph, graph.one_call_at_a_time(), 5)
    assert found["prefetch"] == found["batch"] == 1 / 5
    assert found["map"] == found["filter"] == 1
    assert found["number"] == pytest.approx(3, rel=0.05)
    assert found["read"] == found["number"]
    assert found["files"] == pytest.approx(found["read"] * 2 / sum(EXAMPLES))


def test_the_elements_before_a_prefetch_are_counted_through_it() -> None:
    dataset = (
        tf.data.Dataset.range(20, name="source")
        .prefetch(4, name="early")
        .map(lambda x: x + 1, name="map")
        .batch(5, name="batch")
        .prefetch(2, name="late")
        .filter(lambda x: tf.size(x) == 5, name="filter")
        .repeat(name="repeat")
    )
    graph = DatasetGraph.of(dataset)
    found = elements_per_example(graph, graph.one_call_at_a_time(), 5)
    assert found["late"] == found["batch"] == found["filter"] == 1 / 5
    assert found["early"] == found["source"] == found["map"] == 1


@pytest.mark.ci
def test_profile_of_a_persons_own_pipeline_shows_their_stages_alone(tmp_path: Path) -> None:
    feed = own("slow_map")
    found = profile_of(dataclasses.replace(study_of(tmp_path), feed=feed, rounds=3))
    source, *others = [stage["name"] for stage in found["stages"]]
    assert source.startswith("range")
    assert others == ["make", "work", "batch", "pre"]
    assert found["limiting_stage"] == "work"


def test_the_model_tells_written_stages_apart_after_fusing_and_no_more(tmp_path: Path) -> None:
    dataset = (
        tf.data.Dataset.range(100, name="source")
        .shuffle(10, name="shuffle")
        .repeat(name="repeat")
        .map(lambda x: x + 1, num_parallel_calls=2, name="map")
        .batch(5, name="batch")
        .prefetch(1, name="prefetch")
    )
    iterator = iter(dataset)
    for _ in range(5):
        next(iterator)
    stages = DatasetGraph.of(dataset).stages
    found = running_stages(stages, snapshot(iterator))
    assert found["map"].parallelism == 2
    assert found["map"].bytes_out == 8
    assert found["batch"].bytes_out == 40
    assert found["shuffle"].buffered_elements in (9, 10)
    assert found["source"].elements is not None
    other = DatasetGraph.of(tf.data.Dataset.range(9).skip(2).take(3)).stages
    assert running_stages(other, snapshot(iterator)) == {}


def test_a_pipeline_without_a_model_is_left_untold() -> None:
    options = tf.data.Options()
    options.autotune.enabled = False
    iterator = iter(tf.data.Dataset.range(3).with_options(options))
    assert snapshot(iterator) is None
    assert buffered_bytes([iterator]) is None
    assert running_stages((), None) == {}


def test_buffers_hold_the_elements_that_lie_in_them() -> None:
    element = tf.zeros([250])  # 1,000 bytes
    filled = tf.data.Dataset.range(10_000).map(lambda x: element + tf.cast(x, tf.float32))
    iterators = [iter(filled.shuffle(size)) for size in (40, 60)]
    for iterator in iterators:
        next(iterator)
    # One may have been taken out and not yet put back; tf.data may read one ahead at the end.
    assert 98_000 <= (buffered_bytes(iterators) or 0) <= 105_000


def test_blocks_count_what_was_drained_in_them() -> None:
    drain = CountedDrain(tf.data.Dataset.range(10**9).batch(7), 7)
    drain.first()
    first, second = drain.block(0.01), drain.block(0.01)
    assert first.elements % 7 == second.elements % 7 == 0
    assert min(first.elements, first.cpu_seconds, first.wall_seconds) > 0


@pytest.mark.ci
def test_a_pipeline_that_fails_says_why_and_keeps_whole_rounds(tmp_path: Path) -> None:
    calls = iter(range(2000))  # a round takes a tenth of these, what comes before it a third

    def failing(x, y, seed):
        def look(value):
            time.sleep(0.001)
            if next(calls, None) is None:
                raise ValueError("a file has vanished")
            return value

        return tf.ensure_shape(tf.py_function(look, [x], tf.int64), []), y

    study = dataclasses.replace(study_of(tmp_path, failing, parallel_calls=1), rounds=10**6)
    with pytest.raises(UserError, match=r"^source=source: .* ValueError: a file has vanished \("):
        profile(study)
    found = part(RunFolder(tmp_path), PROFILE)
    assert found is not None
    assert 1 <= found["rounds"] < 10**6


def test_a_pipeline_that_gives_nothing_is_a_users_error(tmp_path: Path) -> None:
    study = dataclasses.replace(study_of(tmp_path), feed=own("empty"))
    with pytest.raises(UserError, match=r"^pipeline._target_=\S+empty: gives no batch"):
        profile(study)


def test_the_stage_that_raised_in_the_middle_is_named(tmp_path: Path) -> None:
    study = dataclasses.replace(study_of(tmp_path), feed=own("raises_in_python"))
    with pytest.raises(UserError) as refused:
        profile(study)
    said = r"pipeline._target_=\S+raises_in_python: its stage late raised ValueError: planted"
    assert re.fullmatch(said + r" \(own_functions.py:\d+\)", str(refused.value))


def test_a_folder_without_a_profile_is_a_users_error(tmp_path: Path) -> None:
    RunFolder(tmp_path).write(PIPELINE, {"tuning": {}})
    with pytest.raises(UserError, match="holds no profile"):
        show(tmp_path)


def test_what_could_not_be_measured_before_a_stage_is_part_of_it() -> None:
    def spent(us: float) -> Spent:
        return Spent(cpu_seconds=us, wall_seconds=2 * us)

    stages = DatasetGraph.of(
        tf.data.Dataset.range(3, name="source").map(lambda x: x, name="map").batch(1, name="batch")
    ).stages
    rounds = [{"map": spent(5.0), "batch": spent(7.0)}] * 2
    found = own_costs(stages, rounds)
    assert {name: cost.cpu_seconds.value for name, cost in found.items()} == {"map": 5, "batch": 2}
    assert found["batch"].wait_seconds.value == 2


def test_a_full_cache_asks_nothing_of_what_is_before_it() -> None:
    stages = DatasetGraph.of(
        tf.data.Dataset.range(3, name="source").cache(name="cache").batch(1, name="batch")
    ).stages
    each = {"source": Spent(9.0, 9.0), "cache": Spent(1.0, 1.0), "batch": Spent(3.0, 3.0)}
    found = own_costs(stages, [each, each])
    assert found["cache"].cpu_seconds.value == 1
    assert found["batch"].cpu_seconds.value == 2
