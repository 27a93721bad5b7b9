"""A run that several launchers made, one after the other, is one run with several starts."""

import dataclasses
from pathlib import Path
from typing import Any

from launcher.causes import Cause
from launcher.earlier import BEGUN, Attempt, earlier_starts, failures
from launcher.failure_kinds import PLATFORM, PREEMPTED
from results.run_folder import STATUS, RunFolder, as_json
from tests.results.made_folders import Made, make_run

LOST = Cause(task="worker-0", kind=PLATFORM, message="was lost with its host n3")
ROOM = Cause(task="chief-0", kind=PREEMPTED, message="was told to leave")


def attempt(cause: Cause | None, started: float = 100.0) -> Attempt:
    return Attempt(started=started, ended=started + 10, cause=cause, restored_step=None)


def written(folder: Path, **status: Any) -> RunFolder:
    run = RunFolder(folder)
    told = {"started": "2026-11-25T02:44:36.000+00:00", "tasks_started": 100.0, **status}
    run.write(STATUS, as_json(told))
    return run


def record(made: Attempt) -> dict[str, Any]:
    return dataclasses.asdict(made)


def test_a_run_that_never_started_tasks_has_no_earlier_start(tmp_path):
    assert earlier_starts(RunFolder(tmp_path)) is None
    RunFolder(tmp_path).write(STATUS, {"state": "failed", "reason": "refused"})
    assert earlier_starts(RunFolder(tmp_path)) is None


def test_starts_come_back_as_they_were_written(tmp_path):
    starts = (attempt(LOST), attempt(None, 120.0))
    run = written(tmp_path, state="interrupted", attempts=[record(each) for each in starts])
    found = earlier_starts(run)
    assert found is not None
    assert found.attempts == starts
    assert (found.started[:10], found.tasks_started) == ("2026-11-25", 100.0)


def test_a_start_that_nobody_saw_the_end_of_ended_with_its_last_sign_of_life(tmp_path):
    begun = {"started": 150.0, "restored_step": 200}
    run = written(tmp_path, state="running", attempts=[record(attempt(LOST))], **{BEGUN: begun})
    run.write("tasks/chief-0/progress.json", {"step": 300})
    sign = (tmp_path / "tasks/chief-0/progress.json").stat().st_mtime
    found = earlier_starts(run)
    assert found is not None
    first, last = found.attempts
    assert first.cause == LOST
    assert (last.started, last.ended, last.restored_step) == (150.0, sign, 200)
    assert last.cause is not None
    assert last.cause.kind == PREEMPTED


def test_making_room_for_others_is_no_failure():
    assert failures([attempt(LOST), attempt(None), attempt(ROOM), attempt(LOST)]) == 2


def test_a_start_whose_failure_was_written_down_is_not_counted_twice(tmp_path):
    found = earlier_starts(written(tmp_path, state="running", attempts=[record(attempt(LOST))]))
    assert found is not None
    assert found.attempts == (attempt(LOST),)


def test_a_run_of_one_start_reads_as_before(tmp_path):
    run = make_run(tmp_path / "run", Made(), tasks_started=1.0)
    found = earlier_starts(run)
    assert found is not None
    assert found.attempts == ()
