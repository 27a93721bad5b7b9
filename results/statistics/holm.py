"""Claims of many comparisons at once: the more of them, the more one of them errs by chance."""

from collections.abc import Sequence


def holm_levels(p_values: Sequence[float], level: float = 0.05) -> list[float]:
    """The level at which each of several comparisons is to be read, so that all claims together
    err with a probability of at most `level`.

    Holm, "A simple sequentially rejective multiple test procedure" (1979): the smallest of m p is
    read at level ÷ m, the next at level ÷ (m − 1), … until one is larger than that; it and all
    that follow are read at the level where it stopped. So a comparison's interval at its level
    excludes 1 exactly where Holm claims a difference.
    """
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    levels = [level] * len(p_values)
    left = len(p_values)
    for place in order:
        levels[place] = level / left
        if p_values[place] <= level / left:
            left -= 1
    return levels
