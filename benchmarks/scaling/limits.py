"""Where one more worker stops being worth it, and what holds it there."""

import itertools
from dataclasses import dataclass

from benchmarks.scaling.cells import Cell
from benchmarks.scaling.fit import Fit
from benchmarks.scaling.terms import COMPUTING

LEAST_GAIN = 0.05
_IDEAL = 20
"""Workers from which on even ideal scaling gives less than that for one more: 1 ÷ 0.05."""


@dataclass(frozen=True)
class Limit:
    """The number of workers from which on every further one gives less than `LEAST_GAIN`."""

    workers: int
    cause: str | None
    """What holds it, in words; None where even ideal scaling gives no more there."""
    share: float
    """Of a step of one more, lost to the cause."""
    second_gives: float
    """What a second worker adds, relative: 0.9 is 1.9 times the throughput of one."""


def limit_of(fit: Fit, start: Cell) -> Limit | None:
    """Where it is by the model, for the network, gradient and servers of `start`; None for a
    strategy that computes once. No gain is larger than ideal, so that 20 workers are as far as one
    need look."""
    if fit.strategy == "one_device":
        return None
    speeds = [_modelled(fit, fit.like(start, workers)) for workers in range(1, _IDEAL + 2)]
    gains = [after / before - 1 for before, after in itertools.pairwise(speeds)]
    worthwhile = [place for place, gain in enumerate(gains) if gain >= LEAST_GAIN]
    workers = 1 + (worthwhile[-1] + 1 if worthwhile else 0)
    after = fit.like(start, workers + 1)
    lost = lost_by_cause(fit, after)
    cause = max(lost, key=lambda each: lost[each])
    step = sum(fit.seconds_by_cause(after).values())
    return Limit(workers, cause if workers <= _IDEAL else None, lost[cause] / step, gains[0])


def lost_by_cause(fit: Fit, cell: Cell) -> dict[str, float]:
    """Seconds of a step at `cell` by which each cause keeps it from ideal scaling, never negative.

    Ideally each part takes what it takes with one worker: all of it under weak scaling, in
    proportion to a replica's batch under strong scaling.
    """
    alone = fit.like(cell, 1)
    ideal = fit.seconds_by_cause(alone)
    shrunk = cell.batch_per_replica / alone.batch_per_replica
    return {
        cause: max(0.0, seconds - shrunk * ideal.get(cause, 0.0))
        for cause, seconds in fit.seconds_by_cause(cell).items()
        if cause != COMPUTING
    }


def _modelled(fit: Fit, cell: Cell) -> float:
    return cell.batch_total / max(fit.solution.seconds(cell), fit.pace.seconds(cell))
