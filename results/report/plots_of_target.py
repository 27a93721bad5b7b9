"""Time to target: seconds of every seed by cell, and the steps that each batch needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from results.pipeline_file import number_in, record_in, records_in
from results.report.drawing import (
    BLUE,
    INK,
    STRATEGY_COLOURS,
    Numbers,
    Plot,
    draw,
    from_zero,
    legend,
)
from results.report.target_of_sweep import name_of, title_of
from results.text import number, one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_CELLS = 24
_LONGEST_NAME = 34
_ROW, _MARGIN = 26, 90
"""Heights of a cell and of what is around them, about pixels."""


def target_plots(target: Mapping[str, Any]) -> list[Plot]:
    """None where no seed reached the target; the second only where cells differ in batch."""
    cells = records_in(target, "cells")[:_MOST_CELLS]
    found = []
    if any(_reached(cell, "seconds") for cell in cells):
        found.append(_seconds(target, cells))
    batched = [each for each in cells if number_in(each, "batch_per_update") is not None]
    with_steps = [each for each in batched if _reached(each, "steps")]
    if len({number_in(each, "batch_per_update") for each in with_steps}) > 1:
        found.append(_steps(target, with_steps))
    return found


def _seconds(target: Mapping[str, Any], cells: Sequence[Mapping[str, Any]]) -> Plot:
    def paint(axes: Axes) -> None:
        for row, cell in enumerate(cells):
            seen = _reached(cell, "seconds")
            axes.plot(seen, [row] * len(seen), "o", color=_colour(cell), markersize=5, alpha=0.7)
            median = number_in(record_in(cell, "seconds"), "median")
            if median is not None:
                axes.plot([median], [row], "|", color=INK, markersize=16)
        axes.plot([], [], "o", color=INK, markersize=5, label="seed that reached it")
        axes.plot([], [], "|", color=INK, markersize=12, linestyle="", label="median")
        axes.set_yticks(range(len(cells)), [_tick(cell) for cell in cells])
        axes.set_ylim(len(cells) - 0.5, -0.5)
        axes.set_xlim(left=0)
        axes.set_xlabel("s from the first touch of the data")
        legend(axes)

    known = [each for each in cells if number_in(record_in(each, "seconds"), "median") is not None]
    soonest = min(
        known, key=lambda each: number_in(record_in(each, "seconds"), "median") or 0.0, default=None
    )
    what = (
        "no cell in which every seed got there"
        if soonest is None
        else f"{name_of(soonest)} is there first, median "
        f"{number(number_in(record_in(soonest, 'seconds'), 'median'))} s"
    )
    rows = [[name_of(cell), ", ".join(map(number, _reached(cell, "seconds")))] for cell in cells]
    message = f"{title_of(target)}: {what}"
    height = _MARGIN + _ROW * max(3, len(cells))
    return draw("target-seconds", height, paint, message, Numbers(["cell", "seconds"], rows))


def _steps(target: Mapping[str, Any], cells: Sequence[Mapping[str, Any]]) -> Plot:
    def paint(axes: Axes) -> None:
        named: set[str] = set()
        for cell in cells:
            batch, steps = number_in(cell, "batch_per_update") or 1.0, _reached(cell, "steps")
            strategy = one_line(cell.get("strategy"), _LONGEST_NAME)
            label = None if strategy in named else strategy
            named.add(strategy)
            colour = _colour(cell)
            axes.plot([batch] * len(steps), steps, "o", color=colour, markersize=5, label=label)
            median = number_in(record_in(cell, "steps"), "median")
            if median is not None:
                axes.plot([batch], [median], "_", color=INK, markersize=16)
        axes.plot([], [], "_", color=INK, markersize=12, linestyle="", label="median")
        axes.set_xscale("log", base=2)
        batches = sorted({number_in(each, "batch_per_update") or 1.0 for each in cells})
        axes.set_xticks(batches, [f"{batch:g}" for batch in batches])
        from_zero(axes)
        axes.set_xlabel("examples of one step")
        axes.set_ylabel("steps to the target")
        legend(axes)

    rows = [
        [name_of(each), number(number_in(each, "batch_per_update")), number(_median_steps(each))]
        for each in cells
    ]
    valid = [each for each in cells if _median_steps(each) is not None]
    by_batch = sorted(valid, key=lambda each: number_in(each, "batch_per_update") or 0.0)
    what = "steps by batch, no cell in which every seed got there"
    if by_batch:
        ends = by_batch[:1] + by_batch[1:][-1:]
        what = ", ".join(map(_steps_of_batch, ends))
    head = ["cell", "examples of one step", "median steps"]
    message = f"{title_of(target)}: {what}"
    return draw("target-steps", 290, paint, message, Numbers(head, rows))


def _reached(cell: Mapping[str, Any], field: str) -> list[float]:
    found = (number_in(seed, field) for seed in records_in(cell, "seeds"))
    return [value for value in found if value is not None]


def _median_steps(cell: Mapping[str, Any]) -> float | None:
    return number_in(record_in(cell, "steps"), "median")


def _steps_of_batch(cell: Mapping[str, Any]) -> str:
    batch = number(number_in(cell, "batch_per_update"))
    return f"{number(_median_steps(cell))} steps of {batch} examples"


def _colour(cell: Mapping[str, Any]) -> str:
    return STRATEGY_COLOURS.get(str(cell.get("strategy")), BLUE)


def _tick(cell: Mapping[str, Any]) -> str:
    mark = "" if cell.get("valid") else ", invalid"
    return f"{one_line(name_of(cell), _LONGEST_NAME)}{mark}"
