"""Time against cost of a budget plan: what nothing beats, few strong machines and many weak ones.

Drawn from the part `plan` of `decision.json`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from results.pipeline_file import number_in, record_in, records_in
from results.report.drawing import BLUE, INK, VERMILION, Numbers, Plot, draw, legend
from results.text import counted, fixed, number, one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_HEIGHT = 330
_SECONDS_PER_HOUR = 3600.0
_MINUTES_BELOW_HOURS = 2.0
_KINDS = (("strong machines", True, VERMILION), ("weaker machines", False, BLUE))
_BAND = 0.18
"""Opacity of an interval."""
_MOST_POINTS, _MOST_NAMES = 24, 6
MOST_ROWS = 8
"""Of a plan's front, as the terminal and the report tell it."""
_DECADES_OF_MANY_TICKS, _MOST_TICKS = 2.0, 6
_LONGEST_SENTENCE = 400
_DASHES = (0, (4, 3))


def plan_plot(plan: Mapping[str, Any]) -> Plot | None:
    """The plot `plan`; None where there is nothing to draw."""
    cost = "usd" if plan.get("priced") else "machine_hours"
    front = _drawable(records_in(plan, "front"), cost)
    if not front:
        return None
    unit, scale = _time_unit(front)
    lines = [_drawable(each, cost) for each in _lists(plan.get("curves"))]
    shown = [spread_over_time(line, _MOST_POINTS) for line in lines if line]
    best = _drawable([record_in(plan, "recommendation")], cost)

    def paint(axes: Axes) -> None:
        for name, strong, colour in _KINDS:
            of = [line for line in shown if bool(line[0].get("strong")) is strong]
            differ = len({bool(line[0].get("strong")) for line in shown}) > 1
            for place, line in enumerate(of):
                _line(axes, line, cost, scale, colour, name if differ and place == 0 else None)
        if len(shown) <= _MOST_NAMES:
            _named(axes, shown, cost, scale)
        for option in best:
            _recommended(axes, option, cost, scale)
        _limits(axes, plan, scale)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.grid(axis="x")
        axes.set_xlabel(f"time of one training, {unit}")
        axes.set_ylabel("cost of one training, USD" if cost == "usd" else "machine-hours")
        _plain_ticks(axes)
        legend(axes)

    rows = [
        [
            _machines(each),
            f"{each.get('strategy')}, {counted(each['workers'], 'worker')}",
            fixed(each["seconds"] * scale, 2),
            fixed(each[cost], 2),
            str(each.get("known_by")),
        ]
        for each in _worth_a_row(front, best)
    ]
    head = ["machines", "strategy", unit, "USD" if cost == "usd" else "machine-hours", "figures"]
    emulated = f" (emulated: {plan['emulated']})" if plan.get("emulated") else ""
    return draw("plan", _HEIGHT, paint, f"{plan.get('headline')}{emulated}", Numbers(head, rows))


def plan_sentences(plan: Mapping[str, Any]) -> list[str]:
    """What a report says of a plan: the headline, what was chosen and why, the best lever, and what
    to know to read its figures right."""
    lists = {name: plan[name] for name in ("says", "notes") if isinstance(plan.get(name), list)}
    emulated = f"Emulated: {plan['emulated']}." if plan.get("emulated") else None
    told = [plan.get("headline"), emulated, *lists.get("says", ()), plan.get("answer")]
    told += lists.get("notes", ())
    return [one_line(each, _LONGEST_SENTENCE) for each in told if isinstance(each, str)]


def spread_over_time(options: Sequence[Mapping[str, Any]], most: int) -> list[Mapping[str, Any]]:
    """At most that many of the options, fastest first, evenly over the logarithm of their times."""
    if len(options) <= most:
        return list(options)
    first, last = (math.log(options[end]["seconds"]) for end in (0, -1))
    wanted = [first + place * (last - first) / (most - 1) for place in range(most)]
    times = [math.log(option["seconds"]) for option in options]
    nearest = [min(range(len(times)), key=lambda at: abs(times[at] - each)) for each in wanted]
    return [options[place] for place in dict.fromkeys(nearest)]


def _worth_a_row(
    front: Sequence[Mapping[str, Any]], best: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """What the terminal shows of `front`, and the recommended one, fastest first."""
    shown = spread_over_time(front, MOST_ROWS)
    return sorted([*shown, *(each for each in best if each not in shown)], key=_seconds)


def _seconds(option: Mapping[str, Any]) -> float:
    return float(option["seconds"])


def _line(
    axes: Axes,
    line: Sequence[Mapping[str, Any]],
    cost: str,
    scale: float,
    colour: str,
    label: str | None,
) -> None:
    """What nothing beats with one machine, from many of it to one, and the 95% of its times."""
    amounts = [each[cost] for each in line]
    low, high = ([each[f"seconds_{end}"] * scale for each in line] for end in ("low", "high"))
    axes.fill_betweenx(amounts, low, high, color=colour, alpha=_BAND, linewidth=0)
    times = [each["seconds"] * scale for each in line]
    axes.plot(times, amounts, "o-", color=colour, markersize=3, label=label, zorder=2)


def _named(
    axes: Axes, lines: Sequence[Sequence[Mapping[str, Any]]], cost: str, scale: float
) -> None:
    """The name of each machine at the end of its line where the most of it are."""
    for line in lines:
        most = line[0]
        axes.annotate(
            str(most.get("instance")),
            (most["seconds"] * scale, most[cost]),
            xytext=(0, 5),
            textcoords="offset points",
            ha="center",
            fontsize=10,
            color=INK,
        )


def _drawable(options: Sequence[dict[str, Any]], cost: str) -> list[dict[str, Any]]:
    """Those that have a place on both axes, which a damaged file may lack."""
    wanted = ("seconds", "seconds_low", "seconds_high", "machines", "workers", cost)
    return [
        option for option in options if all((number_in(option, name) or 0) > 0 for name in wanted)
    ]


def _lists(found: Any) -> list[list[dict[str, Any]]]:
    """Lists of records; anything else is left out."""
    of = found if isinstance(found, list) else []
    return [[each for each in line if isinstance(each, dict)] for line in of]


def _recommended(axes: Axes, best: Mapping[str, Any], cost: str, scale: float) -> None:
    axes.plot(
        [best["seconds"] * scale],
        [best[cost]],
        "*",
        color=INK,
        markersize=13,
        linestyle="none",
        label=f"recommended: {_machines(best)}",
        zorder=3,
    )


def _machines(option: Mapping[str, Any]) -> str:
    return f"{option['machines']:,} × {option.get('instance')}"


def _limits(axes: Axes, plan: Mapping[str, Any], scale: float) -> None:
    seconds, budget = number_in(plan, "seconds_limit"), number_in(plan, "budget_usd")
    if seconds is not None:
        said = str(plan.get("seconds_limit_said"))
        axes.axvline(seconds * scale, color=INK, linewidth=1, linestyle=_DASHES, label=said)
    if budget is not None:
        said = f"budget={budget:g}"
        axes.axhline(budget, color=INK, linewidth=1, linestyle=":", label=said)


def _plain_ticks(axes: Axes) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    for axis in (axes.xaxis, axes.yaxis):
        low, high = axis.get_view_interval()
        wide = math.log10(high / low) > _DECADES_OF_MANY_TICKS
        subs = (1.0,) if wide else (1.0, 2.0, 5.0)
        axis.set_major_locator(LogLocator(base=10, subs=subs, numticks=_MOST_TICKS))
        axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
        axis.set_minor_formatter(NullFormatter())


def _time_unit(front: Sequence[Mapping[str, Any]]) -> tuple[str, float]:
    """The unit of the time axis, and what a second is in it."""
    longest = max(each["seconds"] for each in front) / _SECONDS_PER_HOUR
    return ("hours", 1 / 3600) if longest >= _MINUTES_BELOW_HOURS else ("minutes", 1 / 60)
