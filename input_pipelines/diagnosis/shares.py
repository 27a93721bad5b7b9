"""Shares of a training step, as differences between variants that took turns.

With C a step that reads from storage, W the same from the page cache, S one on a cached batch, L
one without any exchange of gradients and X one on a batch k times as large:

    fetch = (C − W)/C   prepare = (W − S)/C   communicate = (S − L)/C
    compute = b/C with b = (X − L)/(k − 1), what the batch's examples cost
    overhead = (L − b)/C, what a step costs whatever its batch

They add up to 1. Each is taken within a round, whose blocks ran beside each other, so what slows a
whole round drops out; the interval is Student's over rounds. A stall that hides behind other work
is none, and a pipeline that takes cores from the model is one though no step waits for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from input_pipelines.diagnosis.blocks import (
    APART,
    CACHED,
    COLD,
    LARGER,
    LARGER_TIMES,
    WARM,
    Series,
)

COMPUTE, PREPARE, FETCH, COMMUNICATE, OVERHEAD = (
    "compute",
    "prepare",
    "fetch",
    "communicate",
    "overhead",
)
CLASSES = (COMPUTE, PREPARE, FETCH, COMMUNICATE, OVERHEAD)
FEWEST_ROUNDS = 3


@dataclass(frozen=True)
class Estimate:
    """A mean over rounds with its 95% interval."""

    value: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        return (self.high - self.low) / 2


def estimate(values: Sequence[float] | np.ndarray) -> Estimate:
    """Mean and Student's 95% interval of n ≥ 2 rounds."""
    from scipy.special import stdtrit

    found = np.asarray(values, np.float64)
    count = len(found)
    error = float(found.std(ddof=1)) / sqrt(count)
    half = float(stdtrit(count - 1, 0.975)) * error
    mean = float(found.mean())
    return Estimate(mean, mean - half, mean + half)


def shares_by_round(found: Mapping[str, Series]) -> dict[str, np.ndarray]:
    """Each class's share of a step in every round, float64 [n]; they add up to 1.

    A class that the run can't have is left out: nothing is read from storage, or there is nobody
    to send gradients to.
    """
    step = {name: each.step_seconds for name, each in found.items()}
    whole = step.get(COLD, step[WARM])
    alone = step.get(APART, step[CACHED])
    examples = (step[LARGER] - alone) / (LARGER_TIMES - 1)
    parts = {COMPUTE: examples, PREPARE: step[WARM] - step[CACHED]}
    if COLD in step:
        parts[FETCH] = step[COLD] - step[WARM]
    if APART in step:
        parts[COMMUNICATE] = step[CACHED] - step[APART]
    parts[OVERHEAD] = alone - examples
    return {name: seconds / whole for name, seconds in parts.items()}


def shares(by_round: Mapping[str, np.ndarray]) -> dict[str, Estimate]:
    """The classes' shares over all rounds."""
    return {name: estimate(values) for name, values in by_round.items()}
