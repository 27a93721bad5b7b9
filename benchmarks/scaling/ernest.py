"""The model of Ernest, fitted to the same points: what our predictions are measured against.

Venkataraman and others, "Ernest: Efficient Performance Prediction for Large-Scale Advanced
Analytics" (NSDI 2016): seconds = θ · [1, data ÷ machines, log machines, machines], θ ≥ 0 by least
squares. It knows no bytes and no bandwidth.
"""

from collections.abc import Sequence

import numpy as np

from benchmarks.scaling.cells import Cell, Point


def ernest_prediction(points: Sequence[Point], cell: Cell) -> float | None:
    """Examples a second at `cell`; None where it finds that a step takes no time.

    Of the points those of the cell's own network, gradient and servers are taken, where they have
    two numbers of workers: it is at its best there.
    """
    alike = [point for point in points if _conditions(point.cell) == _conditions(cell)]
    if len({point.cell.workers for point in alike}) > 1:
        points = alike
    unknowns = ernest_fit(
        np.array([_features(point.cell) for point in points]),
        np.array([point.step_seconds for point in points]),
    )
    seconds = float(_features(cell) @ unknowns)
    return cell.batch_total / seconds if seconds > 0 else None


def ernest_fit(features: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """θ [4] of the rows [n, 4] and their seconds [n]."""
    from scipy.optimize import nnls

    return np.asarray(nnls(features, seconds)[0])


def _features(cell: Cell) -> np.ndarray:
    machines = cell.workers
    return np.array([1.0, cell.batch_total / machines, np.log(machines), machines])


def _conditions(cell: Cell) -> tuple[float | None, ...]:
    return cell.mbit_per_second, cell.gradient_bytes, cell.accelerator, cell.ps
