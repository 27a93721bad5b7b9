"""Runs on emulated hosts: never mixed with others, and with cores of their own where there are
enough. The machine has two."""

from pathlib import Path

import pytest

import results
from benchmarks.planning import ways_of
from benchmarks.scaling import fits_of
from benchmarks.scaling.reading import groups_of
from tests.benchmarks.made_scaling import ACCELERATOR, ring, runs, write

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
