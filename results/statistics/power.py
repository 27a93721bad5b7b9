"""What a comparison could have shown, and how many repeats would show more.

The smallest difference that would be found is (t(1 − level/2) + t(power)) standard errors: Bloom,
"Minimum detectable effects" (1995). That is exact for the very repeats that gave the standard
error, and too small for new ones, whose own may be larger. `_ALLOWANCE` lies between the two: at 10
pairs, 94% of comparisons on the same repeats find such a difference and 87% of those on new ones.
"""

from math import sqrt

from results.statistics.log_ratio import LogRatio

POWER = 0.9
"""How often a difference of that size is found."""

_ALLOWANCE = 0.75
"""The factor grows by this much, divided by the degrees of freedom."""

_MOST_REPEATS = 1000
"""More than that nobody makes."""


def detectable(found: LogRatio, level: float = 0.05) -> float:
    """The smallest difference, as a log ratio, that comparisons like `found` show in about 90%."""
    return _factor(found.degrees, level) * found.error


def repeats_needed(
    found: LogRatio, repeats: int, difference: float, level: float = 0.05
) -> int | None:
    """Repeats a side that show a log ratio of `difference` in about 90%, at the spread of `found`.

    `repeats` is how many a side `found` rests on. None where 1,000 would not do.
    """
    if found.error == 0:
        return repeats

    def shown_with(count: int) -> bool:
        degrees = max(1.0, found.degrees * (count - 1) / (repeats - 1))
        return _factor(degrees, level) * found.error * sqrt(repeats / count) <= abs(difference)

    if not shown_with(_MOST_REPEATS):
        return None
    low, high = 1, _MOST_REPEATS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if shown_with(middle) else (middle, high)
    return high


def _factor(degrees: float, level: float) -> float:
    from scipy.special import stdtrit

    known_spread = float(stdtrit(degrees, 1 - level / 2)) + float(stdtrit(degrees, POWER))
    return known_spread * (1 + _ALLOWANCE / degrees)
