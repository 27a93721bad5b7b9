"""Sweeps that are cut off, that run out of time or fail: real launchers, real signals."""

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from results.streams import STEPS, read_rows
from results.sweep_folder import (
    DONE,
    FAILED,
    INTERRUPTED,
    NOT_APPLICABLE,
    RUNNING,
    STOPPED,
    WAITING,
    Journal,
    is_sweep,
    read_journal,
)
from tests.launcher.command_line import launch
from tests.launcher.test_endings import start

pytestmark = pytest.mark.ci

_SHORT = ("until.steps=20", "report=false", "quiet.seconds=0")
_LONG = ("until.steps=1000000", "report=false", "quiet.seconds=0")
_FOLDER = "hydra.sweep.dir=s"
_WORKLOADS = """
import os
from benchmarks.workloads.digits_mlp import workload as digits

def fails(**given):
    raise ValueError("mine")

def fails_at_first(**given):
    if not os.path.exists("tried"):
        open("tried", "w").close()
        raise ValueError("mine, once")
    return digits(**given)
"""


def wait_for_run(folder: Path, run: int | str, process: subprocess.Popen[str]) -> None:
    """Returns when the tasks of this run of the sweep have made their first steps."""
    events = folder / str(run) / "tasks" / "chief-0" / "events.jsonl"
    limit = time.monotonic() + 120
    while not (events.exists() and "first_call_done" in events.read_text()):
        assert process.poll() is None
        assert time.monotonic() < limit
        time.sleep(0.05)


def wait_for_rows(task: Path) -> None:
    """Returns when steps of this task are on the disk."""
    limit = time.monotonic() + 60
    while not read_rows(task, STEPS).num_rows:
        assert time.monotonic() < limit
        time.sleep(0.2)


def states(journal: Journal) -> list[str]:
    return [run.state for run in sorted(journal.runs, key=lambda run: run.number)]


def test_sweep_that_was_killed_goes_on_where_it_stopped(tmp_path):
    command = start(tmp_path, "-m", "seed=1,2", *_SHORT[1:], "until.seconds=6", _FOLDER)
    sweep = tmp_path / "s"
    wait_for_run(sweep, 1, command)
    wait_for_rows(sweep / "1" / "tasks" / "chief-0")
    command.kill()
    command.communicate()
    assert states(read_journal(sweep)) == [DONE, RUNNING]
    first = (sweep / "0" / "summary.json").read_bytes()
    changed = launch(tmp_path, "resume=s", "until.seconds=2")
    assert changed.returncode == 2
    assert "until.seconds=2" in changed.stderr
    assert "was 6" in changed.stderr
    assert len(changed.stderr.splitlines()) == 1
    assert states(read_journal(sweep)) == [DONE, RUNNING]

    resumed = launch(tmp_path, "resume=s")
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert "run 1, attempt 2: seed=2" in resumed.stdout
    assert states(read_journal(sweep)) == [DONE, DONE]
    assert (sweep / "0" / "summary.json").read_bytes() == first
    attempt = json.loads((sweep / "1" / "attempts" / "1" / "status.json").read_text())
    assert attempt["state"] == INTERRUPTED
    assert read_rows(sweep / "1" / "attempts" / "1" / "tasks" / "chief-0", STEPS).num_rows > 0
    assert (sweep / "report.html").is_file()

    again = launch(tmp_path, "-m", "seed=1,2", *_SHORT[1:], "until.seconds=6", "resume=s")
    assert again.returncode == 0, again.stderr
    assert "run 1, attempt" not in again.stdout


def test_ctrl_c_ends_a_sweep_and_a_launcher_without_words_goes_on(tmp_path):
    words = ("-m", "seed=1,2", "until.seconds=5", "report=false", "quiet.seconds=0")
    command = start(tmp_path, *words)
    limit = time.monotonic() + 60
    while not (found := [path for path in tmp_path.glob("multirun/*/*") if is_sweep(path)]):
        assert time.monotonic() < limit
        time.sleep(0.1)
    (sweep,) = found
    wait_for_run(sweep, 0, command)
    second = launch(tmp_path, f"resume={sweep}")
    assert second.returncode == 2
    assert f"process {command.pid}" in second.stderr
    assert len(second.stderr.splitlines()) == 1
    command.send_signal(signal.SIGINT)
    said, _ = command.communicate(timeout=120)
    assert command.returncode == 130, said
    assert f"resume={sweep.relative_to(tmp_path)}" in said
    assert read_journal(sweep).state == INTERRUPTED
    for run in read_journal(sweep).runs:
        if run.state == WAITING:
            assert not (sweep / run.folder).exists()
            continue
        status = json.loads((sweep / run.folder / "status.json").read_text())
        assert status["state"] == run.state
    resumed = launch(tmp_path, f"resume={sweep}")
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert states(read_journal(sweep)) == [DONE, DONE]


def test_run_that_fails_is_tried_again_and_does_not_end_the_sweep(tmp_path):
    (tmp_path / "mine.py").write_text(_WORKLOADS)
    targets = "workload._target_=mine.fails,mine.fails_at_first"
    ended = launch(tmp_path, "-m", targets, *_SHORT, "sweep.retries=1", _FOLDER)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    journal = read_journal(tmp_path / "s")
    assert states(journal) == [FAILED, DONE]
    assert [(run.attempts, run.failures) for run in journal.runs] == [(2, 2), (2, 1)]
    before = json.loads((tmp_path / "s" / "1" / "attempts" / "1" / "status.json").read_text())
    assert "mine, once" in before["reason"]
    assert json.loads((tmp_path / "s" / "0" / "status.json").read_text())["state"] == FAILED


def test_sweep_stops_at_the_first_failure_where_it_is_asked_to(tmp_path):
    (tmp_path / "mine.py").write_text(_WORKLOADS)
    targets = "workload._target_=mine.fails,benchmarks.workloads.digits_mlp.workload"
    ended = launch(tmp_path, "-m", targets, *_SHORT, "sweep.stop_on_failure=true", _FOLDER)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    journal = read_journal(tmp_path / "s")
    assert states(journal) == [FAILED, WAITING]
    assert journal.state == STOPPED
    assert "sweep.stop_on_failure" in ended.stderr.splitlines()[-1]


def test_run_that_takes_too_long_has_failed_and_keeps_what_it_measured(tmp_path):
    words = ("strategy=mirrored", "workers=1,2", *_LONG, "sweep.timeout_minutes=0.25")
    ended = launch(tmp_path, "-m", *words, _FOLDER)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert states(read_journal(tmp_path / "s")) == [FAILED, FAILED]
    status = json.loads((tmp_path / "s" / "1" / "status.json").read_text())
    assert status["state"] == FAILED
    assert "sweep.timeout_minutes=0.25" in status["reason"]
    assert json.loads((tmp_path / "s" / "1" / "summary.json").read_text())["steps"] > 0


def test_sweep_ends_where_the_next_run_would_not_fit(tmp_path):
    words = ("until.seconds=3", "report=false", "quiet.seconds=0", "repeat=50")
    ended = launch(tmp_path, "-m", "seed=1,2", *words, f"sweep.hours={15 / 3600}", _FOLDER)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    journal = read_journal(tmp_path / "s")
    assert journal.state == STOPPED
    assert 1 <= journal.count(DONE) < 10
    assert journal.count(DONE) + journal.count(WAITING) == 100
    by_cell = [
        sum(run.cell == cell and run.state == DONE for run in journal.runs) for cell in (0, 1)
    ]
    assert abs(by_cell[0] - by_cell[1]) <= 1
    assert "sweep.hours=" in ended.stderr.splitlines()[-1]


def test_second_measurement_is_refused_or_queues(tmp_path):
    command = start(tmp_path, *_LONG, "hydra.run.dir=one")
    wait_for_run(tmp_path, "one", command)
    refused = launch(tmp_path, *_SHORT, "hydra.run.dir=two")
    assert refused.returncode == 2
    assert f"process {command.pid}" in refused.stderr
    assert "wait=true" in refused.stderr
    assert not (tmp_path / "two").exists()
    queued = start(tmp_path, *_SHORT, "hydra.run.dir=two", "wait=true")
    assert queued.stdout.readline().startswith("waiting: ")
    assert not (tmp_path / "two").exists()
    command.send_signal(signal.SIGINT)
    assert command.wait(60) == 130
    said, _ = queued.communicate(timeout=120)
    assert queued.returncode == 0, said


def test_sweep_where_all_that_applies_is_done_is_well_and_its_folder_not_swept_again(tmp_path):
    well = launch(tmp_path, "-m", *_SHORT, "workers=1,2", _FOLDER)
    assert well.returncode == 0, well.stdout + well.stderr
    assert states(read_journal(tmp_path / "s")) == [DONE, NOT_APPLICABLE]
    before = (tmp_path / "s" / "sweep.json").read_bytes()
    again = launch(tmp_path, "-m", *_SHORT, "seed=2", _FOLDER)
    assert again.returncode == 2
    assert "resume=s" in again.stderr
    assert len(again.stderr.splitlines()) == 1
    assert (tmp_path / "s" / "sweep.json").read_bytes() == before
