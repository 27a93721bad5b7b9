"""A fitted model of throughput: what it predicts, how well it did, and what holds a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import exp, log2, sqrt
from typing import Any

import numpy as np

from benchmarks.scaling.cells import Cell, Point
from benchmarks.scaling.host_cores import is_full
from benchmarks.scaling.shared_input import InputPace
from benchmarks.scaling.solving import Solution
from benchmarks.scaling.terms import EXCHANGE, INPUT, NETWORK, UPDATE
from results.errors import UserError

MEASURED, PREDICTED = "measured", "predicted"
WEAK, STRONG = "weak", "strong"

_LEVEL = 0.05
_SEED = 7
_NEVER_SEEN = 2.0
"""Doublings that a bandwidth counts for where no run had a known one."""


@dataclass(frozen=True)
class Prediction:
    """Throughput with its 95% interval. `kind` is `MEASURED` or `PREDICTED`."""

    examples_per_second: float
    low: float
    high: float
    kind: str
    cores_full: bool = False
    """Whether the host's own cores are too few for that many tasks."""


@dataclass(frozen=True)
class HeldOut:
    """A cell of the largest number of workers, predicted from the other numbers alone."""

    cell: Cell
    predicted: Prediction
    measured: float
    """Geometric mean over its runs, examples/s."""
    ernest: float | None
    """What Ernest's model predicts from the same points."""
    cores_full: bool

    @property
    def error(self) -> float:
        """(predicted − measured) ÷ measured."""
        return self.predicted.examples_per_second / self.measured - 1

    @property
    def ernest_error(self) -> float | None:
        """The same of Ernest's prediction."""
        return None if self.ernest is None else self.ernest / self.measured - 1


@dataclass(frozen=True)
class Fit:
    """A model of throughput, and the points that it was fitted to."""

    strategy: str
    workload: str
    rule: str
    """`WEAK`: the batch of a replica is the same for any number of workers; `STRONG`: the global
    batch is."""
    varied: str
    """What sets its runs apart from those of another fit of the same strategy and workload."""
    points: tuple[Point, ...]
    """All runs, also those that were kept apart."""
    cores_full: frozenset[Cell]
    """Measured cells in which the host's own cores were full. They are kept out of the fit, unless
    the others are of one number of workers."""
    fitted_full: bool
    """Whether they are in it nevertheless: it then tells about more tasks on this machine."""
    held_out: tuple[HeldOut, ...]
    """Empty where fewer than three numbers of workers were measured."""
    left_out: int
    """Runs that failed or did not finish, or whose speed was not measured."""
    emulated: str | None
    solution: Solution
    pace: InputPace
    residual: float
    """Relative standard deviation of runs around the model."""
    run_spread: float
    """Of runs of one configuration around their mean."""
    beyond: float
    """Relative error that each doubling beyond what was measured adds."""
    beyond_full: float
    """The same where the host's own cores are full, which no term describes."""
    per_task: float | None
    """Cores that one worker keeps busy."""

    @property
    def label(self) -> str:
        """ "multiworker, digits_mlp, weak scaling", and what else was varied."""
        parts = (self.strategy, self.workload, f"{self.rule} scaling", self.varied)
        return ", ".join(filter(None, parts))

    @property
    def workers(self) -> tuple[int, ...]:
        """Numbers of workers that were measured."""
        return tuple(sorted({point.cell.workers for point in self.points}))

    @property
    def held_out_error(self) -> float | None:
        """Median size of the error of held-out cells whose cores were not full, else of all."""
        free = [each for each in self.held_out if not each.cores_full] or self.held_out
        return float(np.median([abs(each.error) for each in free])) if free else None

    @cached_property
    def usual(self) -> Cell:
        """The cell of the fewest workers that was measured most often: what a prediction starts
        from where it isn't told otherwise."""
        fewest = [point.cell for point in self.points if point.cell.workers == self.workers[0]]
        return max(dict.fromkeys(fewest), key=fewest.count)

    def cell(
        self,
        workers: int,
        *,
        mbit_per_second: float | None = None,
        gradient_bytes: float | None = None,
        ps: int | None = None,
        own_hosts: bool = False,
    ) -> Cell:
        """A cell under this fit's batch rule; what isn't given is as in `usual`.

        `own_hosts` gives each task a host like the measured one to itself. Raises UserError for a
        number that can't be.
        """
        if workers < 1:
            raise UserError(f"workers={workers}: at least 1 is needed")
        if self.strategy == "one_device" and workers > 1:
            raise UserError(f"workers={workers}: strategy=one_device computes once")
        given: dict[str, Any] = {
            "mbit_per_second": mbit_per_second,
            "gradient_bytes": gradient_bytes,
            "ps": ps,
        }
        for name, value in given.items():
            if value is not None and not value > 0:
                raise UserError(f"{name}={value}: more than 0 is needed")
        usual = self.like(self.usual, workers)
        if gradient_bytes is not None and usual.gradient_bytes is None:
            raise UserError(
                f"gradient_bytes={gradient_bytes:g}: no run of {self.label} tells its gradient's "
                "size, so another one says nothing; measure again, or leave it out"
            )
        asked = {name: value for name, value in given.items() if value is not None}
        if own_hosts and workers > 1:
            asked["shared_cores"] = None
        return replace(usual, **asked)

    def like(self, cell: Cell, workers: int) -> Cell:
        """`cell` with another number of workers, under this fit's batch rule."""
        batch = cell.batch_per_replica
        if self.rule == STRONG:
            batch = cell.batch_total / workers
        return replace(cell, workers=workers, batch_per_replica=batch)

    def predict(
        self,
        workers: int,
        *,
        mbit_per_second: float | None = None,
        gradient_bytes: float | None = None,
        ps: int | None = None,
        own_hosts: bool = False,
    ) -> Prediction:
        """Throughput of `workers`, in examples a second over all of them; see `cell`."""
        return self.at(
            self.cell(
                workers,
                mbit_per_second=mbit_per_second,
                gradient_bytes=gradient_bytes,
                ps=ps,
                own_hosts=own_hosts,
            )
        )

    def at(self, cell: Cell) -> Prediction:
        """Throughput at `cell`: what was measured there, else what the model predicts."""
        speeds = [point.examples_per_second for point in self._runs_of(cell)]
        return self._measured(cell, speeds) if speeds else self.modelled(cell)

    def modelled(self, cell: Cell) -> Prediction:
        """What the model says at `cell`, also where it was measured."""
        input_seconds = self.pace.seconds(cell)
        by_term = self.solution.best_and_drawn_by_term(cell)
        lengths = np.maximum(by_term.sum(axis=-1), input_seconds)
        seconds, drawn = float(lengths[0]), lengths[1:]
        noise = np.random.default_rng(_SEED).standard_normal(len(drawn))
        full = self.is_full(cell)
        drawn = drawn * np.exp(noise * self._error(cell, full, self._by_cause(cell, by_term[0])))
        low, high = np.quantile(drawn, [_LEVEL / 2, 1 - _LEVEL / 2])
        return Prediction(
            examples_per_second=cell.batch_total / seconds,
            low=cell.batch_total / max(seconds, float(high)),
            high=cell.batch_total / min(seconds, float(low)),
            kind=PREDICTED,
            cores_full=full,
        )

    def is_full(self, cell: Cell) -> bool:
        """Whether the host's cores are too few for the tasks of `cell`."""
        measured = [point.cell for point in self._runs_of(cell)]
        full = any(each in self.cores_full for each in measured)
        return full if measured else is_full(cell, self.per_task)

    def seconds_by_cause(self, cell: Cell) -> Mapping[str, float]:
        """What a step's seconds at `cell` are spent on, in words, see `terms`."""
        return self._by_cause(cell, self.solution.by_term(cell, self.solution.best))

    def _by_cause(self, cell: Cell, by_term: np.ndarray) -> Mapping[str, float]:
        """`by_term` are seconds, [k]."""
        found: dict[str, float] = {}
        for term, seconds in zip(self.solution.terms, by_term, strict=True):
            found[term.name] = found.get(term.name, 0.0) + float(seconds)
        waiting = self.pace.seconds(cell) - sum(found.values())
        return found | ({INPUT: waiting} if waiting > 0 else {})

    def _runs_of(self, cell: Cell) -> list[Point]:
        """Runs of that configuration. One worker who sends to nobody has no use for a network."""

        def seen(of: Cell) -> Cell:
            alone = of.workers == 1 and self.strategy != "parameter_server"
            return replace(of, mbit_per_second=None) if alone else of

        wanted = seen(cell)
        return [point for point in self.points if seen(point.cell) == wanted]

    def _measured(self, cell: Cell, speeds: Sequence[float]) -> Prediction:
        from scipy.special import stdtrit

        mean = exp(float(np.mean(np.log(speeds))))
        repeats = len(self.points) - len({point.cell for point in self.points})
        quantile = float(stdtrit(max(1, repeats), 1 - _LEVEL / 2)) if repeats else 2.0
        factor = exp(quantile * self.run_spread / sqrt(len(speeds)))
        return Prediction(mean, mean / factor, mean * factor, MEASURED, self.is_full(cell))

    def _error(self, cell: Cell, full: bool, by_cause: Mapping[str, float]) -> float:
        """Relative standard deviation of what the model leaves out, at `cell`."""
        beyond = self.beyond_full if full else self.beyond
        return sqrt(self.residual**2 + (beyond * self._doublings_beyond(cell, by_cause)) ** 2)

    def _doublings_beyond(self, cell: Cell, by_cause: Mapping[str, float]) -> float:
        """How far `cell` lies outside what was measured, in factors of two over all directions.

        A link or a gradient counts by the share of a step that depends on it: to one worker a
        network never seen is nothing new.
        """
        whole = sum(by_cause.values())
        sent = by_cause.get(NETWORK, 0.0) / whole
        moved = sent + (by_cause.get(EXCHANGE, 0.0) + by_cause.get(UPDATE, 0.0)) / whole
        cells = [point.cell for point in self.points]
        return sqrt(
            _doublings(cell.workers, [each.workers for each in cells]) ** 2
            + (sent * _doublings(cell.mbit_per_second, [each.mbit_per_second for each in cells]))
            ** 2
            + (moved * _doublings(cell.gradient_bytes, [each.gradient_bytes for each in cells]))
            ** 2
            + (moved * _doublings(cell.ps, [each.ps for each in cells])) ** 2
        )


def _doublings(value: float | None, seen: Sequence[float | None]) -> float:
    """By how many factors of two `value` lies outside `seen`."""
    known = [each for each in seen if each is not None]
    if value is None:
        return 0.0
    if not known:
        return _NEVER_SEEN
    return max(0.0, log2(value / max(known)), log2(min(known) / value))
