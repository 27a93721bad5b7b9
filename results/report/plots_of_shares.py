"""What the time of a training step went into, a stacked bar for each diagnosed run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from results.groups import Group
from results.loading import Run
from results.pipeline_file import SHARES
from results.report.drawing import (
    BLUE,
    GREY,
    ORANGE,
    PURPLE,
    VERMILION,
    Numbers,
    Plot,
    bars_height,
    draw,
)
from results.report.stacked_bars import paint_bars
from results.text import DASH, number, one_line, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_BARS = 24
_SURELY_BELOW = -0.05
"""Of a step: a part that comes out lower was not measured well, nor were then the others."""
_COLOURS = dict(zip(SHARES, (BLUE, ORANGE, VERMILION, PURPLE, GREY), strict=True))
_WORDS = {
    "compute": "computing",
    "prepare": "preparing input",
    "fetch": "fetching input",
    "communicate": "communicating",
    "overhead": "overhead",
}


def shares(groups: Sequence[Group]) -> Plot | None:
    """The shares of each configuration, its first diagnosed run standing for it; None without."""
    found = [(group.label, of) for group in groups if (of := _first_shares(group.runs))]
    found = found[:_MOST_BARS]
    if not found:
        return None
    parts = [part for part in SHARES if any(part in of for _, of in found)]

    def paint(axes: Axes) -> None:
        bars = [(name, {part: 100 * of[part] for part in of}) for name, of in found]
        paint_bars(axes, bars, _COLOURS, _WORDS, "% of a training step")

    rows = [[name, *(_cell(of, part) for part in parts)] for name, of in found]
    numbers = Numbers(["configuration", *(_WORDS[part] for part in parts)], rows)
    height = bars_height(name for name, _ in found)
    return draw("shares", height, paint, _message(found), numbers)


def _first_shares(runs: Sequence[Run]) -> dict[str, float]:
    """What was measured of the first run that was diagnosed."""
    for run in runs:
        known = {part: run.summary.get(f"{part}_share") for part in SHARES}
        of = {part: float(share) for part, share in known.items() if isinstance(share, int | float)}
        if of:
            return of
    return {}


def _message(found: Sequence[tuple[str, Mapping[str, float]]]) -> str:
    """Whose largest part besides computing is the largest of all."""
    lost = [
        (share, part, name, _doubt(of))
        for name, of in found
        for part, share in of.items()
        if part != "compute" and share > 0
    ]
    if not lost:
        return "Nothing but computing takes a part of a step"
    share, part, name, doubt = max(lost)
    where = f": {percent(share)} of a step of {one_line(name, 60)}"
    of_how_many = f", the most of {number(len(found))} configurations" if len(found) > 1 else ""
    return f"{_WORDS[part].capitalize()} takes{where[1:]}{of_how_many}{doubt}"


def _doubt(of: Mapping[str, float]) -> str:
    """Names the parts below 0, which no bar can show; nothing where the parts add up."""
    below = [f"{_WORDS[part]} {percent(of[part])}" for part in of if of[part] < _SURELY_BELOW]
    return f"; uncertain, as parts came out below 0: {', '.join(below)}" if below else ""


def _cell(of: Mapping[str, float], part: str) -> str:
    return percent(of[part]) if part in of else DASH
