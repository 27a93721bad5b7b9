"""Throughput, CPU and memory of one run's tasks over time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from results.report.drawing import (
    BLUE,
    LINE_STYLES,
    MUTED,
    SERIES_COLOURS,
    Plot,
    draw,
    legend,
    thousands,
)
from results.report.series import Series, moments, thinned
from results.report.timeline import Timeline
from results.text import fixed, number, one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_LINES = 16


def throughput_over_time(of: Timeline, warmup_steps: int) -> Plot | None:
    """Examples a second of all tasks together, in equal windows after the warm-up."""
    rows = [{k: v[r["step"] > warmup_steps] for k, v in r.items()} for r in of.steps.values()]
    rows = [each for each in rows if len(each["step"])]
    if not rows:
        return None
    ends = np.concatenate([each["start"] + each["seconds"] for each in rows]) - of.began
    examples = np.concatenate([each["examples"] for each in rows])
    first = min(float(each["start"].min()) for each in rows) - of.began
    windows = int(min(60, len(ends) / len(rows) / 8))
    if windows < 3:
        return None
    last = min(float((each["start"] + each["seconds"]).max()) for each in rows) - of.began
    counted, edges = np.histogram(ends, windows, (first, last), weights=examples)
    rates = counted / np.diff(edges)
    middles = (edges[1:] + edges[:-1]) / 2

    def paint(axes: Axes) -> None:
        axes.plot(middles, rates, color=BLUE)
        axes.set_xlabel("seconds since the tasks were started")
        axes.set_ylabel("examples / s")
        thousands(axes)

    low, high = np.quantile(rates, [0.1, 0.9])
    message = f"Most of the time, between {number(low)} and {number(high)} examples/s"
    numbers = moments({"examples / s": (middles, rates)}, number)
    return draw("throughput-over-time", 260, paint, message, numbers)


def cpu(of: Timeline, whose: str = "") -> Plot | None:
    """Cores that each task keeps busy; `whose` names the run where the page shows several."""
    lines: dict[str, Series] = {}
    for task, rows in of.resources.items():
        time, used = rows["time"] - of.began, rows["cpu_seconds"]
        if len(time) > 2:
            cores = np.diff(used) / np.maximum(np.diff(time), 1e-3)
            lines[task] = (time[1:], np.maximum(cores, 0))
    if not lines:
        return None
    first = of.first_step
    busy = [
        float(np.median(cores[time >= (first or 0)]))
        for time, cores in lines.values()
        if (time >= (first or 0)).any()
    ]
    together = f"{fixed(sum(busy), 1)} cores"
    phase = "while training" if first is not None else "in the median"
    message = f"{_tasks(len(lines))} {together} busy {phase}"
    if whose:
        message = f"{whose}: {message[0].lower()}{message[1:]}"
    return _lines("cpu", lines, "cores busy", message, first, lambda value: fixed(value, 2))


def memory(of: Timeline, whose: str = "") -> Plot | None:
    """Resident memory of each task; `whose` names the run where the page shows several."""
    lines = {
        task: (rows["time"] - of.began, rows["rss_bytes"].astype(np.float64) / 1e6)
        for task, rows in of.resources.items()
        if len(rows["time"]) > 2 and np.isfinite(rows["rss_bytes"].astype(np.float64)).any()
    }
    if not lines:
        return None
    peaks = {task: float(np.nanmax(values)) for task, (_, values) in lines.items()}
    largest = max(peaks, key=lambda task: peaks[task])
    message = f"Memory peaks at {number(peaks[largest])} MB in {largest}"
    if len(peaks) > 1:
        message += f", at {number(sum(peaks.values()))} MB in all {len(peaks)} tasks"
    if whose:
        message = f"{whose}: {message[0].lower()}{message[1:]}"
    return _lines("memory", lines, "resident memory, MB", message, of.first_step, number)


def _lines(
    name: str,
    lines: Mapping[str, Series],
    unit: str,
    message: str,
    first_step: float | None,
    shown: Callable[[float], str],
) -> Plot:
    def paint(axes: Axes) -> None:
        for place, (task, line) in enumerate(list(lines.items())[:_MOST_LINES]):
            colour = SERIES_COLOURS[place % len(SERIES_COLOURS)]
            style = LINE_STYLES[place // len(SERIES_COLOURS) % len(LINE_STYLES)]
            axes.plot(*thinned(line), style, color=colour, label=one_line(task, 20))
        thousands(axes)
        if first_step is not None:
            axes.axvline(first_step, color=MUTED, linewidth=0.9, linestyle=":")
            axes.annotate(
                "first step",
                (first_step, 0.03),
                xycoords=("data", "axes fraction"),
                xytext=(4, 0),
                textcoords="offset points",
                fontsize=11,
                color=MUTED,
            )
        axes.set_xlabel("seconds since the tasks were started")
        axes.set_ylabel(unit)
        legend(axes)

    return draw(name, 260, paint, message, moments(lines, shown))


def _tasks(count: int) -> str:
    return "The task keeps" if count == 1 else f"{count} tasks together keep"
