"""What was found, as the plain records of `scaling.json` (see `results.scaling_file`)."""

from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.scaling.cells import Cell
from benchmarks.scaling.curves import MOST_CURVES, conditions, curves_of
from benchmarks.scaling.fit import MEASURED, Fit, HeldOut
from benchmarks.scaling.wording import headline, sentences

_EVERY_ONE_UP_TO = 16
_GROWTH = 1.2


def record_of(fits: Iterable[Fit]) -> dict[str, Any]:
    """The whole file."""
    return {"fits": [_fit(fit) for fit in fits if len(fit.workers) > 1]}


def _fit(fit: Fit) -> dict[str, Any]:
    return {
        "label": fit.label,
        "strategy": fit.strategy,
        "workload": fit.workload,
        "rule": fit.rule,
        "emulated": fit.emulated,
        "runs": len(fit.points),
        "left_out": fit.left_out,
        "fitted_full": fit.fitted_full,
        "held_out_error": fit.held_out_error,
        "headline": headline(fit),
        "says": sentences(fit),
        "series": [_series(fit, cell) for cell in curves_of(fit)[:MOST_CURVES]],
        "held_out": [_held_out(fit, each) for each in fit.held_out],
    }


def _series(fit: Fit, first: Cell) -> dict[str, Any]:
    name = conditions(fit, first)
    points = [point for point in fit.points if conditions(fit, point.cell) == name]
    return {
        "conditions": name,
        "points": [
            {
                "workers": point.cell.workers,
                "examples_per_second": point.examples_per_second,
                "kept_apart": point.cell in fit.cores_full and not fit.fitted_full,
            }
            for point in points
        ],
        "curve": _curve(fit, first, sorted({point.cell.workers for point in points})),
    }


def _curve(fit: Fit, first: Cell, measured: Sequence[int]) -> list[dict[str, Any]]:
    """From one worker to twice as many as were measured."""
    alone = fit.at(fit.like(first, 1)).examples_per_second
    found = []
    for workers in sorted({*_numbers(2 * fit.workers[-1]), *measured}):
        cell = fit.like(first, workers)
        modelled, known = fit.modelled(cell), fit.at(cell)
        found.append(
            {
                "workers": workers,
                "examples_per_second": modelled.examples_per_second,
                "low": modelled.low,
                "high": modelled.high,
                "efficiency": known.examples_per_second / (workers * alone),
                "measured": known.examples_per_second if known.kind == MEASURED else None,
                "measured_low": known.low if known.kind == MEASURED else None,
                "measured_high": known.high if known.kind == MEASURED else None,
                "cores_full": known.cores_full,
            }
        )
    return found


def _numbers(most: int) -> list[int]:
    found = list(range(1, min(most, _EVERY_ONE_UP_TO) + 1))
    while found[-1] < most:
        found.append(min(most, int(found[-1] * _GROWTH)))
    return found


def _held_out(fit: Fit, each: HeldOut) -> dict[str, Any]:
    return {
        "workers": each.cell.workers,
        "conditions": conditions(fit, each.cell),
        "predicted": each.predicted.examples_per_second,
        "low": each.predicted.low,
        "high": each.predicted.high,
        "measured": each.measured,
        "error": each.error,
        "ernest_error": each.ernest_error,
        "cores_full": each.cores_full,
    }
