"""Runs on emulated hosts: never mixed with others, and with cores of their own where there are
enough. The machine has two."""

from pathlib import Path

import pytest

import results
from benchmarks.__main__ import main
from benchmarks.planning import ways_of
from benchmarks.scaling import fits_of
from benchmarks.scaling.reading import groups_of
from results.run_folder import PLAN, RunFolder
from tests.benchmarks.made_scaling import ACCELERATOR, MBIT, ring, runs, write

_CORES = "emulate.hosts.cores"


def test_runs_on_hosts_of_different_sizes_and_on_none_are_fits_of_their_own(tmp_path: Path) -> None:
    frame = runs(ring, workers=(1, 2), mbit=(None,), **{ACCELERATOR: None})
    frame[_CORES] = [None, 0.5, 1.0] * (len(frame) // 3)
    groups = groups_of(results.load(write(frame, tmp_path)))
    told = {group.varied: {point.cell.host_cores for point in group.points} for group in groups}
    assert told == {f"{_CORES}=null": {None}, f"{_CORES}=0.5": {0.5}, f"{_CORES}=1.0": {1.0}}


@pytest.mark.parametrize(
    ("strategy", "host_cores", "shared"),
    [
        ("multiworker", None, {1: 2, 2: 2, 4: 2}),
        ("multiworker", 0.5, {1: None, 2: None, 4: None}),
        ("multiworker", 1.0, {1: None, 2: None, 4: 2}),
        ("parameter_server", 0.5, {1: None, 2: None, 4: 2}),
        ("mirrored", 0.5, {1: 0.5, 2: 0.5, 4: 0.5}),
        ("mirrored", 8.0, {1: 2, 2: 2, 4: 2}),
    ],
)
def test_tasks_share_what_their_hosts_do_not_have_for_themselves(
    tmp_path: Path, strategy: str, host_cores: float | None, shared: dict[int, float | None]
) -> None:
    frame = runs(ring, workers=(1, 2, 4), mbit=(None,), strategy=strategy, **{_CORES: host_cores})
    (group,) = groups_of(results.load(write(frame, tmp_path)))
    found = {point.cell.workers: point.cell.shared_cores for point in group.points}
    assert found == shared


def test_tasks_on_hosts_of_their_own_stand_for_a_machine_each(tmp_path: Path) -> None:
    asked = {ACCELERATOR: None, _CORES: 4.0, "emulated": "hosts of 4 cores each"}
    frame = runs(ring, workers=(1, 2), mbit=(None,), **asked)
    (way,) = ways_of(fits_of(results.load(write(frame, tmp_path))))
    assert [count for count, _ in way.on_one] == [1]
    assert way.measured_across == {2}
    assert way.emulated == "hosts of 4 cores each"


@pytest.mark.parametrize(("host_cores", "shared"), [(None, 2), (0.5, None)])
def test_a_way_tells_of_cores_that_workers_shared_and_a_plan_gives_to_each(
    tmp_path: Path, host_cores: float | None, shared: float | None
) -> None:
    frame = runs(ring, workers=(1, 2), mbit=(None,), **{_CORES: host_cores})
    (way,) = ways_of(fits_of(results.load(write(frame, tmp_path))))
    assert way.shared_cores == shared


@pytest.mark.parametrize(("emulated", "cost"), [(True, "$2.00"), (False, "$1.00")])
def test_each_emulated_host_is_billed_as_a_machine_which_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], emulated: bool, cost: str
) -> None:
    write(runs(ring, workers=(2,), mbit=(None,), repeats=1, total_seconds=3600.0), tmp_path)
    folder = RunFolder(tmp_path / "0")
    tasks = [
        {"address": f"127.0.0.1:{port}", "host": {"address": host} if emulated else None}
        for port, host in ((10000, "10.77.0.1"), (10001, "10.77.0.2"))
    ]
    folder.write(PLAN, {**folder.read(PLAN), "tasks": tasks})
    assert main(["cost", f"folder={tmp_path}", "usd_per_hour=1"]) == 0
    printed = capsys.readouterr().out
    assert f"1 run: {cost}, " in printed
    assert ("Each emulated host is billed as a machine of its own." in printed) == emulated


def test_what_several_runs_emulated_is_told_once(tmp_path: Path) -> None:
    frame = runs(ring, workers=(1, 2), mbit=(200.0, 1000.0), repeats=1)
    told = [
        f"accelerators of 1,000 examples/s each, a network of {mbit:g} Mbit/s"
        for mbit in frame[MBIT]
    ]
    (group,) = groups_of(results.load(write(frame.assign(emulated=told), tmp_path)))
    assert group.emulated == (
        "accelerators of 1,000 examples/s each, a network of 1000 Mbit/s, a network of 200 Mbit/s"
    )
