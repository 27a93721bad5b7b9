"""Input that can't keep up: how many seconds of a step's examples it takes, by worker and by all.

While a batch is trained on, the next one is prepared: a step lasts as long as the slower of the
two. A pipeline of each worker's own takes as long for any number of workers; a source that all of
them share (one storage, one host's cores) takes n times as long for n.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.scaling.cells import Cell, Point

_CONSISTENT = 0.05
"""Relative difference between a configuration's steps and the pace that still is one: to say that
all wait for one thing needs throughput that hardly differs."""


@dataclass(frozen=True)
class InputPace:
    """Seconds an example. Both are 0 where no run was held back by its input."""

    own: float = 0.0
    shared: float = 0.0

    def seconds(self, cell: Cell) -> float:
        """How long the input of a step takes."""
        return cell.batch_per_replica * (self.own + cell.workers * self.shared)


def input_pace(points: Sequence[Point]) -> InputPace:
    """What the runs that waited for input tell.

    Of one number of workers it can't be told which of the two it is, unless fewer workers were not
    held back: then it is shared. Where their steps are not as long as any input pace would make
    them, waiting is only a part of each step, such as a copy that nothing hides: there is no pace.
    """
    held = [point for point in points if point.held_back]
    if not held:
        return InputPace()
    found = _pace_of(held, [point for point in points if not point.held_back])
    cells = dict.fromkeys(point.cell for point in held)
    errors = [_error(found, cell, held) for cell in cells]
    return found if max(errors) <= _CONSISTENT else InputPace()


def seconds_beside_input(point: Point, pace: InputPace) -> float:
    """What a step would take with input that keeps up."""
    paced = point.held_back and pace != InputPace()
    return point.step_seconds * (1 - point.wait_share if paced else 1)


def _error(pace: InputPace, cell: Cell, held: Sequence[Point]) -> float:
    """Size of the relative error of `pace` at `cell`, by the median of its runs."""
    seconds = float(np.median([point.step_seconds for point in held if point.cell == cell]))
    return abs(pace.seconds(cell) / seconds - 1)


def _pace_of(held: Sequence[Point], free: Sequence[Point]) -> InputPace:
    from scipy.optimize import nnls

    seconds = np.array([point.step_seconds for point in held])
    batches = np.array([point.cell.batch_per_replica for point in held])
    workers = np.array([point.cell.workers for point in held])
    if len(set(workers)) > 1:
        columns = np.column_stack([batches, workers * batches])
        own, shared = nnls(columns / seconds[:, None], np.ones(len(held)))[0]
        return InputPace(float(own), float(shared))
    if any(point.cell.workers < workers[0] for point in free):
        return InputPace(shared=float(np.median(seconds / batches / workers)))
    return InputPace(own=float(np.median(seconds / batches)))
