"""What training must get through: so many examples, or as many as a quality takes.

How many examples a quality takes depends on the global batch, and without synchronous updates also
on the number of workers. So it is known only where it was measured, and between two batches that
were; elsewhere it is unknown, never guessed. Looking for the quality takes time as well, and the
clock of a time to target is never paused: evaluations count as they were measured.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.planning.ways import Way
from benchmarks.reaching import Attained

_QUANTILES = (0.5, 0.05, 0.95)
"""Over seeds: the middle, and the ends of what nine in ten need."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Amount:
    """Examples [n] that n configurations train on; NaN where that is not known."""

    examples: Floats
    low: Floats
    high: Floats
    measured: NDArray[np.bool_]
    """False where it lies between what was measured, or was measured with other workers."""
    evaluating: Floats
    """Seconds in evaluations, on the measured machine."""
    one_seed: NDArray[np.bool_]
    """Whether it rests on a single seed, which tells nothing of how much others differ."""


class Goal(Protocol):
    """What must be reached."""

    def amount(self, way: Way, workers: NDArray[np.int64]) -> Amount:
        """How many examples that takes with `workers` [n] of a way."""
        ...

    @property
    def words(self) -> str:
        """The goal in words."""
        ...


@dataclass(frozen=True)
class Examples:
    """A number of examples, whoever trains on them."""

    count: float

    def amount(self, way: Way, workers: NDArray[np.int64]) -> Amount:
        """The same for all."""
        same = np.full(len(workers), self.count)
        none = np.zeros(len(workers))
        return Amount(same, same, same, none == 0, none, none != 0)

    @property
    def words(self) -> str:
        """The goal in words."""
        return f"{self.count:,.0f} examples"


@dataclass(frozen=True)
class Target:
    """A held-out quality, by runs of several seeds that trained until it or beyond."""

    quality: float
    seeds: Mapping[tuple[str, float, int], Sequence[float]]
    """Examples that each seed needed, by who shares the mathematics (see `_kin`), global batch and,
    without synchronous updates, workers (else 0). A cell of which a seed failed isn't there."""
    failed: tuple[str, ...] = ()
    """Runs that ended before the quality, each of which makes its cell invalid."""
    evaluating: Mapping[tuple[str, float, int], float] = field(default_factory=dict)
    """Median seconds in evaluations over seeds, by strategy, global batch and workers, and by the
    keys of `seeds`."""

    def amount(self, way: Way, workers: NDArray[np.int64]) -> Amount:
        """Quantiles over seeds at the batch of each; in between on a line in log–log."""
        batches = way.batch_total(workers)
        cells = [(way.strategy, *cell) for cell in zip(batches, workers.tolist(), strict=True)]
        evaluating = np.array([self.evaluating.get(cell, np.nan) for cell in cells])
        if way.synchronous:
            return self._between(batches, evaluating)
        found = [self.seeds.get(cell, ()) for cell in cells]
        middle, low, high = np.array([_quantiles(of) for of in found]).reshape(-1, 3).T
        one_seed = np.array([len(of) == 1 for of in found])
        return Amount(middle, low, high, np.isfinite(middle), evaluating, one_seed)

    @property
    def words(self) -> str:
        """The goal in words."""
        return f"quality {self.quality:g}"

    @property
    def synchronous_batches(self) -> tuple[float, ...]:
        """Global batches at which synchronous steps were measured."""
        return tuple(sorted(batch for kin, batch, _ in self.seeds if kin == _SYNCHRONOUS))

    def _between(self, batches: Floats, evaluating: Floats) -> Amount:
        """`evaluating` [n] are seconds where they were measured with as many workers, else NaN."""
        known = self.synchronous_batches
        if not known:
            unknown, no = np.full(len(batches), np.nan), np.zeros(len(batches), dtype=bool)
            return Amount(unknown, unknown, unknown, no, unknown, no)
        of_batch = [self.seeds[_SYNCHRONOUS, batch, 0] for batch in known]
        middle, low, high = (
            np.exp(np.interp(np.log(batches), np.log(known), of, left=np.nan, right=np.nan))
            for of in np.log([_quantiles(of) for of in of_batch]).T
        )
        own = np.isfinite(evaluating)
        seconds = [self.evaluating[_SYNCHRONOUS, batch, 0] for batch in known]
        others = np.interp(np.log(batches), np.log(known), seconds)
        one_seed = np.interp(np.log(batches), np.log(known), [len(of) == 1 for of in of_batch]) > 0
        measured = np.isin(batches, known) & own
        return Amount(middle, low, high, measured, np.where(own, evaluating, others), one_seed)


_SYNCHRONOUS = "synchronous"


def target(
    quality: float, attained: Iterable[Attained], evaluating_seconds: Mapping[str, float]
) -> Target:
    """What runs tell of a quality; a run is one seed of its cell. `evaluating_seconds` are by
    run."""
    cells: dict[tuple[str, float, int], list[float | None]] = {}
    failed = []
    evaluating: dict[tuple[str, float, int], list[float]] = {}
    for each in attained:
        cell = _kin(each.strategy, each.overlapping, each.batch_total, each.workers)
        cells.setdefault(cell, []).append(each.examples)
        if each.examples is None:
            failed.append(each.run)
        for key in {cell, (each.strategy, each.batch_total, each.workers)}:
            evaluating.setdefault(key, []).append(evaluating_seconds.get(each.run, 0.0))
    seeds = {
        cell: [count for count in of if count is not None]
        for cell, of in cells.items()
        if None not in of
    }
    medians = {key: median(of) for key, of in evaluating.items()}
    return Target(quality, seeds, tuple(failed), medians)


def _kin(
    strategy: str, overlapping: bool, batch_total: float, workers: int
) -> tuple[str, float, int]:
    """Runs of one key need the same number of steps: synchronous strategies do the same mathematics
    with the same global batch."""
    return (strategy, batch_total, workers) if overlapping else (_SYNCHRONOUS, batch_total, 0)


def _quantiles(seeds: Sequence[float]) -> list[float]:
    if not len(seeds):
        return [np.nan] * len(_QUANTILES)
    return [float(value) for value in np.quantile(np.asarray(seeds, dtype=np.float64), _QUANTILES)]
