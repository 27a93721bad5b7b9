"""One configuration against another, and several such comparisons read together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp

from results.comparing.pairing import sides
from results.groups import Group
from results.loading import Run
from results.statistics import (
    FEWEST_REPEATS,
    LogRatio,
    detectable,
    holm_levels,
    paired,
    repeats_needed,
    unpaired,
)


@dataclass(frozen=True)
class Comparison:
    """What repeats tell of a ÷ b, in words of `subject` (a) and `object` (b).

    `found` is None where a side has less than 5 repeats.
    """

    subject: str
    object: str
    metric: str
    repeats: tuple[int, int]
    paired: str | None
    found: LogRatio | None
    level: float = 0.05
    """The interval misses the truth this often, and a p up to it is a claim."""

    @property
    def ratio(self) -> float:
        """How many times as large a's figure is."""
        return self._known.ratio

    @property
    def interval(self) -> tuple[float, float]:
        """Of the ratio."""
        return self._known.interval(self.level)

    @property
    def shown(self) -> bool:
        """Whether the interval leaves out 1."""
        low, high = self.interval
        return not low <= 1 <= high

    @property
    def smallest_shown(self) -> float:
        """The smallest difference that these repeats show in about 90%, as a share of 1."""
        return exp(detectable(self._known, self.level)) - 1

    def more_repeats(self, difference: float | None = None) -> int | None:
        """How many repeats more a side would show a log ratio, usually the one seen, in about 90%.

        None where 1,000 would not do.
        """
        had = self._known.pairs or min(self.repeats)
        wanted = self._known.value if difference is None else difference
        needed = repeats_needed(self._known, had, wanted, self.level)
        return None if needed is None else max(0, needed - had)

    @property
    def _known(self) -> LogRatio:
        if self.found is None:
            raise ValueError(f"{self.repeats} repeats give no comparison")
        return self.found


def compare(
    a: Sequence[Run], b: Sequence[Run], metric: str, subject: str, object: str
) -> Comparison:
    """The runs `a` against the runs `b`, each of one configuration, by `metric`."""
    figures = sides(a, b, metric)
    found = None
    if figures.repeats >= FEWEST_REPEATS:
        found = (paired if figures.paired else unpaired)(figures.a, figures.b)
    counts = len(figures.a), len(figures.b)
    return Comparison(subject, object, metric, counts, figures.paired, found)


def compare_groups(a: Group, b: Group, metric: str) -> Comparison:
    """Two groups of runs, in words of their own."""
    return compare(a.runs, b.runs, metric, a.in_words, b.in_words)


def read_together(comparisons: Sequence[Comparison], family: int = 0) -> list[Comparison]:
    """The same comparisons, their levels such that all claims together err in at most 5%.

    By Holm's method. Where these were picked after a look at the data out of `family` many, each
    is read at 5% ÷ `family` instead (Bonferroni).
    """
    known = [each for each in comparisons if each.found is not None]
    if family > len(known):
        levels = [0.05 / family] * len(known)
    else:
        levels = holm_levels([each.found.p for each in known if each.found is not None])
    by_place = dict(zip(map(id, known), levels, strict=True))
    return [replace(each, level=by_place.get(id(each), 0.05)) for each in comparisons]
