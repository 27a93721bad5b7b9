"""What failures cost a run that may go on after them, and that they change nothing that it learns.

    python -m tests.performance.recovery [--repeats 5] [--save]

restart     four workers, one killed: seconds from the kill to the first new step
five kills  the same run with five kills and without: final step, examples by number, loss
stopped     one of three workers stopped: seconds until the run has ended, and who is named
"""

import argparse
import os
import random
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from launcher.session import Session
from results.run_folder import RunFolder
from results.streams import EXAMPLES, STEPS, read_rows
from tests.faults.running import Running, until
from tests.faults.test_restarts import numbers
from tests.performance.record import save

KILLS = 5
STEPS_IN_ALL = 1500
STALL_SECONDS = 5.0


def restart(session: Session, folder: Path) -> float:
    """Seconds from the kill of one of four workers to the end of the first new step."""
    run = Running(
        session,
        folder,
        "strategy=multiworker",
        "workers=4",
        "restarts=1",
        "until.seconds=8",
        "checkpoint.every_steps=50",
        "report=false",
    )
    run.wait_for("chief-0", "checkpoint")
    os.kill(run.pid("worker-1"), signal.SIGKILL)
    killed = time.time()
    outcome = run.end()
    if outcome.state != "done":
        raise SystemExit(f"{outcome.reason}\n{outcome.log_tail}")
    calls = [
        each["time"]
        for each in run.folder.events("chief-0")
        if each["event"] == "first_call_done" and each["time"] > killed
    ]
    return calls[0] - killed


def five_kills(session: Session, folder: Path, strategy: str, workers: int) -> dict[str, Any]:
    """The same run with kills and without."""
    words = (
        f"strategy={strategy}",
        f"workers={workers}",
        f"until.steps={STEPS_IN_ALL}",
        "checkpoint.every_steps=100",
        "measure.examples=true",
        "batch.per_replica=16",
        "report=false",
    )
    plain = Running(session, folder / "plain", *words)
    whole = plain.end()
    run = Running(session, folder / "killed", *words, f"restarts={KILLS}")
    victims = ["chief-0"] if strategy in ("one_device", "mirrored") else ["worker-0", "worker-1"]
    chance = random.Random(0)
    for number in range(KILLS):
        victim = chance.choice(victims)
        until(lambda at=150 + 250 * number: furthest(run.folder) >= at or not run.goes_on())
        starts = run.count(victim, "process_started")
        os.kill(run.pid(victim), signal.SIGKILL)
        run.wait_for(victim, "process_started", starts + 1)
    outcome = run.end()
    if outcome.state != "done" or whole.state != "done":
        raise SystemExit(f"{outcome.reason}\n{outcome.log_tail}")
    summary, expected = outcome.summary or {}, whole.summary or {}
    found = {
        "strategy": strategy,
        "workers": workers,
        "restarts": summary["restarts"],
        "replaced_workers": summary["replaced_workers"],
        "steps": [expected["steps"], summary["steps"]],
        "lost_steps": summary["lost_steps"],
        "repeated_examples": summary["repeated_examples"],
        "goodput_share": [expected["goodput_share"], summary["goodput_share"]],
    }
    if strategy == "parameter_server":
        found["missing_examples"] = missing(run.folder, plain.folder)
    else:
        found["same_examples"] = numbers(run.folder) == numbers(plain.folder)
        found["loss_difference"] = abs(expected["loss_last"] - summary["loss_last"])
    return found


def furthest(folder: RunFolder) -> int:
    """The last step that any task has written down."""
    tables = [read_rows(folder.task_folder(task), STEPS)["step"] for task in folder.tasks()]
    return max((int(np.max(steps.to_numpy())) for steps in tables if len(steps)), default=0)


def missing(killed: RunFolder, plain: RunFolder) -> int:
    """Examples of the undisturbed run that the other never trained on."""

    def of(folder: RunFolder) -> Counter[int]:
        tables = [read_rows(folder.task_folder(task), EXAMPLES) for task in folder.tasks()]
        return Counter(number for table in tables for number in table["number"].to_pylist())

    return len(of(plain).keys() - of(killed).keys())


def stopped(session: Session, folder: Path) -> dict[str, Any]:
    """One worker stopped: seconds from then to the end, and the task named."""
    run = Running(
        session,
        folder,
        "strategy=multiworker",
        "workers=3",
        "until.steps=1000000",
        f"watch.stall_seconds={STALL_SECONDS}",
        "report=false",
    )
    run.wait_for("worker-1", "first_call_done")
    os.kill(run.pid("worker-1"), signal.SIGSTOP)
    began = time.monotonic()
    run.end()
    return {"seconds": time.monotonic() - began, "named": run.cause["task"]}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--repeats", type=int, default=5)
    arguments.add_argument("--save", action="store_true")
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory() as place, Session() as session:
        root = Path(place)
        restarts = [restart(session, root / f"r{number}") for number in range(asked.repeats)]
        print("restart to the first new step, four workers:", [f"{s:.2f} s" for s in restarts])
        stops = [stopped(session, root / f"s{number}") for number in range(asked.repeats)]
        print(f"stopped, watch.stall_seconds={STALL_SECONDS:g}:", stops)
        cells = [("one_device", 1), ("mirrored", 2), ("multiworker", 3), ("parameter_server", 2)]
        killed = []
        for strategy, workers in cells:
            killed.append(five_kills(session, root / strategy, strategy, workers))
            print(killed[-1], flush=True)
    if asked.save:
        measured = {
            "restart_seconds": restarts,
            "stall_seconds": STALL_SECONDS,
            "stopped": stops,
            "five_kills": killed,
        }
        save("recovery", measured)


if __name__ == "__main__":
    main()
