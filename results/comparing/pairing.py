"""Which runs of two configurations were measured beside each other, and so make a pair."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from results.loading import Run
from results.statistics import FEWEST_REPEATS

ROUNDS, TURNS = "of the sweep's rounds", "that ran in turn"


@dataclass(frozen=True)
class Sides:
    """Figures of two sides. Where `paired` says how, a[k] and b[k] belong together."""

    a: tuple[float, ...]
    b: tuple[float, ...]
    paired: str | None

    @property
    def repeats(self) -> int:
        """How many there are on the side that has less."""
        return min(len(self.a), len(self.b))


def sides(a: Sequence[Run], b: Sequence[Run], metric: str) -> Sides:
    """The figures `metric` of the runs that have it, in pairs where the runs were interleaved.

    They were where a sweep's journal says which round each ran in, or where by start times each
    pair was over before the next began. Otherwise whatever changed between the two series would
    count as a difference of the pairs, and they are left unpaired.
    """
    a, b = _with(a, metric), _with(b, metric)
    for how, pairs in ((ROUNDS, _by_rounds(a, b)), (TURNS, _by_turns(a, b))):
        if len(pairs) >= FEWEST_REPEATS:
            first, second = zip(*pairs, strict=True)
            return Sides(_figures(first, metric), _figures(second, metric), how)
    return Sides(_figures(a, metric), _figures(b, metric), None)


def _by_rounds(a: Sequence[Run], b: Sequence[Run]) -> list[tuple[Run, Run]]:
    """Pairs of runs of one sweep that have the same round."""
    first, second = _rounds(a), _rounds(b)
    return [(first[each], second[each]) for each in first if each in second]


def _rounds(runs: Sequence[Run]) -> dict[tuple[str, int, int], Run]:
    """Runs by sweep, round, and place among those of their configuration in that round."""
    found: dict[tuple[str, int, int], Run] = {}
    so_far: Counter[tuple[str, int]] = Counter()
    for run in runs:
        if run.place is not None:
            round_ = str(run.folder.path.parent), run.place.block
            found[*round_, so_far[round_]] = run
            so_far[round_] += 1
    return found


def _by_turns(a: Sequence[Run], b: Sequence[Run]) -> list[tuple[Run, Run]]:
    """The k-th of a with the k-th of b, where all went a b, b a, … in time; else nothing."""
    if len(a) != len(b):
        return []
    timed = [
        (str(run.value("started") or ""), side, run) for side in (0, 1) for run in (a, b)[side]
    ]
    if not all(moment for moment, _, _ in timed):
        return []
    timed.sort(key=lambda each: each[0])
    pairs = []
    for first, second in zip(timed[::2], timed[1::2], strict=True):
        if first[1] == second[1]:
            return []
        early, late = sorted((first, second), key=lambda each: each[1])
        pairs.append((early[2], late[2]))
    return pairs


def _with(runs: Sequence[Run], metric: str) -> list[Run]:
    return [run for run in runs if (run.value(metric) or 0) > 0]


def _figures(runs: Sequence[Run], metric: str) -> tuple[float, ...]:
    return tuple(float(run.value(metric)) for run in runs)
