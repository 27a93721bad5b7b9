"""How many examples a quality takes: by seed, batch and strategy, and unknown where unmeasured."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.planning import Examples, Limits, candidates, decide, levers, record_of
from benchmarks.planning.from_runs import evaluating_seconds, goal_of
from benchmarks.planning.goal import Target, target
from benchmarks.planning.request import Request
from benchmarks.reaching import Attained, attained, seconds_until
from results.errors import UserError
from results.loading import Run, read_runs
from tests.benchmarks.made_ways import PARAMETER_SERVER, STRONG, TODAY, WEAK, multiworker
from tests.results.made_folders import Made, make_run

WAY = multiworker()  # batch 32 of each worker
ASKED = Request(
    seconds=None,
    said="",
    budget=None,
    per_day=None,
    examples=None,
    target=0.9,
    allow=(),
    speed={},
    machine=None,
    usd_per_hour=None,
    spot=False,
    where=None,
    catalogue=None,
)


def seed(
    examples: float | None,
    batch: float = 64,
    strategy: str = "multiworker",
    workers: int = 2,
    run: str = "3",
) -> Attained:
    overlapping = strategy == "parameter_server"
    return Attained(run, strategy, overlapping, workers, batch, None, examples, None)


def amounts(found: Target, *workers: int) -> list[float]:
    return found.amount(WAY, np.array(workers)).examples.tolist()


def test_seeds_give_the_middle_and_what_nine_in_ten_need() -> None:
    found = target(0.9, [seed(1000), seed(1400), seed(1200)], {}).amount(WAY, np.array([2]))
    assert found.examples == pytest.approx([1200])
    assert found.low == pytest.approx([1020])
    assert found.high == pytest.approx([1380])
    assert found.measured.all()


def test_batch_between_measured_ones_is_predicted_and_beyond_them_unknown() -> None:
    found = target(0.9, [seed(1000, batch=32, workers=1), seed(4000, batch=128, workers=4)], {})
    amount = found.amount(WAY, np.array([1, 2, 4, 8]))
    assert amount.examples == pytest.approx([1000, 2000, 4000, np.nan], nan_ok=True)
    assert amount.measured.tolist() == [True, False, True, False]


def test_evaluations_count_as_measured_with_as_many_workers_else_as_with_that_batch() -> None:
    took = {"a": 1.0, "b": 3.0, "c": 2.0, "other": 5.0}
    alone = [seed(1000, 32, workers=1, run=run) for run in ("a", "b", "c")]
    others = [seed(4000, 128, "mirrored", 4, run="other")]
    amount = target(0.9, [*alone, *others], took).amount(WAY, np.array([1, 2, 4]))
    assert amount.evaluating == pytest.approx([2, 3.5, 5])
    assert amount.measured.tolist() == [True, False, False]
    assert amount.one_seed.tolist() == [False, True, True]


def test_time_to_a_target_holds_its_evaluations_which_a_faster_machine_shortens() -> None:
    found = target(0.9, [seed(1000, 32, workers=1)], {"3": 4.0})
    of = candidates((WEAK, STRONG), (WAY,), found, {"multiworker": 7.0})
    assert of.seconds.tolist() == pytest.approx([7 + 10 + 4, 7 + (10 + 4) / 8])
    assert of.one_seed.all()
    of = candidates((WEAK,), (WAY,), Examples(1000), {})
    assert of.seconds[0] == pytest.approx(10)
    assert not of.one_seed.any()


def test_what_rests_on_one_seed_has_no_interval() -> None:
    machines, way = (WEAK,), multiworker(0.2)
    for seeds, has_one in (([seed(1000, 32)], False), ([seed(1000, 32), seed(1400, 32)], True)):
        of = candidates(machines, (way,), target(0.9, seeds, {}), {})
        decision = decide(of, Limits())
        told = record_of(
            of,
            decision,
            levers(of, 0.0, None),
            goal=target(0.9, seeds, {}),
            request=ASKED,
            unknown=(),
            notes=(),
            today=TODAY,
        )["recommendation"]
        for name in ("seconds", "usd"):
            assert (told[f"{name}_low"] < told[name] < told[f"{name}_high"]) == has_one
            assert (told[f"{name}_low"] == told[name] == told[f"{name}_high"]) != has_one


def test_seed_that_never_gets_there_makes_its_cell_invalid() -> None:
    found = target(0.9, [seed(1000, batch=32), seed(None, batch=32), seed(2000, batch=64)], {})
    assert found.failed == ("3",)
    assert amounts(found, 1, 2) == pytest.approx([np.nan, 2000], nan_ok=True)


def test_without_waiting_for_each_other_workers_need_what_was_measured_with_as_many() -> None:
    found = target(0.9, [seed(1000, 64, "parameter_server", 2), seed(500, 64)], {})
    amount = found.amount(PARAMETER_SERVER, np.array([1, 2, 3]))
    assert amount.examples == pytest.approx([np.nan, 1000, np.nan], nan_ok=True)


def evaluated(folder: Path, qualities: dict[int, float], until: float | None = 0.9) -> Run:
    """A run that evaluated after those steps, one a second after the first step."""
    made = make_run(folder, Made(steps=400, batch=32, workers=2))
    plan = made.read("plan.json")
    plan["experiment"]["until"]["quality"] = until
    made.write("plan.json", plan)
    events = [
        {
            "event": "evaluated",
            "step": step,
            "time": 1_780_000_004.1 + place,
            "quality": quality,
            "seconds": 0.25,
        }
        for place, (step, quality) in enumerate(qualities.items(), 1)
    ]
    file = folder / "tasks/chief-0/events.jsonl"
    kept = [line for line in file.read_text().splitlines() if "evaluated" not in line]
    file.write_text("".join(f"{line}\n" for line in [*kept, *map(json.dumps, events)]))
    (run,) = read_runs(folder)
    return run


def test_the_first_evaluation_that_is_good_enough_counts(tmp_path: Path) -> None:
    run = evaluated(tmp_path / "0", {100: 0.7, 200: 0.92, 300: 0.91})
    (found,) = attained([run], 0.9)
    assert (found.steps, found.examples) == (200, 200 * 64)
    assert found.seconds == pytest.approx(6.1)
    assert evaluating_seconds(run, 0.9) == 0.5
    assert seconds_until(run, 0.99) is None
    assert attained([run], 0.95) == []  # it was told to stop before that


def test_goal_by_a_target_needs_runs_that_reach_it(tmp_path: Path) -> None:
    good = evaluated(tmp_path / "good", {100: 0.92})
    goal, notes = goal_of(ASKED, [good])
    assert goal.words == "quality 0.9"
    assert "fewer than 3 seeds" in notes[0]
    assert notes[1] == "What rests on a single seed has no interval."
    bad = evaluated(tmp_path / "bad", {100: 0.3})
    with pytest.raises(UserError, match=r"target=0\.9: run bad ended before it"):
        goal_of(ASKED, [bad])
    other = evaluated(tmp_path / "other", {100: 0.92}, until=None)
    with pytest.raises(UserError, match=r"target=0\.9: no finished run here trained until it"):
        goal_of(ASKED, [other])
    assert goal_of(replace(ASKED, target=None, examples=5), [])[0].words == "5 examples"
