"""The loss of one run, and of several, over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from results.groups import Group
from results.loading import Run
from results.report.drawing import (
    BLUE,
    LINE_STYLES,
    STRATEGY_COLOURS,
    VERMILION,
    Numbers,
    Plot,
    draw,
    from_zero,
    legend,
)
from results.report.series import Series, moments, thinned
from results.report.timeline import Timeline, timeline
from results.text import number, one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_LINES = 16


def loss_of_run(run: Run, of: Timeline) -> Plot | None:
    """Loss against seconds since the first step, of one run; `of` is its timeline."""
    line = _loss(of)
    if line is None:
        return None
    seconds, loss = line
    first, last = _ends(run, loss)

    def paint(axes: Axes) -> None:
        axes.plot(*thinned(line), color=BLUE)
        _loss_axes(axes, [loss])

    message = f"Loss {_goes(first, last)} in {number(float(seconds[-1]), 's')}"
    return draw("loss", 260, paint, message, moments({"loss": line}, number))


def loss_of_runs(groups: Sequence[Group], workload: str) -> Plot | None:
    """Loss against seconds since the first step; the first run of each group of one workload."""
    lines: dict[str, Series] = {}
    ends: dict[str, tuple[float, float]] = {}
    looks: dict[str, tuple[str, str]] = {}
    workers = sorted({group.workers for group in groups})
    for group in groups[:_MOST_LINES]:
        line = _loss(timeline(group.runs[0]))
        if line is not None:
            lines[group.label] = line
            ends[group.label] = _ends(group.runs[0], line[1])
            style = LINE_STYLES[workers.index(group.workers) % len(LINE_STYLES)]
            looks[group.label] = (STRATEGY_COLOURS.get(group.strategy, VERMILION), style)
    if not lines:
        return None

    def paint(axes: Axes) -> None:
        for label, line in lines.items():
            colour, style = looks[label]
            axes.plot(*thinned(line), style, color=colour, label=one_line(label, 26), linewidth=1.4)
        _loss_axes(axes, [loss for _, loss in lines.values()])
        legend(axes)

    lowest = min(lines, key=lambda label: ends[label][1])
    message = f"{lowest} ends with the lowest loss, {number(ends[lowest][1])}"
    rows = [
        [label, *map(number, ends[label]), number(float(seconds[-1]))]
        for label, (seconds, _) in lines.items()
    ]
    name = "loss-" + "".join(
        sign if sign.isalnum() and sign.isascii() else "-" for sign in workload
    )
    height = 250 + 9 * len(lines)
    head = ["run", "first loss", "last loss", "after s"]
    return draw(name[:48], height, paint, message, Numbers(head, rows))


def _loss(of: Timeline) -> Series | None:
    if not of.steps:
        return None
    leader = next(iter(of.steps))
    overlapping = leader != "chief-0" and len(of.steps) > 1
    told = list(of.steps.values()) if overlapping else [of.steps[leader]]
    ends = np.concatenate([rows["start"] + rows["seconds"] for rows in told])
    loss = np.concatenate([rows["loss"] for rows in told])
    known = np.isfinite(loss)
    if known.sum() < 2:
        return None
    ends, loss = ends[known], loss[known]
    order = np.argsort(ends, kind="stable")
    first = min(float(rows["start"].min()) for rows in told)
    return ends[order] - first, loss[order]


def _loss_axes(axes: Axes, losses: Sequence[np.ndarray]) -> None:
    lowest = min(float(loss.min()) for loss in losses)
    highest = max(float(loss.max()) for loss in losses)
    if lowest > 0 and highest / lowest > 30:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    elif lowest >= 0:
        from_zero(axes)
    axes.set_xlabel("seconds since the first step began")
    axes.set_ylabel("loss")


def _ends(run: Run, loss: np.ndarray) -> tuple[float, float]:
    """First and last loss as the run's summary has them; the line's own where it has none."""
    first, last = run.value("loss_first"), run.value("loss_last")
    if first is None or last is None:
        return float(loss[0]), float(loss[-1])
    return float(first), float(last)


def _goes(first: float, last: float) -> str:
    verb = "falls" if last < first else "rises"
    return f"{verb} from {number(first)} to {number(last)}"
