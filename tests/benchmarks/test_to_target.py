"""Time to target over seeds, by sweeps worked by hand: what is counted, and what is refused."""

from pathlib import Path

import pytest

from benchmarks.first_touch import first_touch
from benchmarks.target_record import record_of
from benchmarks.to_target import ToTarget, to_target
from results.errors import UserError
from results.loading import read_runs
from tests.benchmarks.made_targets import TOUCHED, reaching


def found_in(folder: Path, usd_per_hour: float | None = None) -> ToTarget:
    return to_target(read_runs(folder), usd_per_hour)


def test_seconds_run_from_the_first_touch_and_dollars_from_the_start(tmp_path: Path) -> None:
    for seed, (steps, after) in enumerate([(200, 10.0), (400, 30.0), (300, 20.0)]):
        reaching(tmp_path / str(seed), seed, steps, after=after)
    (cell,) = found_in(tmp_path, usd_per_hour=3600.0).cells
    seconds, usd, steps = (cell.over_seeds(name) for name in ("seconds", "usd", "steps"))
    assert seconds is not None
    assert usd is not None
    assert steps is not None
    assert seconds.median == pytest.approx(20 - TOUCHED)
    assert (seconds.low, seconds.high) == pytest.approx((10 - TOUCHED, 30 - TOUCHED))
    assert usd.median == pytest.approx(20)
    assert (steps.median, steps.confidence) == (300, 0.75)
    assert [seed.start_up_seconds for seed in cell.seeds] == pytest.approx([TOUCHED] * 3)
    assert [seed.examples for seed in cell.seeds] == [200 * 64, 400 * 64, 300 * 64]


def test_without_a_price_there_are_no_dollars(tmp_path: Path) -> None:
    for seed in range(2):
        reaching(tmp_path / str(seed), seed, 200)
    found = found_in(tmp_path)
    assert found.cells[0].over_seeds("usd") is None
    assert record_of(found, None, None)["price"] is None


def test_seed_that_never_got_there_makes_the_cell_invalid_and_is_told(tmp_path: Path) -> None:
    for seed, steps in enumerate([200, None, 300]):
        reaching(tmp_path / str(seed), seed, steps)
    record = record_of(found_in(tmp_path), None, None)
    (cell,) = record["cells"]
    assert (cell["valid"], cell["reached"], cell["seconds"]) == (False, 2, None)
    assert "2 of 3 seeds reached" in record["says"][0]
    assert "0.7 (seed 1)" in record["says"][0]


def test_where_no_seed_got_there_all_of_their_best_are_told(tmp_path: Path) -> None:
    for seed in range(2):
        reaching(tmp_path / str(seed), seed, None)
    (said, *_) = record_of(found_in(tmp_path), None, None)["says"]
    assert "0 of 2 seeds reached" in said
    assert said.endswith("; their best: 0.7 (seed 0), 0.7 (seed 1).")


def test_more_examples_a_second_may_be_later(tmp_path: Path) -> None:
    for seed in range(2):
        slow, fast = tmp_path / f"{seed}", tmp_path / f"1{seed}"
        reaching(slow, seed, 200, after=10.0, step_seconds=0.02)
        reaching(fast, seed, 400, after=20.0, strategy="mirrored", step_seconds=0.002)
    says = record_of(found_in(tmp_path), None, None)["says"]
    assert says[-1].startswith("More examples/s is not sooner here: mirrored × 2")
    assert "overlap" not in says[-1]


def test_first_touch_is_the_event_before_the_data_were_open_in_the_earliest_task() -> None:
    late = [{"event": "joined", "time": 5.0}, {"event": "data_ready", "time": 6.0}]
    early = [{"event": "built", "time": 3.0}, {"event": "data_ready", "time": 9.0}]
    again = [{"event": "built", "time": 20.0}, {"event": "data_ready", "time": 21.0}]
    assert first_touch([late, early + again, [{"event": "joined", "time": 1.0}]]) == 3.0
    assert first_touch([]) is None


def test_cell_with_one_seed_is_left_out_and_said(tmp_path: Path) -> None:
    for seed in range(2):
        reaching(tmp_path / str(seed), seed, 200)
    reaching(tmp_path / "2", 0, 200, strategy="mirrored")
    assert "mirrored × 2 left out: 1 seed" in found_in(tmp_path).left_out[0]


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ({"until": None}, r"run 1 has no until\.quality"),
        ({"until": 0.8}, r"different targets in one comparison, until\.quality: 0\.9 in run 0"),
        ({"workload": "resnet"}, "different workloads in one comparison, workload: digits_mlp"),
        ({"strategy": "mirrored"}, "no configuration has 2 seeds"),
        ({"seed": 0}, "seed=0 is there more than once"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_does_not_compare_is_refused_in_a_line(
    second: dict[str, object], said: str, tmp_path: Path
) -> None:
    reaching(tmp_path / "0", 0, 200)
    reaching(tmp_path / "1", **{"seed": 1, "steps": 200} | second)  # type: ignore[arg-type]
    with pytest.raises(UserError, match=said) as refused:
        found_in(tmp_path)
    assert "\n" not in str(refused.value)


def test_runs_of_different_machines_are_refused(tmp_path: Path) -> None:
    for seed in range(2):
        run = reaching(tmp_path / str(seed), seed, 200)
        run.write("environment.json", {"cores": 2 + seed})
    with pytest.raises(UserError, match=r"different machines in one fit, cores: 2 in run 0"):
        found_in(tmp_path)
