"""What a training step is made of: a bar for each run or task, its parts one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from results.report.drawing import bar_label, legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def paint_bars(
    axes: Axes,
    bars: Sequence[tuple[str, Mapping[str, float]]],
    colours: Mapping[str, str],
    words: Mapping[str, str],
    axis: str,
) -> None:
    """Draws `bars`, each a label and the sizes of its parts.

    Args:
      colours: of every part that a bar may have, in the order in which they are drawn.
      words: what the legend calls them.
      axis: what the sizes are, and their unit.
    """
    parts = [part for part in colours if any(part in of for _, of in bars)]
    for place, (_, of) in enumerate(bars):
        begun = 0.0
        for part in parts:
            width = max(0.0, of.get(part, 0.0))
            axes.barh(place, width, 0.62, left=begun, color=colours[part])
            begun += width
    for part in parts:
        axes.barh(0, 0, color=colours[part], label=words[part])
    axes.set_yticks(range(len(bars)), [bar_label(name) for name, _ in bars])
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.set_xlim(left=0)
    axes.set_xlabel(axis)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    legend(axes)
