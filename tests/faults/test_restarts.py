"""With restarts, a run goes on after a failure as if nothing had been: no example is missed."""

import os
import signal

import numpy as np
import pytest
import tensorflow as tf

from results.run_folder import STATUS
from results.streams import EXAMPLES, STEPS, read_rows
from tests.faults.running import until

pytestmark = pytest.mark.ci

COMMON = (
    "until.steps=400",
    "checkpoint.every_steps=40",
    "measure.examples=true",
    "batch.per_replica=16",
    "report=false",
)
SYNCHRONOUS = [
    pytest.param(("strategy=one_device",), id="one_device"),
    pytest.param(
        ("strategy=mirrored", "workers=2"), id="mirrored", marks=pytest.mark.figures
    ),  # as one_device, with several replicas; central_storage in test_going_on.py has them too
    pytest.param(("strategy=multiworker", "workers=2"), id="multiworker"),
]


def numbers(folder):
    """Which examples each step trained on; of a step made twice, the last time."""
    found = {}
    for task in folder.tasks():
        table = read_rows(folder.task_folder(task), EXAMPLES).to_pandas()
        table["part"] = (table.step.diff() < 0).cumsum()
        last = table.groupby("step").part.transform("max")
        for step, of in table[table.part == last].groupby("step"):
            found.setdefault(step, []).extend(of.number)
    return {step: sorted(of) for step, of in found.items()}


def variables(folder):
    served = tf.saved_model.load(str(folder.path / "model"))
    return [variable.numpy() for variable in served.variables_of_model]


def kill_once_at(run, task, step):
    """SIGKILL for the task once it has come beyond that step."""

    def beyond():
        rows = read_rows(run.folder.task_folder(task), STEPS)
        return len(rows) and int(rows["step"][-1].as_py()) >= step

    until(beyond)
    os.kill(run.pid(task), signal.SIGKILL)


@pytest.mark.parametrize("overrides", SYNCHRONOUS)
def test_synchronous_run_that_was_killed_ends_as_one_that_was_not(start, overrides):
    plain = start(*overrides, *COMMON)
    assert plain.end().state == "done"
    killed = start(*overrides, *COMMON, "restarts=2")
    victim = "worker-0" if "strategy=multiworker" in overrides else "chief-0"
    kill_once_at(killed, victim, 60)
    kill_once_at(killed, "chief-0", 200)
    outcome = killed.end()
    assert outcome.state == "done", outcome.log_tail
    status = killed.folder.read(STATUS)
    assert [each["cause"] and each["cause"]["task"] for each in status["attempts"]] == [
        victim,
        "chief-0",
        None,
    ]
    assert all(each["restored_step"] % 40 == 0 for each in status["attempts"][1:])
    assert outcome.summary["steps"] == 400
    assert outcome.summary["restarts"] == 2
    assert outcome.summary["restart_seconds"] > 0
    assert 0 < outcome.summary["goodput_share"] < 1
    assert numbers(killed.folder) == numbers(plain.folder)
    for one, other in zip(variables(plain.folder), variables(killed.folder), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    assert killed.left_behind() == []


def test_worker_of_a_coordinator_is_replaced_alone_and_no_example_is_missed(start):
    run = start("strategy=parameter_server", "workers=2", *COMMON, "restarts=2")
    kill_once_at(run, "worker-1", 60)
    run.wait_for("worker-1", "process_started", 2)
    kill_once_at(run, "worker-0", 120)
    outcome = run.end()
    assert outcome.state == "done", outcome.log_tail
    status = run.folder.read(STATUS)
    assert [each["task"] for each in status["replaced"]] == ["worker-1", "worker-0"]
    assert len(status["attempts"]) == 1
    trained = [
        number
        for task in run.folder.tasks()
        for number in read_rows(run.folder.task_folder(task), EXAMPLES)["number"].to_pylist()
    ]
    first = 400 * 16
    examples = status["train_examples"]
    epochs, rest = divmod(first, examples)
    assert {number for number in trained if number < epochs * examples} == set(
        range(epochs * examples)
    )
    assert len({number for number in trained if number >= epochs * examples}) >= rest
    assert run.left_behind() == []


def test_lost_server_is_restored_with_all_from_the_newest_checkpoint(start):
    run = start("strategy=parameter_server", "workers=2", *COMMON, "restarts=1")
    run.wait_for("chief-0", "checkpoint", 2)
    os.kill(run.pid("ps-0"), signal.SIGKILL)
    outcome = run.end()
    assert outcome.state == "done", outcome.log_tail
    attempts = run.folder.read(STATUS)["attempts"]
    assert attempts[0]["cause"]["task"] == "ps-0"
    assert attempts[1]["restored_step"] >= 80
    assert outcome.summary["steps"] >= 400


def test_no_more_restarts_than_were_asked_for(start):
    workload = "workload._target_=tests.faults.workloads.leaves_at_once"
    run = start("strategy=multiworker", "workers=2", *COMMON, "restarts=1", workload)
    assert run.end().state == "failed"
    assert len(run.folder.read(STATUS)["attempts"]) == 2
