"""A run's folder between attempts: nothing measured is lost, nothing is mixed up."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from launcher.sweeps import attempts
from results.run_folder import STATUS, SUMMARY, RunFolder
from results.sweep_folder import DONE, FAILED, INTERRUPTED
from tests.results.made_folders import Made, make_run


def test_what_an_attempt_left_is_moved_out_of_the_way_of_the_next(tmp_path: Path) -> None:
    for attempt in (1, 2):
        (tmp_path / "tasks").mkdir()
        (tmp_path / "tasks" / "log.txt").write_text(f"attempt {attempt}")
        attempts.set_aside(tmp_path, attempt)
        assert [entry.name for entry in tmp_path.iterdir()] == ["attempts"]
    logs = [(tmp_path / "attempts" / n / "tasks" / "log.txt").read_text() for n in ("1", "2")]
    assert logs == ["attempt 1", "attempt 2"]


def test_moving_that_was_cut_off_is_finished_in_the_same_place(tmp_path: Path) -> None:
    moved = tmp_path / "attempts" / "1"
    moved.mkdir(parents=True)
    (moved / "status.json").write_text("moved before")
    (tmp_path / "plan.json").write_text("left behind")
    attempts.set_aside(tmp_path, 1)
    assert sorted(entry.name for entry in moved.iterdir()) == ["plan.json", "status.json"]


def test_nothing_is_moved_where_nothing_was_left(tmp_path: Path) -> None:
    attempts.set_aside(tmp_path / "0", 1)
    assert list(tmp_path.iterdir()) == []


def test_finished_run_is_known_by_its_folder_and_its_summary_made_up_for(tmp_path: Path) -> None:
    run = make_run(tmp_path, Made())
    before = run.read(SUMMARY)
    (tmp_path / SUMMARY).unlink()
    ending = attempts.finished(tmp_path)
    assert ending is not None
    assert ending.state == DONE
    assert run.read(SUMMARY) == before
    assert attempts.is_whole(tmp_path)


@pytest.mark.parametrize("text", ["", "{", '{"state": "running"}', '{"state": "done"}'])
def test_folder_without_a_whole_outcome_is_no_finished_run(text: str, tmp_path: Path) -> None:
    (tmp_path / STATUS).write_text(text)
    assert attempts.finished(tmp_path) is None


def test_run_that_failed_is_finished_unless_the_disk_was_full(tmp_path: Path) -> None:
    run = make_run(tmp_path, Made(state=FAILED))
    ending = attempts.finished(tmp_path)
    assert ending is not None
    assert ending.state == FAILED
    run.write(STATUS, {**run.read(STATUS), "cause": {"kind": "disk"}})
    assert attempts.finished(tmp_path) is None


def test_run_whose_launcher_was_killed_does_not_say_running_for_ever(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.write(STATUS, {"state": "running", "started": "2026-11-25T00:00:00+00:00"})
    attempts.mark_interrupted(tmp_path, "the launcher was killed")
    status = run.read(STATUS)
    assert status["state"] == INTERRUPTED
    assert status["reason"] == "the launcher was killed"
    assert status["started"] == "2026-11-25T00:00:00+00:00"


def test_tasks_of_a_killed_launcher_are_waited_for(tmp_path: Path) -> None:
    program = f"log = open({str(tmp_path / 'log.txt')!r}, 'a'); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as task:
        assert task.stdout is not None
        task.stdout.readline()
        assert attempts._leftovers(tmp_path, None) == [task.pid]
        task.kill()
        task.wait()
    began = time.monotonic()
    attempts.wait_for_leftovers(tmp_path, None)
    assert time.monotonic() - began < attempts._LEFTOVER_SECONDS
