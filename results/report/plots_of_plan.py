"""Time against cost of a budget plan: what nothing beats, few strong machines and many weak ones.

Drawn from the part `plan` of `decision.json`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from results.pipeline_file import number_in, record_in, records_in
from results.report.drawing import BLUE, INK, MUTED, VERMILION, Numbers, Plot, draw, legend
from results.text import counted, fixed, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_HEIGHT = 330
_SECONDS_PER_HOUR = 3600.0
_MINUTES_BELOW_HOURS = 2.0
_STRONG, _WEAK = "strong machines", "weaker machines"
_DASHES = (0, (4, 3))


def plan_plot(plan: Mapping[str, Any]) -> Plot | None:
    """The plot `plan`; None where there is nothing to draw."""
    front = records_in(plan, "front")
    if not front:
        return None
    cost = "usd" if plan.get("priced") else "machine_hours"
    unit, scale = _time_unit(front)
    kinds = [(_STRONG, VERMILION, True), (_WEAK, BLUE, False)]

    def paint(axes: Axes) -> None:
        hours = [each["seconds"] * scale for each in front]
        axes.plot(hours, [each[cost] for each in front], color=MUTED, linewidth=1, zorder=1)
        for name, colour, strong in kinds:
            of = [each for each in front if bool(each.get("strong")) is strong]
            if of:
                label = name if len({bool(each.get("strong")) for each in front}) > 1 else "choices"
                _points(axes, of, cost, scale, colour, label)
        _recommended(axes, record_in(plan, "recommendation"), cost, scale)
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
            f"{each['machines']:,} × {each['instance']}",
            f"{each['strategy']}, {counted(each['workers'], 'worker')}",
            fixed(each["seconds"] * scale, 2),
            fixed(each[cost], 2),
            str(each["known_by"]),
        ]
        for each in front
    ]
    head = ["machines", "strategy", unit, "USD" if cost == "usd" else "machine-hours", "figures"]
    emulated = f" (emulated: {plan['emulated']})" if plan.get("emulated") else ""
    return draw("plan", _HEIGHT, paint, f"{plan['headline']}{emulated}", Numbers(head, rows))


def _points(
    axes: Axes,
    of: Sequence[Mapping[str, Any]],
    cost: str,
    scale: float,
    colour: str,
    label: str,
) -> None:
    """Choices with the 95% intervals of their times."""
    times = [each["seconds"] * scale for each in of]
    below = [(each["seconds"] - each["seconds_low"]) * scale for each in of]
    above = [(each["seconds_high"] - each["seconds"]) * scale for each in of]
    axes.errorbar(
        times,
        [each[cost] for each in of],
        xerr=[below, above],
        fmt="o",
        color=colour,
        ecolor=colour,
        elinewidth=0.8,
        markersize=4,
        label=label,
        zorder=2,
    )


def _recommended(axes: Axes, best: Mapping[str, Any], cost: str, scale: float) -> None:
    if not best:
        return
    axes.plot(
        [best["seconds"] * scale],
        [best[cost]],
        "*",
        color=INK,
        markersize=13,
        linestyle="none",
        label=f"recommended: {best['machines']:,} × {best['instance']}",
        zorder=3,
    )


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
        axis.set_major_locator(LogLocator(base=10, subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
        axis.set_minor_formatter(NullFormatter())


def _time_unit(front: Sequence[Mapping[str, Any]]) -> tuple[str, float]:
    """The unit of the time axis, and what a second is in it."""
    longest = max(each["seconds"] for each in front) / _SECONDS_PER_HOUR
    return ("hours", 1 / 3600) if longest >= _MINUTES_BELOW_HOURS else ("minutes", 1 / 60)
