"""What rounds of measuring agree on, however far a round strays in which something else ran."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, inf, isfinite

import numpy as np

_LEVEL = 0.05


@dataclass(frozen=True)
class Interval:
    """The median of rounds and the interval of it."""

    value: float
    low: float
    high: float

    def not_below_zero(self) -> "Interval":
        """The same of a quantity that can't be negative, whatever noise says."""
        return Interval(max(self.value, 0.0), max(self.low, 0.0), max(self.high, 0.0))


def over_rounds(values: Sequence[float]) -> Interval:
    """Median of one value a round, with its 95% interval.

    The interval is that between two of the values: the median of whatever they were drawn from lies
    outside the range of n of them with probability 2^(1-n), whatever the distribution. Below 6
    rounds the whole range covers less than 95% (5 rounds: 94%); one round alone bounds nothing.

    Raises ValueError without a finite value.
    """
    found = np.sort(np.asarray(values, dtype=np.float64))
    if not len(found) or not np.isfinite(found).all():
        raise ValueError("a median needs a finite value at least")
    median = float(np.median(found))
    if len(found) == 1:
        return Interval(median, -inf, inf)
    cut = _values_outside(len(found))
    return Interval(median, float(found[cut]), float(found[-1 - cut]))


def finite(value: float) -> float | None:
    """None for what one round could not bound."""
    return value if isfinite(value) else None


def _values_outside(count: int) -> int:
    """How many values at each end may be left out of the interval."""
    cut = 0
    while 2 * sum(comb(count, k) for k in range(cut + 2)) / 2**count <= _LEVEL:
        cut += 1
    return cut
