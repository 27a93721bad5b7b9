"""A task that is killed, stopped, or leaves is named, the run ends soon, and nothing stays."""

import os
import signal

import psutil
import pytest

from tests.faults.running import until

pytestmark = pytest.mark.ci

LONG = ("until.steps=1000000", "report=false")
TWO = ("strategy=multiworker", "workers=2", *LONG)
SERVED = ("strategy=parameter_server", "workers=2", *LONG)
SECONDS_TO_DIE = 10.0


both_ways = pytest.mark.parametrize("isolation", ["namespace", "none"])
"""In CI too: these leave most to be cleaned up."""


@both_ways
@pytest.mark.parametrize("victim", ["chief-0", "worker-0"])
def test_killed_task_of_a_synchronous_run_is_the_cause(start, victim):
    run = start(*TWO)
    run.wait_for(victim, "first_call_done")
    os.kill(run.pid(victim), signal.SIGKILL)
    outcome = run.end()
    assert outcome.state == "failed"
    assert (run.cause["task"], run.cause["signal_name"]) == (victim, "SIGKILL")
    assert set(run.cause["consequences"]) == {"chief-0", "worker-0"} - {victim}
    assert run.left_behind() == []


@pytest.mark.parametrize("victim", ["chief-0", "worker-1", "ps-0"])
def test_killed_task_of_a_coordinators_cluster_is_the_cause(start, victim):
    run = start(*SERVED)
    run.wait_for("chief-0", "first_call_done")
    os.kill(run.pid(victim), signal.SIGKILL)
    assert run.end().state == "failed"
    assert (run.cause["task"], run.cause["signal_name"]) == (victim, "SIGKILL")
    assert run.left_behind() == []


def test_task_killed_while_it_starts_is_the_cause(start):
    run = start(*TWO)
    os.kill(run.pid("worker-0"), signal.SIGKILL)
    assert run.end().state == "failed"
    assert (run.cause["task"], run.cause["signal_name"]) == ("worker-0", "SIGKILL")
    assert run.left_behind() == []


def test_stopped_task_ends_the_run_and_is_named(start):
    stall_seconds = 5
    run = start(*TWO, f"watch.stall_seconds={stall_seconds}")
    run.wait_for("worker-0", "first_call_done")
    os.kill(run.pid("worker-0"), signal.SIGSTOP)
    assert run.end().state == "failed"
    assert run.cause["task"] == "worker-0"
    assert "stopped by a signal" in run.cause["message"]
    assert "chief-0 waits for it" in run.cause["message"]
    for task in ("chief-0", "worker-0"):
        assert "most recent call first" in run.folder.log_tail(task, 1000)
    assert run.left_behind() == []


def test_task_told_to_leave_by_somebody_else_keeps_the_state_and_is_named(start):
    run = start(*TWO)
    run.wait_for("worker-0", "first_call_done")
    os.kill(run.pid("worker-0"), signal.SIGTERM)
    assert run.end().state == "interrupted"
    assert (run.cause["task"], run.cause["kind"]) == ("worker-0", "preempted")
    assert list(run.folder.path.glob("checkpoints/*/manifest.json"))
    assert run.left_behind() == []


@both_ways
def test_leader_of_a_run_that_is_killed_takes_the_tasks_with_it_and_is_told(start, session):
    run = start(*TWO)
    run.wait_for("worker-0", "first_call_done")
    os.kill(psutil.Process(run.pid("worker-0")).ppid(), signal.SIGKILL)
    assert run.end().state == "failed"
    assert "leads the tasks" in run.cause["message"]
    until(lambda: run.left_behind() == [], SECONDS_TO_DIE)
    again = start(*TWO[:-2], "until.steps=20", "report=false")
    assert again.end().state == "done"


@both_ways
def test_server_that_is_killed_ends_its_run_and_the_next_run_has_another(start, session):
    run = start(*TWO)
    run.wait_for("worker-0", "first_call_done")
    leader = psutil.Process(run.pid("worker-0")).parent()
    forked = [each for each in leader.parents() if "launcher.engines.server" in each.cmdline()]
    forked[-1].kill()
    assert run.end().state == "failed"
    until(lambda: run.left_behind() == [], SECONDS_TO_DIE)
    again = start(*TWO[:-2], "until.steps=20", "report=false")
    assert again.end().state == "done"
