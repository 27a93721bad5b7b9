"""What rounds of measuring agree on."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite, sqrt

import numpy as np


@dataclass(frozen=True)
class Interval:
    """The mean of rounds and the 95% interval of it."""

    value: float
    low: float
    high: float

    def scaled(self, factor: float) -> "Interval":
        """The same in another unit; `factor` is above 0."""
        return Interval(self.value * factor, self.low * factor, self.high * factor)

    def not_below_zero(self) -> "Interval":
        """The same of a quantity that can't be negative, whatever noise says."""
        return Interval(max(self.value, 0.0), max(self.low, 0.0), max(self.high, 0.0))


def mean_of_rounds(values: Sequence[float]) -> Interval:
    """Arithmetic mean of one value a round, with Student's 95% interval.

    One round alone bounds nothing: its interval is infinite. Raises ValueError without any.
    """
    from scipy.special import stdtrit

    found = np.asarray(values, dtype=np.float64)
    if not len(found) or not np.isfinite(found).all():
        raise ValueError("a mean needs a finite value at least")
    mean = float(found.mean())
    if len(found) == 1:
        return Interval(mean, -inf, inf)
    error = float(found.std(ddof=1)) / sqrt(len(found))
    half_width = float(stdtrit(len(found) - 1, 0.975)) * error
    return Interval(mean, mean - half_width, mean + half_width)


def finite(value: float) -> float | None:
    """None for what one round could not bound."""
    return value if isfinite(value) else None
