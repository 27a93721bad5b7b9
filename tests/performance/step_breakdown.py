"""Where a step goes under every strategy, and what is left over.

    python -m tests.performance.step_breakdown [--steps 400] [--repeats 3] [--save]

Every workload under each strategy that this machine has devices for; those whose steps are long
take fewer of them. Printed are the parts of a measured step in percent, the mean over tasks, then
what lies in no step (of the wall time from the first measured step to the last, the most of any
task).
"""

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.breakdown import PARTS
from launcher.session import Session
from results.run_folder import BREAKDOWN
from tests.performance.record import save
from tests.runs import run

WORKLOADS = {"digits_mlp": 1.0, "embedding": 1.0, "jpeg_cnn": 1.0, "byte_lm": 0.5, "resnet": 0.15}
"""Of the steps that are asked for, how many each takes."""
STRATEGIES = {
    "one_device": 1,
    "mirrored": 2,
    "central_storage": 2,
    "multiworker": 2,
    "parameter_server": 2,
}
"""How many workers of each."""


@dataclass(frozen=True)
class Cell:
    """Of one strategy and workload, medians over repeats; a part that is not known is None."""

    strategy: str
    workload: str
    step_ms: float
    shares: dict[str, float | None]
    unaccounted: float


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--steps", type=int, default=400)
    arguments.add_argument("--repeats", type=int, default=3)
    arguments.add_argument("--save", action="store_true")
    asked = arguments.parse_args()
    rounds: dict[tuple[str, str], list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as place, Session() as session:
        for repeat in range(asked.repeats):
            for workload, share in WORKLOADS.items():
                for strategy in STRATEGIES:
                    folder = Path(place) / f"{strategy}-{workload}-{repeat}"
                    steps = int(share * asked.steps)
                    found = tasks_of(session, folder, strategy, workload, steps)
                    rounds.setdefault((strategy, workload), []).append(found)
    cells = [cell(*key, found) for key, found in rounds.items()]
    heads = "".join(f"{part:>11}" for part in PARTS)
    print(f"{'strategy':18}{'workload':12}{'ms a step':>10}{heads}{'in no step':>12}   (%)")
    for each in cells:
        told = "".join(f"{_percent(each.shares[part]):>11}" for part in PARTS)
        head = f"{each.strategy:18}{each.workload:12}{each.step_ms:10.2f}"
        print(f"{head}{told}{_percent(each.unaccounted):>12}")
    if asked.save:
        conditions = {"steps": asked.steps, "shares": WORKLOADS, "repeats": asked.repeats}
        save("step_breakdown", conditions | {"cells": cells})


def tasks_of(
    session: Session, folder: Path, strategy: str, workload: str, steps: int
) -> dict[str, Any]:
    """`StepParts` by task of one run."""
    outcome, run_folder = run(
        session,
        folder,
        f"strategy={strategy}",
        f"workers={STRATEGIES[strategy]}",
        f"workload={workload}",
        f"until.steps={steps}",
    )
    if outcome.state != "done":
        raise SystemExit(f"{strategy}, {workload}: {outcome.reason}\n{outcome.log_tail}")
    tasks: dict[str, Any] = run_folder.read(BREAKDOWN)["tasks"]
    return tasks


def cell(strategy: str, workload: str, runs: list[dict[str, Any]]) -> Cell:
    def shares(part: str) -> float | None:
        """Median over runs of the mean over tasks."""
        if any(of[part] is None for tasks in runs for of in tasks.values()):
            return None
        means = [np.mean([of[part] / of["step"] for of in tasks.values()]) for tasks in runs]
        return float(np.median(means))

    steps = [np.mean([of["step"] for of in tasks.values()]) for tasks in runs]
    outside = [max(of["unaccounted_share"] for of in tasks.values()) for tasks in runs]
    return Cell(
        strategy=strategy,
        workload=workload,
        step_ms=1000 * float(np.median(steps)),
        shares={part: shares(part) for part in PARTS},
        unaccounted=float(np.median(outside)),
    )


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"


if __name__ == "__main__":
    main()
