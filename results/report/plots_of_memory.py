"""What the memory of a run's hungriest task holds, a stacked bar for each configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from results.groups import Group
from results.report.drawing import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    VERMILION,
    Numbers,
    Plot,
    bars_height,
    draw,
)
from results.report.stacked_bars import paint_bars
from results.text import number, one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_BARS = 24
_WORDS = {
    "framework": "framework",
    "variables": "variables",
    "optimizer": "optimizer",
    "input": "input buffers",
    "rest": "the rest",
}
_COLOURS = dict(zip(_WORDS, (GREY, BLUE, ORANGE, GREEN, VERMILION), strict=True))
_COPIES_IN_A_TASK = {"one_device": 1, "central_storage": 1, "multiworker": 1}
"""Of the model, whatever the workers; a parameter server holds them elsewhere."""
_BYTES_IN_MB = 1e6


def kinds_of_memory(groups: Sequence[Group]) -> Plot | None:
    """MB by kind, medians over the runs of each configuration; None where it isn't known."""
    found = [(group.label, of) for group in groups if (of := _of_group(group))][:_MOST_BARS]
    if not found:
        return None

    def paint(axes: Axes) -> None:
        paint_bars(axes, found, _COLOURS, _WORDS, "MB of the largest task")

    rows = [[name, *(number(of.get(kind)) for kind in _WORDS)] for name, of in found]
    numbers = Numbers(["configuration", *(f"{word}, MB" for word in _WORDS.values())], rows)
    height = bars_height(name for name, _ in found)
    return draw("memory-kinds", height, paint, _message(found), numbers)


def _of_group(group: Group) -> dict[str, float]:
    mirrored = group.strategy == "mirrored"
    copies = group.workers if mirrored else _COPIES_IN_A_TASK.get(group.strategy)
    fields = ("framework_mb", "variable_bytes", "optimizer_bytes", "peak_rss_mb_task_max")
    known = [value for field in fields if (value := group.median(field)) is not None]
    if copies is None or len(known) < len(fields):
        return {}
    framework, variables, optimizer, peak = known
    variables, optimizer = (copies * each / _BYTES_IN_MB for each in (variables, optimizer))
    kinds = {"framework": framework, "variables": variables, "optimizer": optimizer}
    left = max(0.0, peak - sum(kinds.values()))
    buffers = group.median("input_buffers_mb")
    if buffers is not None:
        kinds["input"] = min(buffers, left)
    return kinds | {"rest": left - kinds.get("input", 0.0)}


def _message(found: Sequence[tuple[str, Mapping[str, float]]]) -> str:
    name, of = max(found, key=lambda each: sum(each[1].values()))
    kind = max(of, key=lambda each: of[each])
    whole = sum(of.values())
    what = {
        "framework": "the framework's own",
        "variables": "the model's variables",
        "optimizer": "the optimizer's variables",
        "input": "buffers of the input",
        "rest": "gradients, activations and all else",
    }[kind]
    whose = f" of {one_line(name, 60)}" if len(found) > 1 else ""
    return f"A task{whose} takes {number(whole)} MB at most: {number(of[kind])} MB are {what}"
