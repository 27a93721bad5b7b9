"""What each task of a run did when: starting, tracing, training, saving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from results.loading import Run
from results.report.drawing import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    YELLOW,
    Numbers,
    Plot,
    draw,
    legend,
)
from results.report.timeline import Timeline
from results.text import fixed, number, one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_TASKS = 16
_Span = tuple[float, float]

_PHASES = {
    "starting": GREY,
    "importing": SKY,
    "joining": PURPLE,
    "opening data": ORANGE,
    "building the model": GREEN,
    "tracing": VERMILION,
    "training": BLUE,
    "evaluating": YELLOW,
    "saving": INK,
}
_ENDED_BY = {
    "process_started": "starting",
    "imported": "importing",
    "cluster_joined": "joining",
    "data_ready": "opening data",
    "model_built": "building the model",
    "first_call_done": "tracing",
}
"""The phase that an event of a task ends."""
_LASTING = {"evaluated": "evaluating", "checkpoint": "saving"}
"""Events that say for how many seconds something was done, and end it."""
_SINCE_THE_LAST = {"saved": "saving"}
"""Events that end what began with the event before them."""


def phases(run: Run, of: Timeline, whose: str = "") -> Plot | None:
    """What each task did when: a bar a task, from the start of the tasks to its last sign of life.

    `whose` names the run where the page shows several.
    """
    bars = {task: _phases_of(run, task, of) for task in run.folder.tasks()[:_MOST_TASKS]}
    bars = {task: spans for task, spans in bars.items() if spans}
    if not bars:
        return None
    shown = [name for name in _PHASES if any(name in spans for spans in bars.values())]

    def paint(axes: Axes) -> None:
        for place, spans in enumerate(bars.values()):
            for name, parts in spans.items():
                axes.broken_barh(parts, (place - 0.31, 0.62), color=_PHASES[name])
        for name in shown:
            axes.barh(0, 0, color=_PHASES[name], label=name)
        axes.set_yticks(range(len(bars)), [one_line(task, 20) for task in bars])
        axes.set_ylim(len(bars) - 0.4, -0.6)
        axes.set_xlim(left=0)
        axes.set_xlabel("seconds since the tasks were started")
        axes.grid(visible=True, axis="x")
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        legend(axes)

    seconds = {name: max(_length(spans.get(name, [])) for spans in bars.values()) for name in shown}
    longest = max(shown, key=lambda name: seconds[name])
    message = f"The longest part is {longest}: {number(seconds[longest], 's')}"
    if whose:
        message = f"{whose}: {message[0].lower()}{message[1:]}"
    rows = [
        [task, *(fixed(_length(spans.get(name, [])), 1) for name in shown)]
        for task, spans in bars.items()
    ]
    head = ["task", *(f"{name} s" for name in shown)]
    return draw("phases", 110 + 26 * max(len(bars), 2), paint, message, Numbers(head, rows))


def _phases_of(run: Run, task: str, of: Timeline) -> dict[str, list[_Span]]:
    """Start and length of each phase of a task, seconds since the tasks were started."""
    events = [event for event in run.folder.events(task) if "time" in event and "event" in event]
    found: dict[str, list[_Span]] = {}
    before = 0.0
    for event in events:
        name, moment = _ENDED_BY.get(str(event["event"])), float(event["time"]) - of.began
        if name is not None and moment > before:
            found.setdefault(name, []).append((before, moment - before))
            before = moment
    training = _training(of.steps[task], events, of.began) if task in of.steps else []
    if training:
        found["training"] = training
    for previous, event in zip([None, *events], events, strict=False):
        kind, moment = str(event["event"]), float(event["time"]) - of.began
        seconds = event.get("seconds") if kind in _LASTING else None
        if kind in _SINCE_THE_LAST and previous is not None:
            seconds = float(event["time"]) - float(previous["time"])
        if isinstance(seconds, int | float) and seconds > 0:
            name = (_LASTING | _SINCE_THE_LAST)[kind]
            found.setdefault(name, []).append((max(0.0, moment - seconds), float(seconds)))
    return found


def _training(
    rows: Mapping[str, np.ndarray], events: Sequence[Mapping[str, Any]], began: float
) -> list[_Span]:
    """From the first call's end to the last step's, of each start of the task."""
    starts = [float(each["time"]) for each in events if each["event"] == "process_started"]
    ends = [float(each["time"]) for each in events if str(each["event"]) in _ENDED_BY]
    found = []
    for start, after in pairwise([*(starts or [-np.inf]), np.inf]):
        own = (rows["start"] >= start) & (rows["start"] < after)
        if own.any():
            ready = [moment for moment in ends if start <= moment < after]
            first = max([float(rows["start"][own].min()), *ready])
            last = float((rows["start"] + rows["seconds"])[own].max())
            if last > first:
                found.append((first - began, last - first))
    return found


def _length(spans: Sequence[_Span]) -> float:
    return sum(length for _, length in spans)
