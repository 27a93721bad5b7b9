"""Intervals from one correlated series by batch means."""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import numpy as np

from results.statistics.autocorrelation import inefficiency, ranks

SMALLEST_EFFECTIVE_SAMPLE = 50
"""Below this an interval within a run promises more than it holds, so none is given."""

_FEWEST_BATCHES, _MOST_BATCHES = 10, 30
"""Schmeiser, "Batch size effects in the analysis of simulation output" (1982): fewer make intervals
needlessly wide, more gain next to nothing and leave neighbouring batches correlated."""

_EFFECTIVE_SAMPLE_PER_BATCH = 8

_WIDENING = 15
"""A short series passes the bound above rather when its correlation looks smaller than it is, and
its batches then differ too little. Half widths grow by 1 + 15 ÷ effective sample for it, chosen so
that 93 to 97% hold the truth on every kind of series in tests/performance/interval_coverage.py,
also on those that pass by luck."""


@dataclass(frozen=True)
class Interval:
    """A 95% interval of a statistic, with what it rests on."""

    low: float
    high: float
    effective_sample: float
    batches: int


def within_run_interval(
    series: np.ndarray, statistic: Callable[[np.ndarray], float]
) -> Interval | None:
    """95% interval of `statistic(series)`, or None where the effective sample is below 50.

    `series` is [n] or [n, tasks] with n in order of time; `statistic` maps such an array to a
    number. The series is cut into 10 to 30 batches, as long as correlation asks for; the spread of
    the statistic over them, divided by the root of their number, is its standard error, and
    Student's t for that number its width.
    """
    size = len(series)
    bulk = series if series.ndim == 1 else series.sum(axis=1)
    effective = size / inefficiency(ranks(bulk)) if size >= 4 else float(size)
    if effective < SMALLEST_EFFECTIVE_SAMPLE:
        return None
    from scipy.special import stdtrit

    wanted = int(effective / _EFFECTIVE_SAMPLE_PER_BATCH)
    batches = max(_FEWEST_BATCHES, min(wanted, _MOST_BATCHES))
    values = np.array([statistic(batch) for batch in np.array_split(series, batches)])
    error = float(values.std(ddof=1)) / sqrt(batches) * (1 + _WIDENING / effective)
    half_width = float(stdtrit(batches - 1, 0.975)) * error
    centre = statistic(series)
    return Interval(centre - half_width, centre + half_width, effective, batches)
