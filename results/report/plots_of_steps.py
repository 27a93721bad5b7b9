"""Where a training step of each task went, a stacked bar for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from results.errors import UserError
from results.loading import Run
from results.pipeline_file import number_in, record_in
from results.report.drawing import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    YELLOW,
    Numbers,
    Plot,
    draw,
)
from results.report.stacked_bars import paint_bars
from results.run_folder import BREAKDOWN, task_order
from results.step_words import STEP_WORDS
from results.text import DASH, fixed, one_line, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = {
    "input": ORANGE,
    "pull": YELLOW,
    "compute": BLUE,
    "straggle": VERMILION,
    "transfer": PURPLE,
    "push": PURPLE,  # no task has both: gradients are on their way
    "update": GREEN,
    "queue": SKY,
    "call": SKY,  # nor both of these: between two calls a coordinator's worker waits
    "rest": GREY,
}
_MOST_BARS = 24


def steps(run: Run, whose: str = "") -> Plot | None:
    """Milliseconds of a step's parts by task; None where the run doesn't tell. `whose` names the
    run where the page shows several."""
    found = _told(run)[:_MOST_BARS]
    if not found:
        return None
    parts = [part for part in STEP_WORDS if any(part in of for _, of in found)]

    def paint(axes: Axes) -> None:
        bars = [(task, {part: 1000 * of[part] for part in of}) for task, of in found]
        paint_bars(axes, bars, _COLOURS, STEP_WORDS, "ms of a step, mean of the measured ones")

    rows = [[task, *(_cell(of, part) for part in parts)] for task, of in found]
    numbers = Numbers(["task", *(f"{STEP_WORDS[part]}, ms" for part in parts)], rows)
    message = _message([of for _, of in found])
    if run.value("emulated"):
        message += f" (emulated: {one_line(run.value('emulated'), 120)})"
    if whose:
        message = f"{whose}: {message[0].lower()}{message[1:]}"
    return draw("steps", 120 + 26 * max(len(found), 2), paint, message, numbers)


def _told(run: Run) -> list[tuple[str, dict[str, float]]]:
    """Seconds of the parts that are known, by task, the chief first."""
    try:
        tasks = record_in(run.folder.read_if_there(BREAKDOWN) or {}, "tasks")
    except UserError:
        return []  # damaged: what else is known of the run still is
    found = []
    for task in sorted(tasks, key=task_order):
        values = {part: number_in(record_in(tasks, task), part) for part in STEP_WORDS}
        known = {part: value for part, value in values.items() if value is not None}
        if known:
            found.append((task, known))
    return found


def _message(tasks: Sequence[Mapping[str, float]]) -> str:
    """The largest part, and the largest besides computing, of all tasks' steps together."""
    sums = {part: sum(of.get(part, 0.0) for of in tasks) for part in STEP_WORDS}
    whole = sum(sums.values())
    if whole <= 0:
        return "A step takes no time that was measured"
    share = percent(sums["compute"] / whole)
    other = max((part for part in sums if part != "compute"), key=lambda part: sums[part])
    words = STEP_WORDS[other]
    return f"Of a step, {share} is computing and {percent(sums[other] / whole)} {words}"


def _cell(of: Mapping[str, float], part: str) -> str:
    return fixed(1000 * of[part], 2) if part in of else DASH
