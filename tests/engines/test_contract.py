"""Whatever starts the tasks, a person sees the same: the same run folder, a failure named, a run
that goes on from its checkpoint, keeps its state when it is told to stop, and leaves nothing."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from results.run_folder import LOG, PROGRESS, STATUS, SUMMARY
from tests.engines.beds import BEDS, Bed
from tests.faults.commands import LONG
from tests.faults.running import pids_printing_to, until

pytestmark = pytest.mark.ci

SECONDS_TO_LEAVE = 15.0


@pytest.fixture(scope="module", params=BEDS)
def bed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    chosen = BEDS[request.param]
    with chosen.cluster(tmp_path_factory.mktemp(request.param)):
        yield chosen


def test_a_killed_task_is_named_the_run_goes_on_and_stops_with_its_state_kept(
    bed: Bed, tmp_path: Path
) -> None:
    words = (*LONG, "checkpoint.every_steps=50", "restarts=1")
    command = bed.start(tmp_path, "strategy=multiworker", "workers=2", *words)
    run = command.run

    def starts() -> int:
        return sum(each["event"] == "first_call_done" for each in run.events("worker-0"))

    def has_beaten() -> bool:
        """Whether the worker has told how far it is, which it does every so often."""
        return bool((run.read_if_there(f"tasks/worker-0/{PROGRESS}") or {}).get("step"))

    until(
        lambda: (
            starts() == 1 and has_beaten() and list(run.path.glob("checkpoints/*/manifest.json"))
        )
    )
    (pid, *_) = pids_printing_to(run.task_folder("worker-0") / LOG)
    os.kill(pid, signal.SIGKILL)
    until(lambda: starts() == 2 or command.process.poll() is not None)
    command.process.send_signal(signal.SIGINT)
    code, said = command.end(60)

    assert code == 130, said
    assert "worker-0 was killed by somebody else (SIGKILL) after step" in said
    status = run.read(STATUS)
    assert status["state"] == "interrupted"
    first, second = status["attempts"]
    assert (first["cause"]["task"], first["cause"]["signal"]) == ("worker-0", signal.SIGKILL)
    assert second["restored_step"] >= 50
    kept = max(int(each.parent.name) for each in run.path.glob("checkpoints/*/manifest.json"))
    assert kept == run.read(SUMMARY)["steps"] > second["restored_step"]
    for task in ("chief-0", "worker-0"):
        assert run.events(task)[-1]["event"] == "finished"
        assert (run.task_folder(task) / "steps.parquet").is_file()
        assert (run.task_folder(task) / LOG).is_file()
    assert command.all_gone(SECONDS_TO_LEAVE), command.processes()
    assert command.files_left() == []
    assert not list(run.path.glob(".*-*.json"))
