"""What goes wrong in a task's own code is the cause, of the right kind, whatever the peers say."""

import shutil
import socket

import pytest

from launcher.errors import NotApplicable
from results.run_folder import STATUS
from tests.faults.running import Running

pytestmark = pytest.mark.ci

TWO = ("strategy=multiworker", "workers=2", "until.steps=1000000", "report=false")
WORKLOADS = "workload._target_=tests.faults.workloads."


@pytest.mark.parametrize(
    ("workload", "kind", "said"),
    [
        ("raises_in_the_input", "user", "planted in the input"),
        ("leaves_at_once", "user", "left with exit code 3"),
        ("leaves_as_if_well", "user", "left with exit code 0 before the end"),
        ("aborts", "user", "SIGABRT"),
    ],
)
def test_planted_failure_is_the_cause(start, workload, kind, said):
    run = start(*TWO, WORKLOADS + workload)
    assert run.end().state == "failed"
    cause = run.cause
    assert (cause["task"], cause["kind"]) == ("worker-0", kind), cause
    assert said in cause["message"]
    assert set(cause["consequences"]) == {"chief-0"}
    assert run.left_behind() == []


def test_task_that_hangs_in_its_own_code_is_named_with_the_place(start):
    run = start(*TWO, WORKLOADS + "sleeps", "watch.stall_seconds=4")
    assert run.end().state == "failed"
    cause = run.cause
    assert (cause["task"], cause["kind"]) == ("worker-0", "user"), cause
    assert "sleep_for_long" in cause["message"]
    assert "chief-0 waits for it" in cause["message"]


def test_task_that_takes_more_memory_than_its_limit_is_named_with_it(start):
    run = start(*TWO, WORKLOADS + "takes_memory", "watch.memory_mb=1500")
    assert run.end().state == "failed"
    cause = run.cause
    assert (cause["task"], cause["kind"]) == ("worker-0", "memory"), cause
    assert "watch.memory_mb=1500" in cause["message"]
    assert "batch" in cause["message"]


def test_folder_of_a_task_removed_while_it_runs_is_told(start):
    run = start(*TWO)
    run.wait_for("worker-0", "first_call_done")
    shutil.rmtree(run.folder.task_folder("worker-0"))
    assert run.end().state == "failed"
    assert (run.cause["task"], run.cause["kind"]) == ("worker-0", "disk"), run.cause
    assert "was removed while the run went on" in run.cause["message"]
    assert run.left_behind() == []


def test_port_lost_to_somebody_else_starts_the_run_again_by_itself(session, tmp_path, monkeypatch):
    from launcher import cluster_plan

    usual = cluster_plan.choose_addresses
    with socket.create_server(("127.0.0.1", 0)) as taken:
        lost = f"127.0.0.1:{taken.getsockname()[1]}"
        first = iter([True])

        def choose(count, first_port, private):
            found = usual(count, first_port, private)
            return (lost, *found[1:]) if next(first, False) else found

        monkeypatch.setattr(cluster_plan, "choose_addresses", choose)
        short = ("strategy=multiworker", "workers=2", "until.steps=20", "report=false")
        run = Running(session, tmp_path / "run", *short, "isolation=none")
        assert run.end().state == "done"
    attempts = run.folder.read(STATUS)["attempts"]
    assert [each["cause"] and each["cause"]["type"] for each in attempts] == [
        "AddressTakenError",
        None,
    ]


@pytest.mark.alone  # measures nothing, but leaves no core to a test beside it
def test_thirty_two_tasks_on_few_cores_come_to_their_end(session, tmp_path):
    many = ("strategy=multiworker", "workers=32", "until.steps=11", "report=false")
    run = Running(session, tmp_path / "run", *many)
    outcome = run.end(280)
    assert outcome.state == "done", outcome.reason
    assert outcome.summary["examples"] == 11 * 32 * 32
    assert run.left_behind() == []


def test_more_tasks_than_fit_into_memory_are_refused_before_any_starts(session, tmp_path):
    run = Running(session, tmp_path / "run", "strategy=multiworker", "workers=5000")
    with pytest.raises(NotApplicable, match=r"workers=5000: its 5000 tasks need .* GB of memory"):
        run.end()
    assert not (tmp_path / "run" / "tasks").exists()
