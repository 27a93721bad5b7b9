"""A random task killed at a random moment, over all strategies: is it named, how soon, what stays?

    python -m tests.performance.killed_tasks [--kills 100] [--seed 0] [--save]

Each run is killed once by SIGKILL, while it starts, in its first step, in the middle, or while it
saves, isolated and not; every second one has a restart left and must go on to its end.
"""

import argparse
import itertools
import os
import random
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from launcher.session import Session
from results.run_folder import STATUS
from tests.faults.running import Running, pids_printing_to, until
from tests.performance.record import save

STRATEGIES = {
    "one_device": ["chief-0"],
    "mirrored": ["chief-0"],
    "central_storage": ["chief-0"],
    "multiworker": ["chief-0", "worker-0", "worker-1"],
    "parameter_server": ["chief-0", "worker-0", "worker-1", "ps-0"],
}
WORKERS = {"one_device": 1, "mirrored": 2, "central_storage": 2, "multiworker": 3}
PHASES = ("start-up", "first step", "middle", "saving")
ISOLATIONS = ("namespace", "none")
PATIENCE_SECONDS = 60.0


def wait_for_phase(run: Running, phase: str, victim: str, chance: random.Random) -> None:
    """Returns at a random moment of the phase."""
    if phase == "start-up":
        run.pid(victim)
        time.sleep(chance.uniform(0, 1.5))
    elif phase == "first step":
        run.wait_for("chief-0", "traced")
        time.sleep(chance.uniform(0, 0.2))
    elif phase == "middle":
        run.wait_for("chief-0", "first_call_done")
        time.sleep(chance.uniform(0, 1.5))
    else:
        run.wait_for("chief-0", "checkpoint")
        until(lambda: bool(unfinished(run)))


def unfinished(run: Running) -> list[Path]:
    """Checkpoints that are being written."""
    saved = run.folder.path.glob("checkpoints/*")
    return [folder for folder in saved if not (folder / "manifest.json").exists()]


def killed_once(
    session: Session,
    folder: Path,
    strategy: str,
    phase: str,
    isolation: str,
    restarts: int,
    chance: random.Random,
) -> dict[str, Any]:
    """One run and what became of it."""
    victim = chance.choice(STRATEGIES[strategy])
    run = Running(
        session,
        folder,
        f"strategy={strategy}",
        f"workers={WORKERS.get(strategy, 2)}",
        f"isolation={isolation}",
        f"restarts={restarts}",
        "until.seconds=6" if restarts else "until.steps=1000000",
        "checkpoint.every_steps=50",
        "report=false",
    )
    wait_for_phase(run, phase, victim, chance)
    (pid, *_) = pids_printing_to(run.folder.task_folder(victim) / "log.txt")
    os.kill(pid, signal.SIGKILL)
    killed = time.monotonic()
    if restarts:
        recovered = "process_started"
        until(lambda: run.count(victim, recovered) >= 2 or not run.goes_on())
        seconds = time.monotonic() - killed
    outcome = run.end(PATIENCE_SECONDS)
    if not restarts:
        seconds = time.monotonic() - killed
    status = run.folder.read(STATUS)
    causes = [each["cause"] for each in (*status["attempts"], *status["replaced"])]
    named = [cause["task"] for cause in causes if cause is not None]
    return {
        "strategy": strategy,
        "phase": phase,
        "isolation": isolation,
        "restarts": restarts,
        "killed": victim,
        "named": named,
        "state": outcome.state,
        "seconds": seconds,
        "left_behind": run.left_behind(),
    }


def is_well(row: dict[str, Any]) -> bool:
    """Whether the task killed was named, in time, and nothing stayed."""
    expected = "done" if row["restarts"] else "failed"
    return (
        row["named"] == [row["killed"]]
        and row["state"] == expected
        and row["seconds"] <= 5
        and not row["left_behind"]
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--kills", type=int, default=100)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--save", action="store_true")
    asked = arguments.parse_args()
    chance = random.Random(asked.seed)
    cells = itertools.cycle(itertools.product(PHASES, STRATEGIES, ISOLATIONS))
    rows = []
    with tempfile.TemporaryDirectory() as place, Session() as session:
        for number, (phase, strategy, isolation) in zip(range(asked.kills), cells, strict=False):
            folder = Path(place) / str(number)
            restarts = (number // 2 + number // 40) % 2
            row = killed_once(session, folder, strategy, phase, isolation, restarts, chance)
            rows.append(row)
            print(number, "well" if is_well(row) else "NOT WELL", row, flush=True)
    well = sum(map(is_well, rows))
    print(f"{well} of {len(rows)} well; longest {max(row['seconds'] for row in rows):.1f} s")
    print(Counter((row["phase"], row["restarts"]) for row in rows if not is_well(row)))
    if asked.save:
        save("killed_tasks", {"runs": rows})


if __name__ == "__main__":
    main()
