"""Going on after a failure when it is hard: input with a state of its own, one worker only, a
worker that is lost before it did anything or when nothing is to be done, a damaged checkpoint."""

import os
import signal
from collections import Counter

import pytest

from results.streams import EXAMPLES, STEPS, read_rows
from tests.faults.running import until

pytestmark = pytest.mark.ci

COMMON = ("measure.examples=true", "measure.warmup_steps=5", "report=false")


@pytest.fixture
def isolation() -> str:
    """Nothing here depends on it."""
    return "auto"


def kill(run, task):
    os.kill(run.pid(task), signal.SIGKILL)


def kill_at(run, task, step):
    """SIGKILL for the task as soon as a step so far is written down."""

    def beyond():
        tasks = run.folder.tasks()
        tables = [read_rows(run.folder.task_folder(each), STEPS)["step"] for each in tasks]
        return any(len(steps) and steps[-1].as_py() >= step for steps in tables)

    until(beyond)
    kill(run, task)


def trained(folder):
    """How often each example was trained on, by step."""
    found = {}
    for task in folder.tasks():
        table = read_rows(folder.task_folder(task), EXAMPLES).to_pandas()
        for step, of in table.groupby("step"):
            found.setdefault(step, Counter()).update(of.number.tolist())
    return found


@pytest.mark.parametrize(
    "overrides",
    [
        ("strategy=multiworker", "workers=2", "pipeline.cache=disk", "pipeline.sharding=file"),
        ("strategy=central_storage", "workers=2", "pipeline.cache=memory"),
    ],
    ids=" ".join,
)
def test_input_from_a_cache_goes_on_where_it_stood(start, overrides):
    settings = (*COMMON, *overrides, "until.steps=300", "checkpoint.every_steps=60")
    plain = start(*settings, "loop.steps_per_call=7")
    whole = plain.end()
    killed = start(*settings, "loop.steps_per_call=7", "restarts=2")
    kill_at(killed, "chief-0", 20)
    killed.wait_for("chief-0", "process_started", 2)
    killed.wait_for("chief-0", "first_call_done", 2)
    kill(killed, "chief-0")
    outcome = killed.end()
    assert outcome.state == "done", outcome.log_tail
    expected, found = trained(plain.folder), trained(killed.folder)
    assert found.keys() == expected.keys() == set(range(1, 301))
    assert all(found[step].keys() == expected[step].keys() for step in expected)
    summary = outcome.summary
    assert (summary["steps"], summary["examples"]) == (300, whole.summary["examples"])
    assert summary["loss_last"] == pytest.approx(whole.summary["loss_last"], abs=1e-5)
    seen_again = sum(max(each.values()) > 1 for each in found.values())
    assert seen_again <= summary["lost_steps"]


@pytest.mark.parametrize("workers", [1, 2])
def test_worker_lost_in_its_first_call_and_again_and_while_evaluating_leaves_no_gap(start, workers):
    run = start(
        *COMMON,
        "strategy=parameter_server",
        f"workers={workers}",
        "until.steps=700",
        "evaluate.every_steps=300",
        "restarts=3",
    )
    run.wait_for("chief-0", "traced")
    kill(run, "worker-0")
    run.wait_for("worker-0", "cluster_joined", 2)
    kill_at(run, "worker-0", 200)
    run.wait_for("chief-0", "evaluated")
    run.wait_for("worker-0", "cluster_joined", 3)
    kill(run, f"worker-{workers - 1}")
    outcome = run.end()
    assert outcome.state == "done", outcome.log_tail
    summary, steps = outcome.summary, trained(run.folder)
    assert steps.keys() == set(range(1, 701))
    times = sum(steps.values(), Counter())
    epochs, rest = divmod(sum(times.values()), 1_437)
    assert set(times.values()) == {1}
    assert not set(range(epochs * 1_437)) - times.keys()
    assert len([number for number in times if number >= epochs * 1_437]) == rest
    assert (summary["steps"], summary["replaced_workers"]) == (700, 3)
    assert (summary["restarts"], summary["lost_steps"]) == (0, 0)
    repeats = ("handed_out_again", "trained_twice")
    again = [each for each in run.folder.events("chief-0") if each["event"] in repeats]
    assert summary["repeated_examples"] == sum(each["examples"] for each in again)


def test_input_that_cannot_be_saved_skips_ahead_and_the_run_says_so(start):
    own = "workload._target_=tests.strategies.models.with_a_random_state_of_its_own"
    run = start(*COMMON, own, "until.steps=300", "checkpoint.every_steps=60", "restarts=1")
    kill_at(run, "chief-0", 100)
    outcome = run.end()
    assert outcome.state == "done", outcome.log_tail
    assert outcome.summary["steps"] == 300
    assert "could not be saved" in outcome.summary["notes"]
    assert trained(run.folder).keys() == set(range(1, 301))


def test_damaged_checkpoint_is_left_out_with_a_warning(start):
    short = ("until.steps=40", "checkpoint.every_steps=20", "measure.warmup_steps=5")
    first = start(*short, "report=false")
    assert first.end().state == "done"
    data = next((first.folder.path / "checkpoints" / "40").glob("state.data*"))
    data.write_bytes(bytes(100) + data.read_bytes()[100:])
    again = start(*short, "report=false", f"checkpoint.restore={first.folder.path}")
    outcome = again.end()
    assert outcome.state == "done", outcome.log_tail
    assert outcome.summary["steps"] == 20
    assert f"{data.parent}: damaged, left out" in outcome.summary["notes"]
    assert "warning: " in (again.folder.task_folder("chief-0") / "log.txt").read_text()
