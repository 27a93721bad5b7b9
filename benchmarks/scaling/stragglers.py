"""By how much the slowest of n workers is later than one alone: order statistics of steps seen."""

from collections.abc import Sequence

import numpy as np

_PAUSES = 0.99
"""Quantile beyond which steps count as pauses, for a checkpoint say: no throughput of ours, which
rests on medians, holds them."""


def expected_maximum(values: np.ndarray, count: int) -> float:
    """Expected largest of `count` independent draws from the `values` seen, [n], n ≥ 1.

    The distribution function of the largest is F to the power of `count`; F is the empirical one.
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    below = (np.arange(len(ordered) + 1) / len(ordered)) ** count
    return float(ordered @ np.diff(below))


def straggle_seconds(seconds: Sequence[np.ndarray], count: int) -> float:
    """Seconds by which a step of `count` is longer than one of a single worker, never negative.

    Args:
      seconds: step times of each run, [n] each; the median over runs is taken, so that a run on a
        disturbed machine counts once.
      count: workers.
    """
    usual = [np.minimum(each, np.quantile(each, _PAUSES)) for each in seconds]
    late = [expected_maximum(each, count) - expected_maximum(each, 1) for each in usual]
    return max(0.0, float(np.median(late))) if late else 0.0
