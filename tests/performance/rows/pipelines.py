"""Rows of the README's table about diagnosing and tuning input pipelines."""

from collections.abc import Iterator
from statistics import median
from typing import Any

from tests.performance.rows.told import ratio

_ASKED_GAIN = 1.10
"""Times as fast: what gained less is not compared with its prediction."""


def planted(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    judged = measured["judged"]
    jobs = len({one["job"] for one in judged})
    yield (
        f"{jobs} jobs whose bottleneck is known by construction, {len(judged) // jobs} diagnoses "
        "of each",
        f"{measured['right']} right, {measured['inconclusive']} inconclusive, "
        f"{measured['wrong']} wrong of {len(judged)}",
    )


def predicted(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    errors = {
        one["job"]: abs(one["predicted"] / one["measured"] - 1)
        for one in measured["predictions"]
        if one["measured"] >= _ASKED_GAIN
    }
    worst = max(errors, key=lambda job: errors[job])
    turns = sorted({len(one["ratios"]) for one in measured["predictions"]})
    yield (
        "predicted against measured gain, first advice of each of these jobs that gained 10% or "
        f"more, over {' or '.join(map(str, turns))} runs with and without it in turns",
        f"{sum(error <= 0.15 for error in errors.values())} of {len(errors)} within 15%, median "
        f"error {median(errors.values()):.0%}, largest {errors[worst]:.0%} ({worst})",
    )


def tuned(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, one in measured.items():
        share = one["tuning_seconds"] / one["grid_seconds"]
        yield (
            f"`tune`: {name} (`tune.seconds={one['tune_seconds']:g}`)",
            f"{ratio(one['tuned_to_given'])} as fast as given; {ratio(one['tuned_to_grid'])} the "
            f"best of a grid of {one['grid_settings']}, in {share:.0%} of its time",
        )


def well_written(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, one in measured.items():
        yield f"`tune`: {name}", f"{ratio(one['tuned_to_given'])} as fast as given"


def profiling(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    lost = measured["throughput_lost"]
    yield (
        f"throughput of a pipeline that profiling takes, {measured['rounds']} rounds",
        f"{lost['value']:.1%} ({lost['low']:.1%} to {lost['high']:.1%})",
    )
