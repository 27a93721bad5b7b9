"""The parts of a step against the truth, where the truth was planted.

    python -m tests.performance.breakdown_truth [--repeats 5] [--cells NAME …] [--save]

Planted are the input (each batch sleeps), computing (an emulated accelerator: batch ÷ rate; or a
real step that sleeps as long, where what its model computes comes on top: there the ratio of two
tasks' computing is the truth), one task that computes longer, for which the others have to wait by
the difference, and the network: the same bytes in the same pattern, over the same emulated hosts,
with sockets and nothing else, just before the run of the same repeat (`raw_exchange`). A rate that
was asked for would be no truth: a bucket lets through bursts, and headers travel with the bytes.

Measured is what `breakdown.json` tells of each task; workers with the same truth are one row, their
mean. Errors are shares of what was planted, and of the step where nothing was: the median over
repeats, and its 95% interval by Student's t.
"""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import scipy.stats

from launcher.engines import Group, Host
from launcher.engines.local import LocalEngine
from launcher.session import Session
from results.run_folder import BREAKDOWN, SUMMARY
from tests.performance.raw_exchange import ring_seconds, served_seconds
from tests.performance.record import save
from tests.runs import run

BATCH, RATE = 60, 1000.0
COMPUTE = BATCH / RATE
HIDDEN = 400
GRADIENT_BYTES = 761_640
"""Of `digits_mlp` with so many hidden units; checked against each run."""
_WITHIN = 0.1

Truth = dict[tuple[str, str], float]
"""Seconds by (task, part)."""


@dataclass(frozen=True)
class Planted:
    """One configuration; what is not given is not planted."""

    strategy: str
    workers: int
    sleep_ms: float = 0.0
    """Before each batch."""
    slower: float = 1.0
    """How many times as long `worker-0` computes."""
    mbit: float | None = None
    real: bool = False
    """Whether gradients are really computed."""

    @property
    def words(self) -> list[str]:
        said = [f"strategy={self.strategy}", f"workers={self.workers}"]
        if self.real:
            said += ["workload._target_=tests.performance.made_computing.lasting"]
            said += [f"+workload.parameters.seconds={COMPUTE}"]
        else:
            said += [f"emulate.accelerator.examples_per_second={RATE:g}"]
        if self.sleep_ms:
            said += ["pipeline._target_=tests.performance.made_batches.slow"]
            said += [f"+pipeline.parameters.sleep_ms={self.sleep_ms}", "pipeline.prefetch=0"]
        if self.slower > 1:
            said += [f"emulate.straggler={{worker-0: {self.slower}}}"]
        if self.mbit is not None:
            said += [f"emulate.network.mbit_per_second={self.mbit:g}"]
        return said

    @property
    def tasks(self) -> list[str]:
        """Those that compute."""
        if self.strategy == "parameter_server":
            return [f"worker-{index}" for index in range(self.workers)]
        if self.strategy == "multiworker":
            return ["chief-0", *(f"worker-{index}" for index in range(self.workers - 1))]
        return ["chief-0"]


CELLS = {
    "input": Planted("one_device", 1, sleep_ms=50),
    "replicas": Planted("mirrored", 2),
    "straggler": Planted("multiworker", 2, slower=1.5),
    "straggler, real": Planted("multiworker", 2, slower=1.5, real=True),
    "network": Planted("multiworker", 2, mbit=50),
    "all": Planted("multiworker", 4, sleep_ms=50, slower=1.5, mbit=50),
    "servers": Planted("parameter_server", 1, mbit=50),
    "servers, straggler": Planted("parameter_server", 2, slower=1.5),
    "servers, real": Planted("parameter_server", 2, slower=1.5, real=True),
}


@dataclass(frozen=True)
class Row:
    """A part of a cell; milliseconds are medians over repeats."""

    cell: str
    tasks: str
    part: str
    planted_ms: float
    measured_ms: float
    error: float
    low: float | None
    high: float | None


def main() -> None:
    """Measures, prints, and with --save keeps the figure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--cells", nargs="*", default=list(CELLS), choices=list(CELLS))
    parser.add_argument("--save", action="store_true")
    given = parser.parse_args()
    told: dict[str, list[tuple[Truth, Truth, float]]] = {name: [] for name in given.cells}
    with (
        tempfile.TemporaryDirectory() as place,
        Session() as session,
        closing(LocalEngine("spawn")) as engine,
        closing(engine.open(Path(place), (), True, lambda: False)) as group,
    ):
        for repeat in range(given.repeats):
            for name in given.cells:
                folder = Path(place) / f"{name.replace(', ', '-')}-{repeat}"
                truth = planted(CELLS[name], group, folder / "raw")
                told[name].append(
                    (truth, *measured(session, CELLS[name], folder / "run", given.steps))
                )
    rows = [row for name in given.cells for row in rows_of(name, told[name])]
    print(f"{'planted':20}{'tasks':42}{'part':10}{'truth, ms':>10}{'found, ms':>11}{'error':>8}")
    for row in rows:
        between = "" if row.low is None else f"   {row.low:+.1%} to {row.high:+.1%}"
        head = f"{row.cell:20}{row.tasks:42}{row.part:10}"
        print(f"{head}{row.planted_ms:10.2f}{row.measured_ms:11.2f}{row.error:+8.1%}{between}")
    within = sum(abs(row.error) <= _WITHIN for row in rows)
    print(f"{within} of {len(rows)} within {_WITHIN:.0%}")
    if given.save:
        cells = {name: asdict(CELLS[name]) for name in given.cells}
        conditions = {"repeats": given.repeats, "steps": given.steps, "cells": cells}
        save("breakdown_truth", conditions | {"rows": rows})


def planted(cell: Planted, group: Group, folder: Path) -> Truth:
    """What the run of a cell has to find; the exchange of bytes is measured now."""
    computing = {
        task: COMPUTE * (cell.slower if task == "worker-0" else 1.0) for task in cell.tasks
    }
    slowest, truth = max(computing.values()), Truth()
    together = cell.strategy != "parameter_server"
    for task in cell.tasks:
        truth[task, "input"] = cell.sleep_ms / 1000
        truth[task, "compute"] = computing[task]
        if together:
            truth[task, "straggle"] = slowest - computing[task]
    if cell.mbit is not None:
        truth |= _exchanged(cell, group, folder)
    return truth


def _exchanged(cell: Planted, group: Group, folder: Path) -> Truth:
    # A network that is asked for again is the same: rates differ by subnet.
    count = 2 if cell.strategy == "parameter_server" else cell.workers
    hosts = [Host(f"10.78.{count}.{place + 1}", cell.mbit or 0.0) for place in range(count)]
    if cell.strategy == "parameter_server":
        pull, push = served_seconds(group, hosts, GRADIENT_BYTES, COMPUTE, folder)
        return {("worker-0", "pull"): pull, ("worker-0", "push"): push}
    seconds = ring_seconds(group, hosts, GRADIENT_BYTES, COMPUTE, folder)
    return {(task, "transfer"): seconds for task in cell.tasks}


def measured(session: Session, cell: Planted, folder: Path, steps: int) -> tuple[Truth, float]:
    """What one run tells of its parts, and its step, seconds."""
    outcome, run_folder = run(
        session,
        folder,
        *cell.words,
        "workload=digits_mlp",
        f"workload.parameters.hidden={HIDDEN}",
        f"batch.per_replica={BATCH}",
        "loop.steps_per_call=5",
        f"until.steps={steps}",
        "report=false",
    )
    if outcome.state != "done":
        raise SystemExit(f"{cell}: {outcome.reason}\n{outcome.log_tail}")
    sent = run_folder.read(SUMMARY)["gradient_bytes"]
    if sent != GRADIENT_BYTES:
        raise SystemExit(f"a replica sent {sent} bytes, not {GRADIENT_BYTES}")
    tasks = run_folder.read(BREAKDOWN)["tasks"]
    parts = {(task, part): tasks[task][part] for task in tasks for part in tasks[task]}
    return parts, float(np.mean([of["step"] for of in tasks.values()]))


def rows_of(name: str, repeats: list[tuple[Truth, Truth, float]]) -> Iterator[Row]:
    """A row for each part and each truth of it; tasks of which the same is true are one."""
    first = repeats[0][0]
    alike: dict[tuple[str, float], list[str]] = {}
    for (task, part), seconds in first.items():
        alike.setdefault((part, seconds), []).append(task)
    for (part, _), tasks in alike.items():
        truths = np.array([truth[tasks[0], part] for truth, _, _ in repeats])
        found = np.array([np.mean([of[task, part] for task in tasks]) for _, of, _ in repeats])
        steps = np.array([step for _, _, step in repeats])
        errors = (found - truths) / np.where(truths > 0, truths, steps)
        low, high = _interval(errors)
        yield Row(
            cell=name,
            tasks=", ".join(tasks),
            part=part,
            planted_ms=1000 * float(np.median(truths)),
            measured_ms=1000 * float(np.median(found)),
            error=float(np.median(errors)),
            low=low,
            high=high,
        )


def _interval(errors: np.ndarray) -> tuple[float | None, float | None]:
    if len(errors) < 3:
        return None, None
    half = float(scipy.stats.sem(errors) * scipy.stats.t.ppf(0.975, len(errors) - 1))
    return float(errors.mean()) - half, float(errors.mean()) + half


if __name__ == "__main__":
    main()
