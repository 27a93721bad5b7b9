"""Configurations of a sweep in order of their speed, each against the fastest."""

from collections.abc import Sequence
from dataclasses import dataclass

from results.comparing import THROUGHPUT, Comparison, compare_groups, read_together
from results.groups import Group
from results.statistics import mean_interval
from results.text import DASH, fixed, number, percent


@dataclass(frozen=True)
class Ranked:
    """A configuration's place: its speed over repeats, and what it is to the fastest's."""

    group: Group
    speed: float
    """Examples a second, the geometric mean over repeats."""
    interval: tuple[float, float] | None
    """95% of that mean, between runs; None below 5 repeats."""
    fastest_against_it: Comparison | None
    """None for the fastest itself."""
    efficiency: float | None
    """Speed ÷ (workers × speed of one worker); None where that didn't run at this batch."""


def ranked(groups: Sequence[Group]) -> list[Ranked]:
    """The configurations of one workload that were measured, fastest first.

    The fastest is found by looking, so its comparisons are read as the ones out of all pairs that
    they were picked from.
    """
    speeds = {id(group): speed for group in groups if (speed := group.mean(THROUGHPUT))}
    measured = sorted(
        (group for group in groups if id(group) in speeds), key=lambda each: -speeds[id(each)]
    )
    if not measured:
        return []
    best, others = measured[0], measured[1:]
    pairs = len(measured) * len(others) // 2
    compared = read_together([compare_groups(best, each, THROUGHPUT) for each in others], pairs)
    alone = {each.series: each for each in measured if each.workers == 1}
    found = []
    for group, against in zip(measured, [None, *compared], strict=True):
        mean = mean_interval(group.values(THROUGHPUT))
        found.append(
            Ranked(
                group=group,
                speed=speeds[id(group)],
                interval=mean[1:] if mean else None,
                fastest_against_it=against,
                efficiency=_efficiency(group, alone.get(group.series)),
            )
        )
    return found


def ranking_table(ranking: Sequence[Ranked]) -> tuple[list[str], list[list[str]]]:
    """Head and rows for people."""
    head = ["configuration", "runs", "examples / s", "95% between runs", "of the fastest"]
    scales = any(each.efficiency is not None and each.group.workers > 1 for each in ranking)
    rows = [
        [
            each.group.label,
            str(len(each.group.runs)),
            number(each.speed),
            f"{number(each.interval[0])} to {number(each.interval[1])}" if each.interval else DASH,
            _of_the_fastest(each, ranking[0].speed),
            *([percent(each.efficiency) if each.group.workers > 1 else DASH] if scales else []),
        ]
        for each in ranking
    ]
    return [*head, *(["efficiency"] if scales else [])], rows


def _of_the_fastest(each: Ranked, most: float) -> str:
    against = each.fastest_against_it
    if against is None:
        return "fastest"
    share = f"{fixed(each.speed / most, 2)} ×"
    if against.found is None:
        return share
    low, high = (1 / end for end in reversed(against.interval))
    span = f"{fixed(low, 2)} to {fixed(high, 2)}"
    return f"{share} ({span})" if against.shown else f"no difference shown ({span})"


def _efficiency(group: Group, alone: Group | None) -> float | None:
    if alone is None or _batch(group) != _batch(alone):
        return None
    speed, one = group.mean(THROUGHPUT), alone.mean(THROUGHPUT)
    return speed / (group.workers * one) if speed and one else None


def _batch(group: Group) -> object:
    return group.runs[0].value("batch_per_replica")
