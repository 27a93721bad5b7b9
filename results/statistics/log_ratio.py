"""How many times as large one configuration's figure is as another's, over repeated runs.

A run is the unit: what happens within one says nothing of how well it repeats. Ratios are compared
on a log scale, where "twice" and "half" lie equally far from 1 and where speeds of runs, which err
by factors, are closest to normal; on it Student's t gives the interval. From 5 repeats on it claims
a difference between equals in at most 5%, also where single runs stray (measured on recorded runs:
tests/performance/comparisons.py); a test of signs or ranks could claim none at all with 5 pairs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, sqrt

import numpy as np

FEWEST_REPEATS = 5
"""With fewer a side, intervals are too wide to be of use and too easily fooled."""


@dataclass(frozen=True)
class LogRatio:
    """log(a ÷ b) with its standard error and degrees of freedom.

    `pairs` is how many pairs it rests on; None where the two sides were not paired.
    """

    value: float
    error: float
    degrees: float
    pairs: int | None = None

    @property
    def ratio(self) -> float:
        """How many times as large a is as b (their geometric means)."""
        return exp(self.value)

    @property
    def p(self) -> float:
        """Probability of a difference at least as large where there is none (two-sided)."""
        from scipy.special import stdtr

        if self.error == 0:
            return 0.0 if self.value else 1.0
        return 2 * float(stdtr(self.degrees, -abs(self.value) / self.error))

    def interval(self, level: float = 0.05) -> tuple[float, float]:
        """Interval of the ratio that misses the truth with probability `level`."""
        from scipy.special import stdtrit

        half_width = float(stdtrit(self.degrees, 1 - level / 2)) * self.error
        return exp(self.value - half_width), exp(self.value + half_width)


def paired(a: Sequence[float], b: Sequence[float]) -> LogRatio:
    """Ratio of a to b where a[k] and b[k] were measured beside each other.

    Whatever slows both runs of a pair drops out. Needs two pairs of values above 0.
    """
    differences = _logs(a) - _logs(b)
    count = len(differences)
    error = float(differences.std(ddof=1)) / sqrt(count)
    return LogRatio(float(differences.mean()), error, count - 1, pairs=count)


def unpaired(a: Sequence[float], b: Sequence[float]) -> LogRatio:
    """Ratio of a to b whose runs have nothing to do with each other; spreads may differ.

    Welch, "The generalization of Student's problem when several different population variances are
    involved" (1947), on logs. Needs two values above 0 on each side.
    """
    logs = _logs(a), _logs(b)
    value = float(logs[0].mean() - logs[1].mean())
    parts = [float(each.var(ddof=1)) / len(each) for each in logs]
    variance = sum(parts)
    weights = sum(part**2 / (len(each) - 1) for part, each in zip(parts, logs, strict=True))
    degrees = variance**2 / weights if weights > 0 else inf
    return LogRatio(value, sqrt(variance), degrees)


def mean_interval(values: Sequence[float]) -> tuple[float, float, float] | None:
    """Geometric mean of runs' figures with its 95% interval; None below 5 runs."""
    if len(values) < FEWEST_REPEATS:
        return None
    logs = _logs(values)
    error = float(logs.std(ddof=1)) / sqrt(len(logs))
    mean = LogRatio(float(logs.mean()), error, len(logs) - 1)
    return mean.ratio, *mean.interval()


def _logs(values: Sequence[float]) -> np.ndarray:
    found = np.asarray(values, dtype=np.float64)
    if len(found) < 2 or not (np.isfinite(found) & (found > 0)).all():
        raise ValueError("a ratio needs two values above 0 a side")
    return np.log(found)
