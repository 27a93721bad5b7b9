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
    ORANGE,
    PURPLE,
    SKY,
    STRATEGY_COLOURS,
    VERMILION,
    Numbers,
    Plot,
    draw,
    legend,
    thousands,
)
from results.text import fixed, number, one_line, percent

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

_MOST_BARS = 24
"""More bars than these can't be read; the table of runs has all of them."""


def throughput(groups: Sequence[Group], workload: str) -> Plot | None:
    """Examples a second over workers, one line a strategy; for the groups of one workload."""
    groups = [group for group in groups if group.median("examples_per_second") is not None]
    if not groups:
        return None
    series: dict[str, list[Group]] = {}
    for group in sorted(groups, key=lambda group: group.workers):
        series.setdefault(group.series, []).append(group)
    styles = _styles(groups)

    def paint(axes: Axes) -> None:
        for name, of in series.items():
            workers = [group.workers for group in of]
            colour, style = styles[name]
            medians = [group.median("examples_per_second") or 0.0 for group in of]
            axes.plot(workers, medians, style, color=colour, marker="o", label=one_line(name, 40))
            for group in of:
                rates = group.values("examples_per_second")
                if len(rates) > 1:
                    places = [group.workers] * len(rates)
                    axes.plot(places, rates, ".", color=colour, alpha=0.6, markersize=4)
        axes.set_xlabel("workers")
        axes.set_ylabel("examples / s")
        axes.set_xticks(sorted({group.workers for group in groups}))
        axes.margins(x=0.08)
        thousands(axes)
        legend(axes)

    rows = [
        [
            group.series,
            str(group.workers),
            number(group.median("examples_per_second")),
            str(len(group.runs)),
        ]
        for of in series.values()
        for group in of
    ]
    head = ["strategy", "workers", "examples / s (median)", "runs"]
    name = f"throughput-{_slug(workload)}"
    return draw(name, 290, paint, _throughput_message(series), Numbers(head, rows))


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
    height = _bars_height(len(groups))
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
    return draw("step-time", _bars_height(len(groups)), paint, message, Numbers(head, rows))


def _throughput_message(series: dict[str, list[Group]]) -> str:
    every = [group for of in series.values() for group in of]
    best = max(every, key=lambda group: group.median("examples_per_second") or 0)
    rate = best.median("examples_per_second") or 0
    alone = [group for group in series[best.series] if group.workers == 1 and group is not best]
    if alone:
        ratio = rate / (alone[0].median("examples_per_second") or rate)
        of_whom = f" ({best.series})" if len(series) > 1 else ""
        return (
            f"{best.workers} workers give {fixed(ratio, 2)} × the throughput of 1{of_whom}:"
            f" {number(rate)} examples/s"
        )
    return f"{best.label} was fastest: {number(rate)} examples/s"


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
    axes.set_yticks(places, [one_line(label, 34) for label in labels])
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_xlim(left=0)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    legend(axes)


def _bars_height(bars: int) -> int:
    return 110 + 26 * max(bars, 2)


def _slug(text: str) -> str:
    return "".join(sign if sign.isalnum() and sign.isascii() else "-" for sign in text)[:40]
