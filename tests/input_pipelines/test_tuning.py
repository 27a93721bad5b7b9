import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from input_pipelines.racing import Runner
from input_pipelines.settings import PipelineSettings, StorageSettings
from input_pipelines.tuning.proposals import buffers, neighbours, proposals
from input_pipelines.tuning.rates import (
    MAP,
    READ,
    SERIAL,
    Cost,
    behind,
    best_rate,
    calls_for,
    costs,
)
from tests.input_pipelines.made_splits import feed_of, record_files, study_on
from tests.launcher.command_line import study_pipeline

STAGES = (
    Cost("files", SERIAL, 1e-6, 0.0),
    Cost("read", READ, 1e-5, 1e-3),
    Cost("parse", MAP, 2e-4, 0.0),
    Cost("shuffle", SERIAL, 1e-6, 0.0),
    Cost("augment", MAP, 1e-4, 0.0),
)
seconds = st.just(0.0) | st.floats(1e-9, 1e-2)
stages_of_any_kind = st.lists(
    st.builds(Cost, st.just("stage"), st.sampled_from([READ, MAP, SERIAL]), seconds, seconds),
    min_size=1,
    max_size=6,
)


@given(stages=stages_of_any_kind, cores=st.integers(1, 64))
def test_best_rate_breaks_no_bound_and_meets_one(stages: list[Cost], cores: int) -> None:
    rate = best_rate(stages, cores)
    if rate == float("inf"):
        assert sum(stage.busy for stage in stages) == 0
        return
    used = [
        rate * sum(stage.cpu for stage in stages) / cores,
        rate * sum(stage.busy for stage in stages if stage.kind == SERIAL),
        *(rate * stage.busy / 64 for stage in stages if stage.kind != SERIAL),
    ]
    assert max(used) == pytest.approx(1)


def test_waiting_reads_get_as_many_calls_as_hide_the_waits() -> None:
    rate = best_rate(STAGES, cores=2)
    assert rate == pytest.approx(2 / 3.12e-4, rel=0.01)
    assert calls_for(STAGES, READ, rate) == 7
    assert calls_for(STAGES, MAP, rate) == 2


def test_what_lies_before_a_cache_costs_nothing_behind_it() -> None:
    assert [stage.name for stage in behind(STAGES, "parse")] == ["shuffle", "augment"]


def test_stage_without_a_measurement_is_left_out() -> None:
    stage = {"op": "MapDataset", "wait_seconds_per_example": None}
    found = costs(
        [
            {**stage, "name": "map", "cpu_seconds_per_example": 1e-3},
            {**stage, "name": "prefetch", "cpu_seconds_per_example": None},
        ]
    )
    assert found == (Cost("map", MAP, 1e-3, 0.0),)


@pytest.mark.parametrize("ordered", [True, False])
def test_order_stays_where_it_must(ordered: bool) -> None:
    slow = PipelineSettings(parallel_calls=1, prefetch=0)
    wanted = proposals(slow, STAGES, 2, ["memory", "disk"], ordered)
    beside = [
        each for settings in wanted for each in neighbours(settings, STAGES, 2, ordered, ["memory"])
    ]
    moved = [
        each
        for each in [*wanted, *beside]
        if each.parallel_reads != slow.parallel_reads or not each.deterministic
    ]
    assert slow not in wanted
    assert bool(moved) == (not ordered)


def test_neighbours_differ_from_the_best_in_one_thing() -> None:
    best = PipelineSettings(parallel_calls=4, parallel_reads=4)
    for beside in neighbours(best, STAGES, 2, ordered=False, caches=["memory"]):
        changed = [name for name in vars(best) if getattr(best, name) != getattr(beside, name)]
        assert len(changed) == 1


@pytest.mark.parametrize(
    ("batch_bytes", "allowed"), [(100, (None, 1, 8)), (125, (None, 1, 8)), (126, (1,)), (1001, ())]
)
def test_no_more_batches_are_made_ahead_than_memory_holds(batch_bytes, allowed) -> None:
    ahead = buffers(batch_bytes, 1_000)
    assert ahead == allowed
    given = PipelineSettings(parallel_calls=1, prefetch=0)
    wanted = proposals(given, STAGES, 2, [], ordered=True, ahead=ahead)
    beside = neighbours(given, STAGES, 2, ordered=True, caches=[], ahead=ahead)
    assert {each.prefetch for each in [*wanted, *beside]} <= {0, *allowed}


def test_order_of_a_persons_own_reads_stays_however_many_there_are() -> None:
    own = PipelineSettings(_target_="my.own")
    reads = {each.parallel_reads for each in proposals(own, STAGES, 2, [], ordered=True)}
    beside = {each.parallel_reads for each in neighbours(own, STAGES, 2, ordered=True, caches=[])}
    assert reads == {7}
    assert len(beside) > 1


def test_reads_of_an_own_pipeline_that_reads_no_files_are_left_alone() -> None:
    own, stages = PipelineSettings(_target_="my.own"), [s for s in STAGES if s.kind != READ]
    tried = [
        *proposals(own, stages, 2, ["memory"], ordered=False),
        *neighbours(own, stages, 2, ordered=False, caches=["memory"]),
    ]
    assert {each.parallel_reads for each in tried} == {own.parallel_reads}


def test_cache_is_filled_without_the_waits_of_emulated_storage(tmp_path: Path) -> None:
    feed = dataclasses.replace(
        feed_of(record_files(tmp_path, (8, 8))), storage=StorageSettings(latency_ms=1e6)
    )
    runner = Runner(study_on(feed, tmp_path), PipelineSettings(cache="memory"), cold=True)
    runner.run(0.02)
    assert runner.seconds_per_batch()[0] < 1000


@pytest.mark.alone
@pytest.mark.ci
def test_tuned_pipeline_gives_the_same_examples_and_is_never_slower(tmp_path: Path) -> None:
    ended = study_pipeline(
        tmp_path,
        "tune",
        f"hydra.run.dir={tmp_path / 'run'}",
        "source=digits",
        "pipeline.parallel_calls=1",
        "pipeline.prefetch=0",
        "tune.seconds=10",
        "measure.rounds=5",
        "measure.block_seconds=0.2",
    )
    assert ended.returncode == 0, ended.stderr
    tuning = json.loads((tmp_path / "run" / "pipeline.json").read_text())["tuning"]
    assert tuning["same"]["examples"] == 1437
    assert tuning["same"]["whole_epoch"] is True
    if tuning["overrides"]:
        assert tuning["low"] > 1
        assert " ".join(tuning["overrides"]) in ended.stdout
    else:
        assert tuning["chosen"] == tuning["given"]
    assert "the same by hash" in ended.stdout


@pytest.mark.ci
def test_memory_for_not_even_a_batch_is_one_line(tmp_path: Path) -> None:
    ended = study_pipeline(
        tmp_path,
        "tune",
        f"hydra.run.dir={tmp_path / 'run'}",
        "source=jpeg_records",
        "batch.per_replica=512",
        "tune.ram_mb=1",
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: tune.ram_mb=1: not enough for a single batch of ")
    assert not (tmp_path / "run").exists()
