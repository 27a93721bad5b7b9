"""How often 95% intervals within a run hold the truth, on series whose truth is known.

    python -m tests.performance.interval_coverage [--series 2000] [--save]

Seconds of steps are exp(spread · AR(1)), so their true median is known: with one task or two that
share half of their noise, little spread or much, and with one step in a hundred a pause 30 times as
long. The statistic is the throughput of tasks that step together. Series whose effective sample is
below 50 get no interval; they count as "none", not as covered.
"""

import argparse
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from math import exp, sqrt

import numpy as np
from scipy.signal import lfilter
from scipy.special import ndtri

from results.statistics import within_run_interval
from tests.performance.record import save

_EXAMPLES = 32
_PAUSE_SHARE, _PAUSE_FACTOR = 0.01, 30
_FEWEST_GIVEN = 0.1
"""Cells where hardly any series gets an interval tell nothing of those that do."""


@dataclass(frozen=True)
class Cell:
    """One kind of series."""

    steps: int
    phi: float
    spread: float = 0.05
    tasks: int = 1
    pauses: bool = False

    @property
    def truth(self) -> float:
        """Throughput at the true median: pauses move it a little."""
        quantile = 0.5 / (1 - _PAUSE_SHARE) if self.pauses else 0.5
        return self.tasks * _EXAMPLES / exp(self.spread * float(ndtri(quantile)))


def cells() -> Iterator[Cell]:
    for steps, phi in [(60, 0.0), (100, 0.0), (200, 0.0), (1000, 0.0), (160, 0.5), (300, 0.5)]:
        yield Cell(steps, phi)
    for steps, phi in [(1000, 0.5), (500, 0.8), (1000, 0.8), (5000, 0.8), (1000, 0.9)]:
        yield Cell(steps, phi)
    for steps, phi in [(2000, 0.9), (5000, 0.9), (3000, 0.95)]:
        yield Cell(steps, phi)
    for steps, phi in [(120, 0.5), (350, 0.8), (700, 0.9)]:  # worth less than 50: pass by luck
        yield Cell(steps, phi)
    for steps, phi in [(200, 0.0), (500, 0.8), (1000, 0.8), (2000, 0.9)]:
        yield Cell(steps, phi, spread=0.5)
        yield Cell(steps, phi, tasks=2)
        yield Cell(steps, phi, pauses=True)


def seconds(cell: Cell, random: np.random.Generator) -> np.ndarray:
    """Seconds of the steps of each task [steps, tasks]."""
    shared, own = ar1(cell, 1, random), ar1(cell, cell.tasks, random)
    noise = own if cell.tasks == 1 else (shared + own) / sqrt(2)
    series = np.exp(cell.spread * noise)
    if cell.pauses:
        paused = random.uniform(size=cell.steps) < _PAUSE_SHARE
        series = np.where(paused[:, None], _PAUSE_FACTOR * series, series)
    return series


def ar1(cell: Cell, columns: int, random: np.random.Generator) -> np.ndarray:
    """Stationary AR(1) noise of variance 1 [steps, columns]."""
    scale = sqrt(1 - cell.phi**2)
    noise = random.standard_normal([cell.steps, columns])
    before = cell.phi * random.standard_normal([1, columns])
    return lfilter([scale], [1, -cell.phi], noise, axis=0, zi=before)[0]


def covered(cell: Cell, series: int) -> tuple[float, float]:
    """Shares of series that get an interval, and of those whose interval holds the truth."""
    random = np.random.default_rng(7)
    held = []
    for _ in range(series):
        interval = within_run_interval(
            seconds(cell, random), lambda rows: float((_EXAMPLES / np.median(rows, axis=0)).sum())
        )
        if interval is not None:
            held.append(interval.low <= cell.truth <= interval.high)
    return len(held) / series, float(np.mean(held)) if held else float("nan")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--series", type=int, default=4000)
    arguments.add_argument("--save", action="store_true")
    asked = arguments.parse_args()
    rows = []
    for cell in cells():
        given, held = covered(cell, asked.series)
        print(f"{cell}: given to {given:.0%}, holds the truth in {held:.1%}", flush=True)
        if given >= _FEWEST_GIVEN:
            rows.append({**asdict(cell), "given": given, "held": held})
    shares = [row["held"] for row in rows]
    print(f"{len(rows)} kinds of series: {min(shares):.1%} to {max(shares):.1%}")
    if asked.save:
        save("interval_coverage", {"series": asked.series, "cells": rows})


if __name__ == "__main__":
    main()
