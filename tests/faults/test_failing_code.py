"""What goes wrong in a task's own code is the cause, of the right kind, whatever the peers say."""

import pytest

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
    import shutil

    run = start(*TWO)
    run.wait_for("worker-0", "first_call_done")
    shutil.rmtree(run.folder.task_folder("worker-0"))
    assert run.end().state == "failed"
    assert (run.cause["task"], run.cause["kind"]) == ("worker-0", "disk"), run.cause
    assert "was removed while the run went on" in run.cause["message"]
    assert run.left_behind() == []
