"""Shares of a training step, as differences between variants that took turns.

With C a step that reads from storage, W the same from the page cache, S one on a cached batch, L
one without any exchange of gradients and X one on a batch k times as large:

    fetch = (C − W)/C   prepare = (W − S)/C   communicate = (S − L)/C
    compute = b/C with b = (X − L)/(k − 1), what the batch's examples cost
    overhead = (L − b)/C, what a step costs whatever its batch

They add up to 1. C, W, S, L and X are medians over the rounds: a block that something else on the
machine slowed doesn't count. The intervals come from drawing the rounds anew, with all blocks of a
round together (bootstrap), so what slows a whole round drops out. A stall that hides behind other
work is none, and a pipeline that takes cores from the model is one though no step waits for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
_DRAWS = 2_000
_TAILS = (2.5, 97.5)


@dataclass(frozen=True)
class Estimate:
    """A value with its 95% interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Shares:
    """Of a step, by class; a class that the run can't have is left out: nothing is read from
    storage, or there is nobody to send gradients to."""

    value: Mapping[str, float]
    draws: Mapping[str, np.ndarray]
    """The shares of every drawing of rounds, float64 [draws]."""

    def __getitem__(self, name: str) -> Estimate:
        low, high = np.percentile(self.draws[name], _TAILS)
        return Estimate(self.value[name], float(low), float(high))

    def in_order(self) -> list[str]:
        """The classes, largest first."""
        return sorted(self.value, key=lambda name: -self.value[name])

    def surely_larger(self, name: str, other: str) -> bool:
        """Whether the difference's interval is above 0."""
        return float(np.percentile(self.draws[name] - self.draws[other], _TAILS[0])) > 0


def shares(found: Mapping[str, Series]) -> Shares:
    """The shares over n rounds, as the module says."""
    step = {name: each.step_seconds for name, each in found.items()}
    rounds = len(step[WARM])
    drawn = np.random.default_rng(0).integers(0, rounds, [_DRAWS, rounds])
    medians = {name: np.median(seconds) for name, seconds in step.items()}
    draws = {name: np.median(seconds[drawn], axis=1) for name, seconds in step.items()}
    value = {name: float(share) for name, share in _shares(medians).items()}
    return Shares(value, _shares(draws))


def median_interval(values: np.ndarray) -> Estimate:
    """The median of n rounds with its interval by bootstrap."""
    drawn = np.random.default_rng(0).integers(0, len(values), [_DRAWS, len(values)])
    low, high = np.percentile(np.median(values[drawn], axis=1), _TAILS)
    return Estimate(float(np.median(values)), float(low), float(high))


def _shares(step: Mapping[str, Any]) -> dict[str, Any]:
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
