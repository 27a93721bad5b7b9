"""In which configurations the host's own cores are full: there a worker more is not a machine more.

Several tasks on one machine compute on the same cores. Once they want more than there are, what is
measured is the machine, not how the strategy scales.
"""

from collections.abc import Sequence

from benchmarks.scaling.cells import Cell, Point

_FULL = 0.7
"""Of the cores, kept busy on average: the rest is switching, and phases in which all wait."""


def cores_per_task(points: Sequence[Point]) -> float | None:
    """Cores that one worker keeps busy where the fewest share the machine; None where unknown."""
    known = [point for point in points if point.busy_cores is not None]
    fewest = min((point.cell.workers for point in known), default=0)
    found = [
        point.busy_cores / point.cell.workers
        for point in known
        if point.cell.workers == fewest and point.busy_cores is not None
    ]
    return sum(found) / len(found) if found else None


def is_full(cell: Cell, per_task: float | None) -> bool:
    """Whether workers that each keep `per_task` cores busy find fewer than that."""
    if cell.shared_cores is None or per_task is None or cell.workers == 1:
        return False
    return cell.workers * per_task > _FULL * cell.shared_cores


def was_full(point: Point, per_task: float | None) -> bool:
    """Whether the cores were full in this run: by what it used, or by what its tasks want while
    they compute, be it that waiting for each other lowers what they use."""
    cores, used = point.cell.shared_cores, point.busy_cores
    if cores is not None and used is not None and point.cell.workers > 1 and used > _FULL * cores:
        return True
    return point.cell.accelerator is None and is_full(point.cell, per_task)
