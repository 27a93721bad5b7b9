"""Runs whose step times follow a known law, as a frame of `results.load`."""

from collections.abc import Callable, Iterable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.scaling.queueing import congestion
from tests.results.flat_runs import write_flat_run

MBIT = "emulate.network.mbit_per_second"
ACCELERATOR = "emulate.accelerator.examples_per_second"
BATCH, SPEED = 32, 1000.0
"""Examples of a replica's step, and examples a second of an emulated accelerator."""

PART_COLUMNS = tuple(
    f"step_{part}_seconds"
    for part in ("input", "compute", "straggle", "transfer", "update", "rest")
)

Law = Callable[[int, float | None, float], float]
"""Seconds of a step by workers, Mbit/s and bytes of gradients."""


def ring(
    workers: int,
    mbit: float | None,
    gradient: float,
    *,
    fixed: float = 0.003,
    collective: float = 0.001,
    hop: float = 0.0003,
    per_byte: float = 1.5e-9,
    wire: float = 1.05,
) -> float:
    """A synchronous step of accelerators whose gradients go round a ring."""
    share = 2 * (workers - 1) / workers
    sent = wire * 8 / (mbit * 1e6) if mbit else 0.0
    latency = collective * (workers > 1) + 2 * (workers - 1) * hop
    return BATCH / SPEED + fixed + latency + share * gradient * (per_byte + sent)


def servers(workers: int, mbit: float | None, gradient: float) -> float:
    """A step of a worker of a parameter server, that queues at the coordinator and at the link."""
    delay = np.array(BATCH / SPEED + 0.004)
    wire = 2 * gradient * 8 / ((mbit or 1e9) * 1e6)
    demands = np.array([0.001, 2 * gradient * 1e-9, wire])
    return float(delay + (demands * congestion(workers, delay, demands)).sum())


def with_parts(frame: pd.DataFrame) -> pd.DataFrame:
    """Runs of `ring` with the parts of their steps: input takes 2 of the 3 ms that are fixed."""
    step = frame["batch_total"] / frame["examples_per_second"]
    parts = (0.002, BATCH / SPEED, 0.0, step - BATCH / SPEED - 0.003, 0.0, 0.001)
    return frame.assign(**dict(zip(PART_COLUMNS, parts, strict=True)))


def runs(
    law: Law,
    workers: Iterable[int] = (1, 2, 4, 8),
    mbit: Iterable[float | None] = (1000.0, 200.0),
    gradients: Iterable[float] = (2.8e6,),
    repeats: int = 3,
    noise: float = 0.01,
    seed: int = 0,
    **fields: Any,
) -> pd.DataFrame:
    """`repeats` runs of each configuration, whose times stray by `noise` (relative)."""
    random = np.random.default_rng(seed)
    rows = []
    for count, link, gradient, _ in product(workers, mbit, gradients, range(repeats)):
        seconds = law(count, link, gradient) * np.exp(noise * random.standard_normal())
        rows.append(
            {
                "run": str(len(rows)),
                "state": "done",
                "strategy": "multiworker",
                "workload": "digits_mlp",
                "workers": count,
                "ps": 1,
                "batch_total": count * BATCH,
                "batch_per_replica": BATCH,
                "examples_per_second": count * BATCH / seconds,
                "gradient_bytes": gradient,
                MBIT: link,
                ACCELERATOR: SPEED,
                **fields,
            }
        )
    return pd.DataFrame(rows)


def write(frame: pd.DataFrame, folder: Path, **environment: Any) -> Path:
    """The same runs as folders, on a machine of two cores or as `environment` says."""
    own = ("run", "state", "strategy", "workers", "examples_per_second")
    for row in frame.to_dict("records"):
        told = {str(key): value for key, value in row.items() if key not in own}
        missing = [key for key, value in told.items() if value is None or value != value]
        write_flat_run(
            folder / row["run"],
            row["examples_per_second"],
            row["strategy"],
            row["workers"],
            environment=environment,
            **(told | dict.fromkeys(missing)),
        )
    return folder
