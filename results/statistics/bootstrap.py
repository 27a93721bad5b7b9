"""Intervals from one correlated series by the block bootstrap."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from results.statistics.autocorrelation import inefficiency, ranks

SMALLEST_EFFECTIVE_SAMPLE = 50
"""Below this an interval within a run promises more than it holds (shared design; measured on
AR(1) noise in tests/results/test_statistics.py), so none is given."""

_RESAMPLES = 400


@dataclass(frozen=True)
class Interval:
    """A 95% interval of a statistic, with what it rests on."""

    low: float
    high: float
    effective_sample: float
    block_length: int


def block_length(size: int, inefficiency: float) -> int:
    """Length of the blocks to resample from a series of `size` values.

    Grows as the optimal block of Politis and White (2004) does, with the cube root of the size, and
    with correlation: (inefficiency² · size)^(1/3), at most a quarter of the series.
    """
    return max(1, min(math.ceil((inefficiency**2 * size) ** (1 / 3)), size // 4))


def within_run_interval(
    series: np.ndarray, statistic: Callable[[np.ndarray], float], seed: int = 0
) -> Interval | None:
    """95% interval of `statistic(series)`, or None where the effective sample is below 50.

    `series` is [n] or [n, tasks] with n in order of time; `statistic` maps such an array to a
    number. Circular blocks (Politis and Romano, 1992) keep the correlation; the spread of the
    statistic over 400 resamples is widened by Student's t for the number of blocks, which covers
    better than percentiles when blocks are few.
    """
    size = len(series)
    bulk = series if series.ndim == 1 else series.sum(axis=1)
    inflation = inefficiency(ranks(bulk)) if size >= 4 else 1.0
    effective = size / inflation
    if effective < SMALLEST_EFFECTIVE_SAMPLE:
        return None
    from scipy.special import stdtrit

    length = block_length(size, inflation)
    blocks = math.ceil(size / length)
    random = np.random.default_rng(seed)
    resampled = np.empty(_RESAMPLES)
    for number in range(_RESAMPLES):
        starts = random.integers(0, size, size=blocks)
        places = (starts[:, None] + np.arange(length)).ravel()[:size] % size
        resampled[number] = statistic(series[places])
    half_width = float(stdtrit(size / length - 1, 0.975)) * float(resampled.std(ddof=1))
    centre = statistic(series)
    return Interval(centre - half_width, centre + half_width, effective, length)
