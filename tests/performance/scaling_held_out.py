"""Throughput never measured, predicted from small runs: how far off, and how far off Ernest is.

    python -m tests.performance.scaling_held_out [--save] [--repeats 2]
    python -m tests.performance.scaling_held_out --folder <sweep> [--train "<where>"]

The first makes sweeps on emulated accelerators and networks: one and two workers on two networks
with gradients of two sizes are fitted; four and eight workers, a network and a gradient never seen
are predicted, and at last other networks with yet another gradient. The second takes runs that are
there; `--train` says which of them are fitted, all others are predicted. Each cell's row has
prediction, 95% interval, measurement and both errors; cells in which the host's own cores were full
are found from the runs themselves and counted apart.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from math import exp
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import results
from benchmarks.scaling import Cell, Fit, fits_of
from benchmarks.scaling.ernest import ernest_prediction
from benchmarks.scaling.host_cores import was_full
from benchmarks.scaling.reading import groups_of
from results.where import condition
from tests.performance.record import save

STRATEGIES = "multiworker,parameter_server"
HIDDEN, NEW_HIDDEN, BETWEEN = (600, 900), 1200, 750
"""Units of a hidden layer, which set the gradients' bytes: about 1.6, 3.5, 6.1 and 2.5 MB."""
MBIT, NEW_MBIT, OUTSIDE = (200, 1000), 500, (150, 300)
_HIDDEN_KEY, _MBIT_KEY = "workload.parameters.hidden", "emulate.network.mbit_per_second"
TRAIN = f"workers <= 2 and {_HIDDEN_KEY} in {list(HIDDEN)} and {_MBIT_KEY} in {list(MBIT)}"
_SWEEPS = (
    ("1,2,4,8", HIDDEN, MBIT),
    ("2,4,8", HIDDEN, (NEW_MBIT,)),
    ("2,4,8", (NEW_HIDDEN,), (*MBIT, NEW_MBIT)),
    ("4,8", (BETWEEN,), OUTSIDE),
)
"""What is usual at a server's link (`benchmarks.scaling.parameter_server`) was chosen with a
look at the first three; the last was measured once that was done."""
_USUAL = (
    "workload=digits_mlp",
    "batch.per_replica=32",
    "emulate.accelerator.examples_per_second=1000",
    "until.steps=120",
    "report=false",
)
_WITHIN = 0.1


def measure(folder: Path, repeats: int) -> None:
    """Run the sweeps, each into a folder of its own below `folder`."""
    for number, (workers, hidden, mbit) in enumerate(_SWEEPS):
        words = [
            f"strategy={STRATEGIES}",
            f"workers={workers}",
            f"{_HIDDEN_KEY}={_listed(hidden)}",
            f"{_MBIT_KEY}={_listed(mbit)}",
            f"repeat={repeats}",
            f"hydra.sweep.dir={folder}/{number}",
        ]
        subprocess.run([sys.executable, "-m", "launcher", "-m", *_USUAL, *words], check=True)


def held_out_table(runs: pd.DataFrame, train: str) -> list[dict[str, Any]]:
    """A row for each configuration that `train` doesn't mean, of each model fitted to the rest."""
    meant = condition(train, list(runs.columns))
    records: list[dict[str, Any]] = runs.to_dict("records")  # type: ignore[assignment]
    fits = fits_of(runs[[meant(row) for row in records]])
    return [row for fit in fits if fit.strategy != "one_device" for row in _rows(fit, runs)]


def _rows(fit: Fit, runs: pd.DataFrame) -> Iterator[dict[str, Any]]:
    fitted = {point.run for point in fit.points}
    same = runs[(runs["strategy"] == fit.strategy) & (runs["workload"] == fit.workload)]
    points = [point for group in groups_of(same) for point in group.points]
    others = [point for point in points if point.run not in fitted]
    for cell in dict.fromkeys(point.cell for point in others):
        of = [point for point in others if point.cell == cell]
        measured = exp(float(np.mean([np.log(point.examples_per_second) for point in of])))
        predicted = fit.modelled(cell)
        ernest = ernest_prediction(fit.points, cell)
        yield {
            "strategy": fit.strategy,
            "workers": cell.workers,
            "mbit_per_second": cell.mbit_per_second,
            "gradient_bytes": cell.gradient_bytes,
            "never_seen": _never_seen(cell, fit),
            "runs": len(of),
            "cores_full": any(was_full(point, fit.per_task) for point in of),
            "predicted": predicted.examples_per_second,
            "low": predicted.low,
            "high": predicted.high,
            "measured": measured,
            "error": predicted.examples_per_second / measured - 1,
            "ernest_error": None if ernest is None else ernest / measured - 1,
        }


def _never_seen(cell: Cell, fit: Fit) -> str:
    """In what the cell differs from all that was fitted."""
    names = {
        "workers": "workers",
        "mbit_per_second": "network",
        "gradient_bytes": "gradient",
        "ps": "servers",
    }
    seen = {name: {getattr(point.cell, name) for point in fit.points} for name in names}
    return ", ".join(names[name] for name in names if getattr(cell, name) not in seen[name])


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Of cells: how many, median and 90% errors, share within 10% and inside their intervals."""
    errors = np.array([abs(row["error"]) for row in rows])
    ernest = [abs(row["ernest_error"]) for row in rows if row["ernest_error"] is not None]
    inside = [row["low"] <= row["measured"] <= row["high"] for row in rows]
    if not rows:
        return {"cells": 0}
    return {
        "cells": len(rows),
        "median_error": float(np.median(errors)),
        "within_ten_percent": float(np.mean(errors <= _WITHIN)),
        "inside_interval": float(np.mean(inside)),
        "ernest_median_error": float(np.median(ernest)) if ernest else None,
        "nearer_than_ernest": float(
            np.mean(
                [
                    row["ernest_error"] is None or abs(row["error"]) < abs(row["ernest_error"])
                    for row in rows
                ]
            )
        ),
    }


def show(rows: Sequence[dict[str, Any]]) -> None:
    """Print the table, 80 columns."""
    print("strategy          n  Mbit/s    MB  predicted  95% interval     measured  error  Ernest")
    for row in rows:
        mbit = "" if row["mbit_per_second"] is None else f"{row['mbit_per_second']:.0f}"
        size = "" if row["gradient_bytes"] is None else f"{row['gradient_bytes'] / 1e6:.1f}"
        interval = f"{row['low']:.0f} to {row['high']:.0f}"
        ernest = "" if row["ernest_error"] is None else f"{row['ernest_error']:+.1%}"
        full = "  cores full" if row["cores_full"] else ""
        print(
            f"{row['strategy']:16} {row['workers']:2} {mbit:>7} {size:>5} {row['predicted']:10.0f}"
            f"  {interval:16} {row['measured']:8.0f} {row['error']:+6.1%} {ernest:>7}{full}"
        )


def _listed(values: Sequence[int]) -> str:
    return ",".join(map(str, values))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--folder", type=Path)
    arguments.add_argument("--train", default=TRAIN)
    arguments.add_argument("--repeats", type=int, default=2)
    arguments.add_argument("--save", action="store_true")
    asked = arguments.parse_args()
    if asked.folder:
        rows = held_out_table(results.load(asked.folder), asked.train)
    else:
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), asked.repeats)
            rows = held_out_table(results.load(folder), asked.train)
    show(rows)
    free = [row for row in rows if not row["cores_full"]]
    told = {
        "train": asked.train,
        "cells": summary(free),
        "cells_with_full_cores": summary([row for row in rows if row["cores_full"]]),
        "table": rows,
    }
    print(json.dumps({name: of for name, of in told.items() if name != "table"}, indent=1))
    if asked.save:
        save("scaling_held_out", told)


if __name__ == "__main__":
    main()
