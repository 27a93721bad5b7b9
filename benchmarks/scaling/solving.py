"""The unknowns of a model from points: least squares of relative errors, none negative.

Every row is linear in the unknowns: a step's length, a part of it where that was measured, and what
is usual for each unknown. So the solution is unique whatever is missing, also with two points. For
stations that workers queue at, columns grow with their congestion, which follows from the unknowns:
both are found in turn.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.scaling.cells import Cell, Point
from benchmarks.scaling.queueing import congestion
from benchmarks.scaling.terms import Term

DRAWS = 200
"""Of the unknowns, for intervals."""
_SEED = 20_160_316
_PART_WEIGHT = 0.5
"""A part is measured less surely than the whole: its borders are a matter of definition."""
_ROUNDS, _ROUNDS_OF_DRAWS = 60, 3
_SETTLED = 1e-7
_DAMPING = 0.5


@dataclass(frozen=True)
class Solution:
    """The unknowns of `terms`: the best [k] and what else they may be, `draws` [DRAWS, k]."""

    terms: tuple[Term, ...]
    best: np.ndarray
    draws: np.ndarray

    def seconds(self, cell: Cell) -> float:
        """A step's length at `cell`."""
        return float(self.by_term(cell, self.best).sum())

    def best_and_drawn_by_term(self, cell: Cell) -> np.ndarray:
        """Seconds that each term takes by the best unknowns, then by every draw, [1 + DRAWS, k]."""
        return self.by_term(cell, np.vstack([self.best, self.draws]))

    def by_term(self, cell: Cell, unknowns: np.ndarray) -> np.ndarray:
        """Seconds that each term takes, [..., k] for unknowns [..., k]."""
        alone = unknowns * _columns(self.terms, cell)
        return alone * _congested(self.terms, cell, alone)


def solve(
    terms: Sequence[Term], points: Sequence[Point], seconds: Sequence[float], spread: float
) -> Solution:
    """The unknowns of `terms` from `points` and their `seconds` of a step (beside waiting for
    input), which vary by `spread` (relative) by chance.

    Draws weigh the runs of each cell anew (Rubin, "The Bayesian bootstrap", 1981) and take what is
    usual from its own spread, so that they also show what the points leave open.
    """
    system = _System.of(tuple(terms), points, seconds, spread)
    random = np.random.default_rng(_SEED)
    usual = np.array([term.usual for term in terms])
    spreads = np.array([term.spread for term in terms])
    congested = np.ones((len(points), len(terms)))
    best = system.solved(np.ones(len(points)), usual, congested)
    for _ in range(_ROUNDS if system.queues else 0):
        before = best
        congested += _DAMPING * (system.congestion(best) - congested)
        best = system.solved(np.ones(len(points)), usual, congested)
        if np.allclose(best, before, rtol=_SETTLED, atol=0):
            break
    draws = np.empty((DRAWS, len(terms)))
    for each in range(DRAWS):
        weights = _weights_of_runs(points, random)
        drawn_usual = np.maximum(0.0, random.normal(usual, spreads))
        draws[each] = system.solved(weights, drawn_usual, congested)
        for _ in range(_ROUNDS_OF_DRAWS if system.queues else 0):
            own = system.congestion(draws[each])
            draws[each] = system.solved(weights, drawn_usual, own)
    return Solution(tuple(terms), best, draws)


@dataclass(frozen=True)
class _System:
    terms: tuple[Term, ...]
    cells: tuple[Cell, ...]
    columns: np.ndarray
    """[n, k], without congestion."""
    rows_of: np.ndarray
    """Which point each row is about, [r]."""
    kept: np.ndarray
    """Whether a term counts in a row, [r, k]."""
    seen: np.ndarray
    """Seconds, [r]."""
    scale: np.ndarray
    """What a row is divided by: seconds × spread, [r]."""
    spreads: np.ndarray

    @property
    def queues(self) -> bool:
        return any(term.station for term in self.terms)

    @staticmethod
    def of(
        terms: tuple[Term, ...],
        points: Sequence[Point],
        lengths: Sequence[float],
        spread: float,
    ) -> "_System":
        rows = []
        for place, (point, length) in enumerate(zip(points, lengths, strict=True)):
            rows.append((place, [True] * len(terms), length, length * spread))
            for parts in dict.fromkeys(term.parts for term in terms):
                seconds = _measured(point, parts, length)
                if seconds is not None:
                    kept = [term.parts == parts for term in terms]
                    rows.append((place, kept, seconds, length * spread / _PART_WEIGHT))
        places, kept_rows, seen, scale = zip(*rows, strict=True)
        return _System(
            terms=terms,
            cells=tuple(point.cell for point in points),
            columns=np.array([_columns(terms, point.cell) for point in points]),
            rows_of=np.array(places),
            kept=np.array(kept_rows),
            seen=np.array(seen),
            scale=np.array(scale),
            spreads=np.array([term.spread for term in terms]),
        )

    def solved(self, weights: np.ndarray, usual: np.ndarray, congested: np.ndarray) -> np.ndarray:
        from scipy.optimize import nnls

        divided = np.sqrt(weights[self.rows_of]) / self.scale
        matrix = (self.columns * congested)[self.rows_of] * self.kept * divided[:, None]
        unknowns = nnls(  # in lengths of their spreads, for they differ by powers of ten
            np.vstack([matrix * self.spreads, np.eye(len(self.terms))]),
            np.concatenate([self.seen * divided, usual / self.spreads]),
        )[0]
        return np.asarray(unknowns * self.spreads)

    def congestion(self, unknowns: np.ndarray) -> np.ndarray:
        """[n, k]"""
        alone = self.columns * unknowns
        return np.array(
            [
                _congested(self.terms, cell, seconds)
                for cell, seconds in zip(self.cells, alone, strict=True)
            ]
        )


def _measured(point: Point, parts: Sequence[str], length: float) -> float | None:
    """Seconds of these parts in a step of that length, from which waiting for input may have been
    taken off; None where one was not measured."""
    off = {"input"} if length < point.step_seconds else set()
    found = [point.parts.get(part) for part in parts if part not in off]
    known = [seconds for seconds in found if seconds is not None]
    return sum(known) if len(known) == len(found) else None


def _columns(terms: Sequence[Term], cell: Cell) -> np.ndarray:
    return np.array([term.column(cell) for term in terms], dtype=np.float64)


def _congested(terms: Sequence[Term], cell: Cell, alone: np.ndarray) -> np.ndarray:
    """How many times as long each term takes for the others who want the same, [..., k]."""
    stations = np.array([term.station for term in terms])
    found = np.ones_like(alone)
    if stations.any():
        delay = alone[..., ~stations].sum(axis=-1)
        found[..., stations] = congestion(cell.workers, delay, alone[..., stations])
    return found


def _weights_of_runs(points: Sequence[Point], random: np.random.Generator) -> np.ndarray:
    drawn = random.exponential(size=len(points))
    cells = [point.cell for point in points]
    of_cell = {cell: [i for i, each in enumerate(cells) if each == cell] for cell in cells}
    for places in of_cell.values():
        drawn[places] *= len(places) / drawn[places].sum()
    return drawn
