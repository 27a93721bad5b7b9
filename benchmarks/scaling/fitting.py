"""From runs to models: which points are fitted, and how well the largest clusters are predicted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import exp, log, log2, sqrt
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.scaling.cells import Cell, Point
from benchmarks.scaling.ernest import ernest_prediction
from benchmarks.scaling.fit import Fit, HeldOut
from benchmarks.scaling.host_cores import cores_per_task, was_full
from benchmarks.scaling.parameter_server import parameter_server_terms
from benchmarks.scaling.reading import Group, groups_of
from benchmarks.scaling.shared_input import input_pace, seconds_beside_input
from benchmarks.scaling.solving import Solution, solve
from benchmarks.scaling.stragglers import straggle_seconds
from benchmarks.scaling.synchronous import IN_ONE_PROCESS, Known, synchronous_terms
from benchmarks.scaling.terms import Term
from results.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

_BEYOND = 0.04
"""Error (standard deviation, relative) that a doubling beyond what was measured adds, before a
held-out cell has told better: half of what such models are known to err by at twice the largest
cluster seen (Srifty: 8%)."""
_SMALLEST_SPREAD = 0.01
"""Of runs around their mean: fewer repeats than it takes to see it don't make them equal."""
_USUAL_SPREAD = 0.02
"""Where no configuration ran twice."""


def fits_of(runs: pd.DataFrame) -> list[Fit]:
    """A model for each strategy, workload and batch rule in a frame of `results.load`.

    Failed runs are left out and counted. A strategy that was measured with one number of workers
    only is left out where others have more (but `one_device`, which has no more than one).

    Raises UserError where no run finished, where no strategy was measured with two numbers of
    workers, and for runs that don't belong in one fit: of different machines or workloads, or with
    and without an emulated accelerator. The caller puts the key that named the runs before it
    ("folder=…: ").
    """
    groups = groups_of(runs)
    enough = [group for group in groups if len(_counts(group.points)) > 1]
    if not enough:
        first = groups[0]
        raise UserError(
            f"{first.strategy}, {first.workload} was measured with workers="
            f"{first.points[0].cell.workers} only, and a fit needs two numbers of workers at "
            "least: sweep workers=1,2,4"
        )
    alone = [group for group in groups if group.strategy == "one_device"]
    return [_fit(group) for group in [*alone, *enough]]


def without_fit(runs: pd.DataFrame, fits: Sequence[Fit]) -> list[str]:
    """What of these runs is in none of their fits, though it finished, and why: sentences."""
    fitted = {point.run for fit in fits for point in fit.points}
    done = runs[(runs["state"] == "done") & ~runs["run"].isin(fitted)]
    done = done[done["examples_per_second"] > 0]
    return [
        f"{strategy}, {workload} has no model: it was measured with workers="
        f"{', '.join(map(str, sorted(set(of['workers']))))} only."
        for (strategy, workload), of in done.groupby(["strategy", "workload"], sort=False)
    ]


def _fit(group: Group) -> Fit:
    """The model of all points, and what those of fewer workers predict of the most."""
    fit = _of_points(group, group.points)
    most = fit.workers[-1]
    fewer = [point for point in group.points if point.cell.workers < most]
    if len(_counts(fewer)) < 2:
        return fit
    without = _of_points(group, fewer)
    cells = dict.fromkeys(point.cell for point in group.points if point.cell.workers == most)
    held_out = tuple(_held_out(fit, without, cell) for cell in cells)
    of_the_law = [each for each in held_out if fit.fitted_full or not each.cores_full]
    return replace(
        fit,
        held_out=held_out,
        beyond=_widened(of_the_law, fit),
        beyond_full=_widened(held_out, fit),
    )


def _of_points(group: Group, points: Sequence[Point]) -> Fit:
    per_task = cores_per_task(points)
    full = [point for point in points if was_full(point, per_task)]
    free = [point for point in points if point not in full]
    fitted_full = len(_counts(free)) < 2 and len(_counts(points)) > 1
    fitted = list(points) if fitted_full else free
    spread = _run_spread(points)
    terms = _terms(group, fitted, per_task)
    pace = input_pace(fitted)
    seconds = [seconds_beside_input(point, pace) for point in fitted]
    solution = solve(terms, fitted, seconds, spread)
    return Fit(
        strategy=group.strategy,
        workload=group.workload,
        rule=group.rule,
        varied=group.varied,
        points=tuple(points),
        cores_full=frozenset(point.cell for point in full),
        fitted_full=fitted_full and bool(full),
        held_out=(),
        left_out=group.left_out,
        emulated=group.emulated,
        solution=solution,
        pace=pace,
        residual=max(spread, _residual(solution, fitted, seconds)),
        run_spread=spread,
        beyond=_BEYOND,
        beyond_full=_BEYOND,
        per_task=per_task,
    )


def _terms(group: Group, points: Sequence[Point], per_task: float | None) -> tuple[Term, ...]:
    fewest = min(points, key=lambda point: point.cell.workers)
    alike = [point for point in points if point.cell.workers == fewest.cell.workers]
    known = Known(
        step_seconds=float(np.median([point.step_seconds for point in alike])),
        batch_per_replica=fewest.cell.batch_per_replica,
        has_gradient_bytes=all(point.cell.gradient_bytes is not None for point in points),
        has_accelerator=not group.slowed
        and all(point.cell.accelerator is not None for point in points),
        cores_per_task=per_task,
        straggle_seconds=lambda workers: straggle_seconds(group.steps_alone, workers),
        tells_straggling=all("straggle" in point.parts for point in points),
    )
    if group.strategy == "parameter_server":
        return parameter_server_terms(known)
    return synchronous_terms(known, group.strategy in IN_ONE_PROCESS)


def _held_out(fit: Fit, without: Fit, cell: Cell) -> HeldOut:
    kept = [
        point
        for point in without.points
        if without.fitted_full or point.cell not in without.cores_full
    ]
    speeds = [point.examples_per_second for point in fit.points if point.cell == cell]
    return HeldOut(
        cell=cell,
        predicted=without.modelled(cell),
        measured=exp(float(np.mean(np.log(speeds)))),
        ernest=ernest_prediction(kept, cell),
        cores_full=cell in fit.cores_full,
    )


def _widened(held_out: Sequence[HeldOut], fit: Fit) -> float:
    """What each doubling beyond the measured adds to the error, held-out cells being told.

    The root mean square of what is usual and of what the held-out cells erred by.
    """
    doublings = log2(fit.workers[-1] / fit.workers[-2])
    errors = [log(1 + each.error) / doublings for each in held_out]
    return sqrt(float(np.mean([_BEYOND**2, *(error**2 for error in errors)])))


def _run_spread(points: Sequence[Point]) -> float:
    """Relative standard deviation of runs around the mean of their cell, over all cells."""
    cells = dict.fromkeys(point.cell for point in points)
    degrees = len(points) - len(cells)
    if degrees == 0:
        return _USUAL_SPREAD
    squares = 0.0
    for cell in cells:
        logs = np.log([point.examples_per_second for point in points if point.cell == cell])
        squares += float(((logs - logs.mean()) ** 2).sum())
    return max(_SMALLEST_SPREAD, sqrt(squares / degrees))


def _residual(solution: Solution, points: Sequence[Point], seconds: Sequence[float]) -> float:
    """Relative standard deviation of the points' `seconds` around the model."""
    errors = [
        log(solution.seconds(point.cell) / length)
        for point, length in zip(points, seconds, strict=True)
    ]
    return sqrt(float(np.mean(np.square(errors))))


def _counts(points: Sequence[Point]) -> set[int]:
    return {point.cell.workers for point in points}
