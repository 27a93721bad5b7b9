"""What a run is measured in: a quiet machine, room on the disk, a limit of time."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from launcher import disk, marks, memory, quiet
from launcher.deadline import Deadline
from launcher.errors import NotApplicable
from launcher.run import Outcome
from launcher.session import Interrupts
from results.run_folder import STATUS, SUMMARY
from results.sweep_folder import FAILED, INTERRUPTED
from tests.launcher.command_line import REPOSITORY
from tests.results.made_folders import Made, make_run
from tests.runs import experiment

_LOOK = "from launcher import quiet; print(quiet.wait_until_quiet(0.0))"


@pytest.mark.alone
def test_machine_whose_cores_compute_for_others_is_not_quiet() -> None:
    spin = [sys.executable, "-c", "while True: pass"]
    others = [subprocess.Popen(spin) for _ in os.sched_getaffinity(0)]
    try:
        looked = subprocess.run(
            [sys.executable, "-c", _LOOK],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=True,
        )
    finally:
        for process in others:
            process.kill()
            process.wait()
    assert quiet.BUSY_SHARE < float(looked.stdout) <= 1


@pytest.mark.alone
def test_noisy_machine_is_waited_for_no_longer_than_asked(monkeypatch) -> None:
    monkeypatch.setattr(quiet, "BUSY_SHARE", -1.0)
    assert quiet.wait_until_quiet(0.5) is not None
    assert quiet.wait_until_quiet(3600.0, interrupted=lambda: True) is None


def test_quiet_machine_is_not_waited_for(monkeypatch) -> None:
    monkeypatch.setattr(quiet, "BUSY_SHARE", 1.0)
    assert quiet.wait_until_quiet(3600.0) is None


@pytest.mark.alone
def test_run_that_began_on_a_busy_machine_says_so_beside_its_figures(tmp_path: Path) -> None:
    run = make_run(tmp_path, Made())
    summary = run.read(SUMMARY)
    outcome = marks.busy(tmp_path, Outcome("done", None, summary=summary), 0.45)
    assert run.read(STATUS)["busy_share"] == 0.45
    assert "45% of its cores" in run.read(SUMMARY)["notes"]
    assert outcome.summary is not None
    assert outcome.summary["examples_per_second"] == summary["examples_per_second"]


def test_run_that_was_ended_by_the_limit_has_failed_and_keeps_its_figures(tmp_path: Path) -> None:
    run = make_run(tmp_path, Made(state=INTERRUPTED))
    summary = run.read(SUMMARY)
    outcome = marks.failed(tmp_path, Outcome(INTERRUPTED, None, summary=summary), "took longer")
    assert outcome.state == run.read(STATUS)["state"] == run.read(SUMMARY)["state"] == FAILED
    assert run.read(STATUS)["reason"] == "took longer"
    assert run.read(SUMMARY)["steps"] == summary["steps"]


def test_limit_interrupts_as_a_person_does_and_takes_it_back() -> None:
    interrupts = Interrupts()
    with Deadline(interrupts, 0.01) as deadline:
        limit = time.monotonic() + 60
        while not interrupts.count:
            assert time.monotonic() < limit
            time.sleep(0.01)
        assert deadline.passed
        interrupts.count += 1  # a person's own
    assert interrupts.count == 1


def test_run_within_its_limit_is_left_alone() -> None:
    interrupts = Interrupts()
    with Deadline(interrupts, 3600.0) as deadline:
        pass
    assert not deadline.passed
    assert interrupts.count == 0


def test_disk_without_room_for_a_run_is_told_before_the_run(tmp_path: Path) -> None:
    disk.check_room(tmp_path, 0)
    with pytest.raises(disk.DiskFull, match=r"MB are free, a run needs up to"):
        disk.check_room(tmp_path, 10**18)


def test_full_disk_is_known_by_its_cause() -> None:
    try:
        try:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "status.json")
        except OSError as error:
            raise RuntimeError("while writing") from error
    except RuntimeError as error:
        found = disk.full_disk(error)
    assert str(found) == "the disk is full (status.json); make space"
    assert disk.full_disk(OSError(errno.EACCES, "no")) is None


def test_size_of_a_folder_is_what_its_files_take(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights").write_bytes(b"1" * 1_000_000)
    assert 1_000_000 <= disk.used_bytes(tmp_path) < 1_200_000


def test_tasks_that_dont_fit_into_the_memory_of_their_host_are_refused_with_its_name() -> None:
    asked = experiment("strategy=multiworker", "workers=3")
    hosts = {
        "a": {"tasks": ["chief-0"], "free_bytes": 1.5e9},
        "b": {"tasks": ["worker-0", "worker-1"], "free_bytes": 1.5e9},
    }
    memory.check(asked, 700_000_000, hosts)
    with pytest.raises(NotApplicable, match=r"^workers=3: the 2 tasks on host b need 1\.6 GB"):
        memory.check(asked, 800_000_000, hosts)
    with pytest.raises(NotApplicable, match=r"^workers=3: its 3 tasks need .*give a smaller model"):
        memory.check(asked, 10**15)
