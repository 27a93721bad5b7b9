"""Whatever starts the tasks, a person sees the same: the same run folder, the first failure named
with the end of its log, a run that goes on from its checkpoint, and nothing left behind."""

import os
import signal
from collections.abc import Iterator

import pytest

from results.run_folder import LOG, STATUS
from tests.engines.beds import BEDS, Bed
from tests.faults.commands import LONG
from tests.faults.running import pids_printing_to

pytestmark = pytest.mark.ci

TWO = ("strategy=multiworker", "workers=2", "hydra.run.dir=run", "report=false")
SECONDS_TO_LEAVE = 15.0
SECONDS_TO_NAME = 15.0


@pytest.fixture(scope="module", params=BEDS)
def bed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    chosen = BEDS[request.param]
    with chosen.cluster(tmp_path_factory.mktemp(request.param)):
        yield chosen


def test_a_failure_is_named_and_the_run_goes_on_to_its_end(bed: Bed, tmp_path):
    command = bed.start(
        tmp_path,
        *TWO,
        "workload._target_=tests.faults.workloads.raises_once_in_the_input",
        "until.steps=200",
        "checkpoint.every_steps=100",
        "restarts=1",
    )
    code, said = command.end()
    assert code == 0, said
    status = command.run.read(STATUS)
    assert status["state"] == "done"
    first, second = status["attempts"]
    assert (first["cause"]["task"], first["cause"]["kind"]) == ("worker-0", "user")
    assert "planted in the input" in first["cause"]["message"]
    assert (second["cause"], second["restored_step"]) == (None, 100)
    assert "planted in the input" in (command.run.task_folder("worker-0") / LOG).read_text()
    for task in ("chief-0", "worker-0"):
        assert command.run.events(task)[-1]["event"] == "finished"
        assert (command.run.task_folder(task) / "steps.parquet").is_file()
    assert "examples/s" in said
    assert command.all_gone(SECONDS_TO_LEAVE), command.processes()
    assert command.files_left() == []


def test_a_killed_task_is_named_and_takes_the_others_along(bed: Bed, tmp_path):
    command = bed.start(tmp_path, "strategy=multiworker", "workers=2", *LONG)
    command.wait_for("worker-0", "first_call_done")
    (pid, *_) = pids_printing_to(command.run.task_folder("worker-0") / LOG)
    os.kill(pid, signal.SIGKILL)
    code, said = command.end(SECONDS_TO_NAME + SECONDS_TO_LEAVE)
    assert code == 1, said
    cause = command.run.read(STATUS)["cause"]
    assert (cause["task"], cause["signal"]) == ("worker-0", signal.SIGKILL)
    assert "failed: worker-0: was killed by somebody else (SIGKILL)" in said
    assert command.all_gone(SECONDS_TO_LEAVE), command.processes()
    assert command.files_left() == []


def test_an_interrupted_run_keeps_its_state_and_leaves(bed: Bed, tmp_path):
    command = bed.start(tmp_path, "strategy=multiworker", "workers=2", *LONG)
    command.wait_for("worker-0", "first_call_done")
    command.process.send_signal(signal.SIGINT)
    code, said = command.end(60)
    assert code == 130, said
    assert command.run.read(STATUS)["state"] == "interrupted"
    assert list(command.run.path.glob("checkpoints/*/manifest.json"))
    assert command.all_gone(SECONDS_TO_LEAVE), command.processes()
    assert command.files_left() == []
