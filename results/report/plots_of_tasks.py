"""Plots over time: throughput, CPU and memory of one run's tasks, and the loss of runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from results.errors import UserError
from results.groups import Group
from results.loading import Run
from results.report.drawing import (
    BLUE,
    GREEN,
    GREY,
    INK,
    LINE_STYLES,
    MUTED,
    ORANGE,
    PURPLE,
    SERIES_COLOURS,
    SKY,
    STRATEGY_COLOURS,
    VERMILION,
    Numbers,
    Plot,
    draw,
    legend,
    thousands,
)
from results.streams import RESOURCES, STEPS, read_rows
from results.text import fixed, number, one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_POINTS = 250
_MOST_LINES = 16
_ROWS_OF_NUMBERS = 12
_Series = tuple[np.ndarray, np.ndarray]
_Span = tuple[float, float]

_PHASES = {
    "starting": GREY,
    "importing": SKY,
    "joining": PURPLE,
    "opening data": ORANGE,
    "building the model": GREEN,
    "tracing": VERMILION,
    "training": BLUE,
    "evaluating": "#f0e442",
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


@dataclass(frozen=True)
class Timeline:
    """Rows of one run by task: columns as arrays [n], times in seconds since `began`."""

    began: float
    steps: Mapping[str, Mapping[str, np.ndarray]]
    resources: Mapping[str, Mapping[str, np.ndarray]]
    unreadable: Sequence[str] = ()
    """What can't be read, a line for each file."""

    @property
    def first_step(self) -> float | None:
        """When the first step started, in seconds since `began`; None without steps."""
        starts = [float(rows["start"].min()) for rows in self.steps.values()]
        return min(starts) - self.began if starts else None


def timeline(run: Run) -> Timeline:
    """What the tasks of `run` recorded; tasks that recorded nothing of a kind are left out."""
    steps: dict[str, dict[str, np.ndarray]] = {}
    resources: dict[str, dict[str, np.ndarray]] = {}
    unreadable = []
    for task in run.folder.tasks():
        for kind, found, key in ((STEPS, steps, "start"), (RESOURCES, resources, "time")):
            try:
                rows = _columns(run, task, kind)
            except UserError as error:
                unreadable.append(str(error))
                continue
            if len(rows[key]):
                found[task] = rows
    firsts = [float(rows["start"].min()) for rows in steps.values()]
    firsts += [float(rows["time"].min()) for rows in resources.values()]
    started = run.status.get("tasks_started")
    began = float(started) if isinstance(started, int | float) else min(firsts, default=0.0)
    return Timeline(began, steps, resources, tuple(unreadable))


def phases(run: Run, of: Timeline, whose: str = "") -> Plot | None:
    """What each task did when: a bar a task, from the start of the tasks to its last sign of life.

    `whose` names the run where the page shows several.
    """
    bars = {task: _phases_of(run, task, of) for task in run.folder.tasks()[:_MOST_LINES]}
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
    numbers = _numbers({"examples / s": (middles, rates)}, number)
    return draw("throughput-over-time", 260, paint, message, numbers)


def cpu(of: Timeline, whose: str = "") -> Plot | None:
    """Cores that each task keeps busy; `whose` names the run where the page shows several."""
    lines: dict[str, _Series] = {}
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


def loss_of_run(of: Timeline) -> Plot | None:
    """Loss against seconds since the first step, of one run."""
    line = _loss(of)
    if line is None:
        return None
    seconds, loss = line
    first, last = _ends(loss)

    def paint(axes: Axes) -> None:
        axes.plot(*_thinned(line), color=BLUE)
        _loss_axes(axes, [loss])

    message = f"Loss {_goes(first, last)} in {number(float(seconds[-1]), 's')}"
    return draw("loss", 260, paint, message, _numbers({"loss": line}, number))


def loss_of_runs(groups: Sequence[Group], workload: str) -> Plot | None:
    """Loss against seconds since the first step; the first run of each group of one workload."""
    lines: dict[str, _Series] = {}
    looks: dict[str, tuple[str, str]] = {}
    workers = sorted({group.workers for group in groups})
    for group in groups[:_MOST_LINES]:
        line = _loss(timeline(group.runs[0]))
        if line is not None:
            lines[group.label] = line
            style = LINE_STYLES[workers.index(group.workers) % len(LINE_STYLES)]
            looks[group.label] = (STRATEGY_COLOURS.get(group.strategy, VERMILION), style)
    if not lines:
        return None

    def paint(axes: Axes) -> None:
        for label, line in lines.items():
            colour, style = looks[label]
            axes.plot(
                *_thinned(line), style, color=colour, label=one_line(label, 26), linewidth=1.4
            )
        _loss_axes(axes, [loss for _, loss in lines.values()])
        legend(axes)

    lowest = min(lines, key=lambda label: _ends(lines[label][1])[1])
    message = f"{lowest} ends with the lowest loss, {number(_ends(lines[lowest][1])[1])}"
    rows = [
        [
            label,
            number(_ends(loss)[0]),
            number(_ends(loss)[1]),
            number(float(seconds[-1])),
        ]
        for label, (seconds, loss) in lines.items()
    ]
    name = "loss-" + "".join(
        sign if sign.isalnum() and sign.isascii() else "-" for sign in workload
    )
    height = 250 + 9 * len(lines)
    head = ["run", "first loss", "last loss", "after s"]
    return draw(name[:48], height, paint, message, Numbers(head, rows))


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
    rows = of.steps.get(task)
    if rows is not None:
        first = max(before, float(rows["start"].min()) - of.began)
        last = float((rows["start"] + rows["seconds"]).max()) - of.began
        if last > first:
            found["training"] = [(first, last - first)]
    for previous, event in zip([None, *events], events, strict=False):
        kind, moment = str(event["event"]), float(event["time"]) - of.began
        seconds = event.get("seconds") if kind in _LASTING else None
        if kind in _SINCE_THE_LAST and previous is not None:
            seconds = float(event["time"]) - float(previous["time"])
        if isinstance(seconds, int | float) and seconds > 0:
            name = (_LASTING | _SINCE_THE_LAST)[kind]
            found.setdefault(name, []).append((max(0.0, moment - seconds), float(seconds)))
    return found


def _length(spans: Sequence[_Span]) -> float:
    return sum(length for _, length in spans)


def _lines(
    name: str,
    lines: Mapping[str, _Series],
    unit: str,
    message: str,
    first_step: float | None,
    shown: Callable[[float], str],
) -> Plot:
    def paint(axes: Axes) -> None:
        for place, (task, line) in enumerate(list(lines.items())[:_MOST_LINES]):
            colour = SERIES_COLOURS[place % len(SERIES_COLOURS)]
            style = LINE_STYLES[place // len(SERIES_COLOURS) % len(LINE_STYLES)]
            axes.plot(*_thinned(line), style, color=colour, label=one_line(task, 20))
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

    return draw(name, 260, paint, message, _numbers(lines, shown))


def _loss(of: Timeline) -> _Series | None:
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
        axes.set_ylim(bottom=0)
    axes.set_xlabel("seconds since the first step began")
    axes.set_ylabel("loss")


def _ends(loss: np.ndarray) -> tuple[float, float]:
    """Typical first and last loss: the median of the first and last 20th, at least one value."""
    some = max(1, len(loss) // 20)
    return float(np.median(loss[:some])), float(np.median(loss[-some:]))


def _goes(first: float, last: float) -> str:
    verb = "falls" if last < first else "rises"
    return f"{verb} from {number(first)} to {number(last)}"


def _tasks(count: int) -> str:
    return "The task keeps" if count == 1 else f"{count} tasks together keep"


def _thinned(line: _Series) -> _Series:
    """At most 250 points: of each stretch the mean, so that nothing is picked by chance."""
    x, y = line
    if len(x) <= _MOST_POINTS:
        return x, y
    starts = np.linspace(0, len(x), _MOST_POINTS + 1).astype(int)[:-1]
    counts = np.diff(np.append(starts, len(x)))
    return np.add.reduceat(x, starts) / counts, np.add.reduceat(y, starts) / counts


def _numbers(lines: Mapping[str, _Series], shown: Callable[[float], str]) -> Numbers:
    """A dozen moments over the whole time, each line's value there."""
    last = max(float(x[-1]) for x, _ in lines.values())
    first = min(float(x[0]) for x, _ in lines.values())
    moments = np.linspace(first, last, _ROWS_OF_NUMBERS)
    rows = [
        [
            fixed(float(moment), 1),
            *(shown(float(np.interp(moment, x, y, np.nan, np.nan))) for x, y in lines.values()),
        ]
        for moment in moments
    ]
    return Numbers(["seconds", *lines], rows)


def _columns(run: Run, task: str, kind: str) -> dict[str, np.ndarray]:
    table = read_rows(run.folder.task_folder(task), kind)
    return {name: table[name].to_numpy() for name in table.column_names}
