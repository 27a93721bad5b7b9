"""How throughput grows with workers: what was measured, what the model says, how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from results.pipeline_file import number_in, records_in
from results.report.drawing import (
    INK,
    MUTED,
    SERIES_COLOURS,
    STRATEGY_COLOURS,
    VERMILION,
    Numbers,
    Plot,
    draw,
    from_zero,
    legend,
    thousands,
)
from results.text import number, one_line, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LONGEST_NAME = 40
_LONGEST_LABEL = 60
_BAND = 0.2
"""Opacity of an interval."""
_IDEAL = (0, (2, 2))


def scaling_plots(fits: Sequence[Mapping[str, Any]]) -> list[Plot]:
    """Throughput and efficiency of each fit of `scaling.json`; what can't be drawn is left out."""
    found = []
    for place, fit in enumerate(fits):
        series = [each for each in records_in(fit, "series") if _curve(each)]
        if series:
            found += [_throughput(fit, series, place), _efficiency(fit, series, place)]
    return found


def _throughput(fit: Mapping[str, Any], series: Sequence[Mapping[str, Any]], place: int) -> Plot:
    colours = _colours(fit, series)

    def paint(axes: Axes) -> None:
        if len(series) == 1:  # several begin at different speeds, with an ideal each
            _ideal(axes, _curve(series[0]))
        for of, colour in zip(series, colours, strict=True):
            curve = _curve(of)
            workers = [each["workers"] for each in curve]
            low, high = ([each[end] for each in curve] for end in ("low", "high"))
            axes.fill_between(workers, low, high, color=colour, alpha=_BAND, linewidth=0)
            speeds = [each["examples_per_second"] for each in curve]
            axes.plot(workers, speeds, color=colour, label=_name(of, fit))
            runs = [
                (
                    number_in(each, "workers") or 0.0,
                    number_in(each, "examples_per_second") or 0.0,
                    bool(each.get("kept_apart")),
                )
                for each in records_in(of, "points")
            ]
            _marks(axes, runs, colour)
        axes.plot([], [], "o", color=MUTED, markersize=4, label="run")
        _full_cores_in_legend(axes, series, "run on full cores")
        axes.set_ylabel("examples / s")
        _workers_axis(axes, series)
        thousands(axes)
        legend(axes)

    rows = [
        [
            str(each["workers"]),
            _name(of, fit),
            number(each["measured"]) if each["measured"] is not None else "",
            number(each["examples_per_second"]),
            f"{number(each['low'])} to {number(each['high'])}",
        ]
        for of in series
        for each in _curve(of)
    ]
    head = ["workers", "of", "measured examples / s", "model", "95% interval"]
    message = _message(fit, str(fit.get("headline") or "throughput over workers"))
    return draw(f"scaling-{place}", 310, paint, message, Numbers(head, rows))


def _efficiency(fit: Mapping[str, Any], series: Sequence[Mapping[str, Any]], place: int) -> Plot:
    colours = _colours(fit, series)

    def paint(axes: Axes) -> None:
        axes.axhline(100, color=MUTED, linewidth=0.9, linestyle=_IDEAL)
        for of, colour in zip(series, colours, strict=True):
            curve = _curve(of)
            workers = [each["workers"] for each in curve]
            speeds = [each["examples_per_second"] / each["workers"] for each in curve]
            shares = [100 * speed / speeds[0] for speed in speeds]
            axes.plot(workers, shares, color=colour, label=_name(of, fit))
            apart = {
                each.get("workers") for each in records_in(of, "points") if each.get("kept_apart")
            }
            known = [
                (each["workers"], 100 * each["efficiency"], each["workers"] in apart)
                for each in curve
                if each["measured"] is not None
            ]
            _marks(axes, known, colour)
        _full_cores_in_legend(axes, series, "measured on full cores")
        axes.set_ylabel("% of perfect scaling")
        _workers_axis(axes, series)
        from_zero(axes)
        legend(axes)

    last = [_curve(of)[-1] for of in series]
    best = max(last, key=lambda each: each["efficiency"])
    at_best = "at best " if len(series) > 1 else ""
    reached = (
        f"{at_best}{percent(best['efficiency'])} of perfect scaling with {best['workers']} workers"
    )
    message = _message(fit, f"{reached}, predicted")
    rows = [
        [str(each["workers"]), _name(of, fit), percent(each["efficiency"])]
        for of in series
        for each in _curve(of)
    ]
    head = ["workers", "of", "of perfect scaling"]
    return draw(f"scaling-efficiency-{place}", 290, paint, message, Numbers(head, rows))


def _message(fit: Mapping[str, Any], what: str) -> str:
    emulated = " (emulated)" if fit.get("emulated") else ""
    return f"{one_line(fit.get('label'), _LONGEST_LABEL)}{emulated}: {one_line(what)}"


def _ideal(axes: Axes, curve: Sequence[Mapping[str, Any]]) -> None:
    alone = curve[0]["measured"] or curve[0]["examples_per_second"]
    workers = [each["workers"] for each in curve]
    speeds = [alone * count / workers[0] for count in workers]
    axes.plot(workers, speeds, color=INK, linewidth=1, linestyle=_IDEAL, label="ideal")


def _marks(axes: Axes, of: Sequence[tuple[float, float, bool]], colour: str) -> None:
    """Dots; crosses where the host's cores were full."""
    for full, mark, size in ((False, "o", 4), (True, "x", 5)):
        kept = [(x, y) for x, y, was_full in of if was_full == full]
        axes.plot([x for x, _ in kept], [y for _, y in kept], mark, color=colour, markersize=size)


def _full_cores_in_legend(axes: Axes, series: Sequence[Mapping[str, Any]], name: str) -> None:
    if any(each.get("kept_apart") for of in series for each in records_in(of, "points")):
        axes.plot([], [], "x", color=MUTED, markersize=5, label=name)


def _workers_axis(axes: Axes, series: Sequence[Mapping[str, Any]]) -> None:
    axes.set_xlabel("workers")
    measured = {each["workers"] for of in series for each in records_in(of, "points")}
    last = max(each["workers"] for of in series for each in _curve(of))
    axes.set_xticks(sorted({*measured, last}))
    axes.margins(x=0.04)


def _colours(fit: Mapping[str, Any], series: Sequence[Mapping[str, Any]]) -> list[str]:
    if len(series) == 1:
        return [STRATEGY_COLOURS.get(str(fit.get("strategy")), VERMILION)]
    return [SERIES_COLOURS[place % len(SERIES_COLOURS)] for place in range(len(series))]


def _name(series: Mapping[str, Any], fit: Mapping[str, Any]) -> str:
    name = series.get("conditions") or fit.get("strategy") or "model"
    return one_line(name, _LONGEST_NAME)


def _curve(series: Mapping[str, Any]) -> list[dict[str, Any]]:
    needed = ("workers", "examples_per_second", "low", "high", "efficiency")
    found = records_in(series, "curve")
    return [
        each | {"measured": number_in(each, "measured")}
        for each in found
        if all(number_in(each, key) is not None for key in needed)
    ]
