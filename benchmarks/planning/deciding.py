"""Which candidate, and what the constraints cost.

A candidate meets a constraint when the upper end of its 95% interval does: what is recommended is
meant to be kept. With a budget alone the fastest one within it is best; else the cheapest one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.planning.candidates import Candidates
from benchmarks.quantities import SECONDS_PER_HOUR

TIME, BUDGET = "time", "budget"
_TIGHTER = 0.1
"""Share by which a limit is tightened to tell what that costs, where an hour is too much."""
_HOURS_FOR_AN_HOUR = 2.0
"""Limits of fewer hours are tightened by a share."""


@dataclass(frozen=True)
class Limits:
    """What one training may take: seconds, and USD; None is no limit."""

    seconds: float | None = None
    usd: float | None = None


@dataclass(frozen=True)
class Price:
    """What a constraint costs: how the best candidate changes when it is left out or tightened."""

    constraint: str
    """`TIME` or `BUDGET`."""
    change: float | None
    """By how much it is tightened, in seconds or USD; None where it is left out."""
    other: int | None
    """The best candidate then; None where nothing meets it."""
    usd: float | None
    """What that costs more than the recommended one, in the planner's measure of cost."""
    seconds: float | None
    """What it takes longer."""


@dataclass(frozen=True)
class Loosening:
    """What would have to give for something to fit."""

    constraint: str
    least: float
    """The tightest limit that something meets while the other constraint stays, in seconds or
    USD."""
    by: int
    """The candidate that meets it."""


@dataclass(frozen=True)
class Decision:
    """What to do. Candidates are indices into `Candidates`."""

    best: int | None
    """None where nothing fits."""
    runner_up: int | None
    """The best of another machine or way to train."""
    front: tuple[int, ...]
    """Those that nothing beats in time and cost at once, fastest first."""
    prices: tuple[Price, ...]
    """Empty where nothing fits."""
    loosenings: tuple[Loosening, ...]
    """Empty where something fits, or where loosening one constraint alone does not help."""
    by_median: int | None
    """Where nothing surely fits: what fits by the middle of its intervals."""
    priced: bool
    """Whether cost is money; else nothing has a price and it is machine-hours."""


def decide(of: Candidates, limits: Limits) -> Decision:
    """The recommendation. Candidates without a price take no part where others have one."""
    table = _Table(of, fastest=limits.usd is not None and limits.seconds is None)
    best = table.best(limits)
    return Decision(
        best=best,
        runner_up=None if best is None else table.best(limits, unlike=best),
        front=tuple(int(each) for each in pareto(table.seconds, table.cost, table.known)),
        prices=() if best is None else tuple(_prices(table, limits, best)),
        loosenings=() if best is not None else tuple(_loosenings(table, limits)),
        by_median=None if best is not None else table.best(limits, surely=False),
        priced=table.priced,
    )


def pareto(
    seconds: NDArray[np.float64], cost: NDArray[np.float64], among: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Indices of those `among` [n] candidates that none beats in both, fastest first."""
    places = np.flatnonzero(among)
    ordered = places[np.lexsort((cost[places], seconds[places]))]
    least_before = np.concatenate([[np.inf], np.minimum.accumulate(cost[ordered])[:-1]])
    found: NDArray[np.int64] = ordered[cost[ordered] < least_before]
    return found


def curves(of: Candidates) -> list[list[int]]:
    """The Pareto front of each machine by itself, where its cost is known."""
    table = _Table(of)
    fronts = [
        pareto(table.seconds, table.cost, table.known & (of.machine == place)).tolist()
        for place in range(len(of.machines))
    ]
    return [front for front in fronts if front]


class _Table:
    """The candidates with the one measure of cost that they are compared by.

    `fastest`: whether the fastest that meets the limits is best; else the cheapest is.
    """

    def __init__(self, of: Candidates, fastest: bool = False) -> None:
        self._of, self._fastest = of, fastest
        self.priced = bool(np.isfinite(of.usd).any())
        self.seconds = of.seconds
        hours_per_second = of.count / SECONDS_PER_HOUR
        self.cost = of.usd if self.priced else of.machine_hours
        self.cost_high = of.usd_high if self.priced else of.seconds_high * hours_per_second
        self.known = np.isfinite(self.cost)

    def best(self, limits: Limits, unlike: int | None = None, surely: bool = True) -> int | None:
        """The best that meets the limits, of another machine or way than `unlike`."""
        of = self._of
        meets = self.meeting(limits, surely)
        if unlike is not None:
            meets &= (of.machine != of.machine[unlike]) | (of.way != of.way[unlike])
        places = np.flatnonzero(meets)
        if not len(places):
            return None
        cost, seconds = self.cost[places], self.seconds[places]
        order = np.lexsort((cost, seconds) if self._fastest else (seconds, cost))
        return int(places[order[0]])

    def meeting(self, limits: Limits, surely: bool = True) -> NDArray[np.bool_]:
        """Which [n] meet the limits: at the upper ends of their intervals, or by their middles."""
        seconds = self._of.seconds_high if surely else self.seconds
        cost = self.cost_high if surely else self.cost
        meets = self.known.copy()
        if limits.seconds is not None:
            meets &= seconds <= limits.seconds
        if limits.usd is not None:
            meets &= cost <= limits.usd
        return meets

    def difference(self, other: int | None, best: int) -> tuple[float | None, float | None]:
        """Cost and seconds of `other` beyond those of `best`."""
        if other is None:
            return None, None
        cost = float(self.cost[other] - self.cost[best])
        return cost, float(self.seconds[other] - self.seconds[best])

    def least(self, constraint: str, limits: Limits) -> Loosening | None:
        """The tightest limit that something meets, the other constraint as it is."""
        values = self._of.seconds_high if constraint == TIME else self.cost_high
        kept = replace(limits, seconds=None) if constraint == TIME else replace(limits, usd=None)
        places = np.flatnonzero(self.meeting(kept))
        if not len(places):
            return None
        by = int(places[np.argmin(values[places])])
        return Loosening(constraint, float(values[by]), by)


def _prices(table: _Table, limits: Limits, best: int) -> Iterator[Price]:
    if limits.seconds is not None:
        yield _price(table, TIME, None, replace(limits, seconds=None), best)
    if limits.seconds is not None or limits.usd is None:
        given = float(table.seconds[best]) if limits.seconds is None else limits.seconds
        less = SECONDS_PER_HOUR
        if given < _HOURS_FOR_AN_HOUR * SECONDS_PER_HOUR:
            less = _TIGHTER * given
        yield _price(table, TIME, less, replace(limits, seconds=given - less), best)
    if limits.usd is not None:
        yield _price(table, BUDGET, None, replace(limits, usd=None), best)
        less = _TIGHTER * limits.usd
        yield _price(table, BUDGET, less, replace(limits, usd=limits.usd - less), best)


def _price(
    table: _Table, constraint: str, change: float | None, limits: Limits, best: int
) -> Price:
    other = table.best(limits)
    usd, seconds = table.difference(other, best)
    return Price(constraint, change, other, usd, seconds)


def _loosenings(table: _Table, limits: Limits) -> Iterator[Loosening]:
    for constraint, limit in ((TIME, limits.seconds), (BUDGET, limits.usd)):
        found = None if limit is None else table.least(constraint, limits)
        if found is not None:
            yield found
