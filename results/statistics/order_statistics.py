"""The median and an interval for it, with no assumption on how values spread.

The interval runs from the k-th smallest to the k-th largest of n independent values; it holds the
median with probability 1 − 2 · P(Binomial(n, ½) < k) where values spread without steps, and with no
less where they are counted in steps (David and Nagaraja, Order Statistics, 2003, section 7.1).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from statistics import median

CONFIDENCE = 0.95


@dataclass(frozen=True)
class MedianInterval:
    """`confidence` is what holds for these many values, which may be below what was wanted."""

    median: float
    low: float
    high: float
    confidence: float


def median_interval(values: Sequence[float]) -> MedianInterval:
    """Of at least two values: the narrowest interval of at least `CONFIDENCE`; where so few allow
    none, from the least to the greatest."""
    if len(values) < 2:
        raise ValueError("an interval needs at least 2 values")
    ordered, count = sorted(values), len(values)
    enough = [k for k in range(1, count // 2 + 1) if confidence(count, k) >= CONFIDENCE]
    k = max(enough, default=1)
    return MedianInterval(median(ordered), ordered[k - 1], ordered[-k], confidence(count, k))


def confidence(count: int, k: int) -> float:
    """That the median lies between the `k`-th smallest and the `k`-th largest of `count` values."""
    return 1 - 2 * sum(comb(count, below) for below in range(k)) / 2**count


def fewest_values() -> int:
    """Of which the least and the greatest hold the median with `CONFIDENCE`."""
    count = 2
    while confidence(count, 1) < CONFIDENCE:
        count += 1
    return count
