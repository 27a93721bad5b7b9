"""Input that can't keep up: how many seconds of a step's examples it takes, by worker and by all.

While a batch is trained on, the next one is prepared: a step lasts as long as the slower of the
two. A pipeline of each worker's own takes as long for any number of workers; a source that all of
them share (one storage, one host's cores) takes n times as long for n.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.scaling.cells import Cell, Point


@dataclass(frozen=True)
class InputPace:
    """Seconds an example. Both are 0 where no run was held back by its input."""

    own: float = 0.0
    shared: float = 0.0

    def seconds(self, cell: Cell) -> float:
        """How long the input of a step takes."""
        return cell.batch_per_replica * (self.own + cell.workers * self.shared)


def input_pace(points: Sequence[Point]) -> InputPace:
    """What the runs that waited for input tell; of one number of workers it can't be told which of
    the two it is, unless fewer workers were not held back: then it is shared."""
    from scipy.optimize import nnls

    held = [point for point in points if point.held_back]
    if not held:
        return InputPace()
    seconds = np.array([point.step_seconds for point in held])
    columns = np.array(
        [[p.cell.batch_per_replica, p.cell.workers * p.cell.batch_per_replica] for p in held]
    )
    counts = {point.cell.workers for point in held}
    if len(counts) > 1:
        own, shared = nnls(columns / seconds[:, None], np.ones(len(held)))[0]
        return InputPace(float(own), float(shared))
    free = any(p.cell.workers < min(counts) for p in points if not p.held_back)
    per_example = float(np.median(seconds / columns[:, int(free)]))
    return InputPace(shared=per_example) if free else InputPace(own=per_example)
