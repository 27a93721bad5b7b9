"""Plots that set runs side by side: throughput, time to first step, where a step's time goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from results.groups import Group
from results.report.drawing import (
    BLUE,
    GREEN,
    GREY,
    LINE_STYLES,
    MUTED,
    ORANGE,
    PURPLE,
    SKY,
    STRATEGY_COLOURS,
    VERMILION,
    Numbers,
    Plot,
    bar_label,
    bars_height,
    draw,
    from_zero,
    legend,
    thousands,
)
from results.report.ranking import Ranked
from results.statistics import mean_interval
from results.text import DASH, fixed, number, one_line, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FIRST_STEP_PARTS = {
    "process": ("starting the process", GREY),
    "import": ("importing", SKY),
    "cluster": ("joining the cluster", BLUE),
    "data": ("opening the data", ORANGE),
    "model": ("building the model", PURPLE),
    "tracing": ("tracing", GREEN),
}
"""What a part of the first step is called in a sentence, and its colour."""

_LONGEST_NAME = 56
"""What a legend's line has room for."""
_MOST_SERIES = 10
_MOST_BARS = 24
"""More bars than these can't be read; the table of runs has all of them."""


def throughput(groups: Sequence[Group], workload: str) -> Plot | None:
    """Examples a second over workers, one line a strategy; for the groups of one workload.

    From 5 repeats on with the 95% interval of their mean; below, with every run as a dot.
    """
    groups = [group for group in groups if group.mean("examples_per_second") is not None]
    if not groups:
        return None
    series = _fastest_series(groups)
    styles = _styles([group for of in series.values() for group in of])

    def paint(axes: Axes) -> None:
        for name, of in series.items():
            workers = [group.workers for group in of]
            colour, style = styles[name]
            means = [group.mean("examples_per_second") or 0.0 for group in of]
            axes.plot(
                workers, means, style, color=colour, marker="o", label=one_line(name, _LONGEST_NAME)
            )
            for group in of:
                _spread(axes, group, colour)
        axes.set_ylabel("examples / s")
        _workers_axis(axes, series)
        thousands(axes)
        legend(axes)

    rows = [
        [
            group.series,
            str(group.workers),
            number(group.mean("examples_per_second")),
            f"{number(interval[1])} to {number(interval[2])}"
            if (interval := mean_interval(group.values("examples_per_second")))
            else DASH,
            str(len(group.runs)),
        ]
        for of in series.values()
        for group in of
    ]
    head = ["strategy", "workers", "examples / s (mean)", "95% between runs", "runs"]
    name = f"throughput-{_slug(workload)}"
    return draw(name, 290, paint, _throughput_message(series), Numbers(head, rows))


def efficiency(ranking: Sequence[Ranked], workload: str) -> Plot | None:
    """Scaling efficiency over workers: throughput ÷ (workers × throughput of one)."""
    known = [each for each in ranking if each.efficiency is not None]
    if not any(each.group.workers > 1 for each in known):
        return None
    kept = _fastest_series([each.group for each in known])
    shares = {id(each.group): each.efficiency or 0.0 for each in known}
    series = {name: of for name, of in kept.items() if len(of) > 1}
    styles = _styles([group for of in series.values() for group in of])
    if not series:
        return None

    def paint(axes: Axes) -> None:
        axes.axhline(100, color=MUTED, linewidth=0.9, linestyle=":")
        for name, of in series.items():
            colour, style = styles[name]
            percents = [100 * shares[id(group)] for group in of]
            workers = [group.workers for group in of]
            axes.plot(
                workers,
                percents,
                style,
                color=colour,
                marker="o",
                label=one_line(name, _LONGEST_NAME),
            )
        axes.set_ylabel("% of perfect scaling")
        _workers_axis(axes, series)
        from_zero(axes)
        legend(axes)

    most = max(group.workers for of in series.values() for group in of)
    ends = [of[-1] for of in series.values() if of[-1].workers == most]
    best = max(ends, key=lambda group: shares[id(group)])
    message = (
        f"At {most} workers {best.series} scales best, at {percent(shares[id(best)])} of perfect"
    )
    rows = [
        [group.series, str(group.workers), percent(shares[id(group)])]
        for of in series.values()
        for group in of
    ]
    head = ["strategy", "workers", "of perfect scaling"]
    return draw(f"efficiency-{_slug(workload)}", 290, paint, message, Numbers(head, rows))


def time_to_first_step(groups: Sequence[Group]) -> Plot | None:
    """Stacked parts of the seconds before the first step."""
    groups = [group for group in groups if group.median("seconds_to_first_step") is not None]
    groups = groups[:_MOST_BARS]
    parts = {
        part: [group.median(f"seconds_to_first_step_{part}") for group in groups]
        for part in _FIRST_STEP_PARTS
    }
    parts = {part: values for part, values in parts.items() if any(values)}
    if not groups or not parts:
        return None

    def paint(axes: Axes) -> None:
        bars = {(part, _FIRST_STEP_PARTS[part][1]): of for part, of in parts.items()}
        _stack(axes, [group.label for group in groups], bars)
        axes.set_xlabel("seconds")

    totals = [group.median("seconds_to_first_step") or 0.0 for group in groups]
    largest = max(parts, key=lambda part: sum(value or 0 for value in parts[part]))
    share = sum(value or 0 for value in parts[largest]) / sum(totals)
    span = fixed(min(totals), 1)
    if fixed(max(totals), 1) != span:
        span = f"{span} to {fixed(max(totals), 1)}"
    doing = _FIRST_STEP_PARTS[largest][0]
    message = f"The first step is done after {span} s; {doing} takes {percent(share)} of that"
    head = ["run", *(f"{part} s" for part in parts), "total s"]
    rows = [
        [
            group.label,
            *(fixed(values[place], 2) for values in parts.values()),
            fixed(totals[place], 2),
        ]
        for place, group in enumerate(groups)
    ]
    height = bars_height(group.label for group in groups)
    return draw("first-step", height, paint, message, Numbers(head, rows))


def step_time(groups: Sequence[Group]) -> Plot | None:
    """Milliseconds of a step: waiting for input, and the rest."""
    groups = [
        group
        for group in groups
        if group.median("step_seconds_median") is not None
        and group.median("wait_share") is not None
    ][:_MOST_BARS]
    if not groups:
        return None
    steps = [1000 * (group.median("step_seconds_median") or 0) for group in groups]
    shares = [group.median("wait_share") or 0 for group in groups]
    waits = [step * share for step, share in zip(steps, shares, strict=True)]
    rest = [step - wait for step, wait in zip(steps, waits, strict=True)]

    def paint(axes: Axes) -> None:
        bars = {("wait for input", ORANGE): waits, ("the rest of the step", GREY): rest}
        _stack(axes, [group.label for group in groups], bars)
        axes.set_xlabel("milliseconds a step")

    worst = max(range(len(groups)), key=lambda place: shares[place])
    if len(groups) == 1:
        message = f"{percent(shares[0])} of a step is waiting for input"
    else:
        message = (
            f"{groups[worst].label} waits longest for input: {percent(shares[worst])} of its step"
        )
    head = ["run", "wait for input ms", "rest ms", "share waiting"]
    rows = [
        [group.label, fixed(waits[place], 3), fixed(rest[place], 3), percent(shares[place])]
        for place, group in enumerate(groups)
    ]
    height = bars_height(group.label for group in groups)
    return draw("step-time", height, paint, message, Numbers(head, rows))


def _throughput_message(series: dict[str, list[Group]]) -> str:
    every = [group for of in series.values() for group in of]
    best = max(every, key=lambda group: group.mean("examples_per_second") or 0)
    rate = best.mean("examples_per_second") or 0
    alone = [group for group in series[best.series] if group.workers == 1 and group is not best]
    if alone:
        ratio = rate / (alone[0].mean("examples_per_second") or rate)
        of_whom = f" ({best.series})" if len(series) > 1 else ""
        return (
            f"{best.workers} workers give {fixed(ratio, 2)} × the throughput of 1{of_whom}:"
            f" {number(rate)} examples/s"
        )
    return f"{best.label} was fastest: {number(rate)} examples/s"


def _fastest_series(groups: Sequence[Group]) -> dict[str, list[Group]]:
    """The groups by series, in order of workers; of more than 10 series those that got furthest."""
    series: dict[str, list[Group]] = {}
    for group in sorted(groups, key=lambda group: group.workers):
        series.setdefault(group.series, []).append(group)
    if len(series) <= _MOST_SERIES:
        return series
    peaks = {
        name: max(each.mean("examples_per_second") or 0 for each in of)
        for name, of in series.items()
    }
    kept = sorted(series, key=lambda name: -peaks[name])[:_MOST_SERIES]
    return {name: series[name] for name in kept}


def _spread(axes: Axes, group: Group, colour: str) -> None:
    rates = group.values("examples_per_second")
    interval = mean_interval(rates) if min(rates, default=0) > 0 else None
    if interval is not None:
        axes.plot([group.workers] * 2, interval[1:], color=colour, linewidth=3.5, alpha=0.5)
    elif len(rates) > 1:
        axes.plot([group.workers] * len(rates), rates, ".", color=colour, alpha=0.6, markersize=4)


def _workers_axis(axes: Axes, series: Mapping[str, Sequence[Group]]) -> None:
    axes.set_xlabel("workers")
    axes.set_xticks(sorted({group.workers for of in series.values() for group in of}))
    axes.margins(x=0.08)


def _styles(groups: Sequence[Group]) -> dict[str, tuple[str, str]]:
    """Colour by strategy, the same in every plot; line style for what else was varied."""
    extras = list(dict.fromkeys(group.extra for group in groups))
    return {
        group.series: (
            STRATEGY_COLOURS.get(group.strategy, VERMILION),
            LINE_STYLES[extras.index(group.extra) % len(LINE_STYLES)],
        )
        for group in groups
    }


def _stack(
    axes: Axes, labels: Sequence[str], bars: Mapping[tuple[str, str], Sequence[float | None]]
) -> None:
    """Horizontal bars, first label on top, the parts of each one after the other."""
    places = range(len(labels))
    left = [0.0] * len(labels)
    for (name, colour), values in bars.items():
        lengths = [value or 0.0 for value in values]
        axes.barh(places, lengths, left=left, height=0.62, color=colour, label=name)
        left = [start + length for start, length in zip(left, lengths, strict=True)]
    axes.set_yticks(places, [bar_label(label) for label in labels])
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_xlim(left=0)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    legend(axes)


def _slug(text: str) -> str:
    return "".join(sign if sign.isalnum() and sign.isascii() else "-" for sign in text)[:40]
