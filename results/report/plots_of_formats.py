"""Storage formats beside each other: how fast examples come from each, warm and cold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from results.pipeline_file import number_in, record_in
from results.report.drawing import BLUE, SKY, Numbers, Plot, draw, legend
from results.text import number, one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BAR = 0.36
_KINDS = (("warm", "from the page cache", BLUE), ("cold", "from storage", SKY))


def formats(ways: Sequence[Mapping[str, Any]]) -> Plot | None:
    """A pair of bars each, with 95% intervals; None where nothing was measured."""
    rates = {
        one_line(way.get("name"), 20): {kind: record_in(way, kind) for kind, _, _ in _KINDS}
        for way in ways
    }
    known = {name: number_in(of["warm"], "examples_per_second") for name, of in rates.items()}
    fastest = max(known, key=lambda name: known[name] or 0.0, default=None)
    if fastest is None or not known[fastest]:
        return None

    def paint(axes: Axes) -> None:
        for offset, (kind, label, colour) in zip((-_BAR / 2, _BAR / 2), _KINDS, strict=True):
            for place, of in enumerate(rates.values()):
                rate = number_in(of[kind], "examples_per_second")
                if rate is None:
                    continue
                low = number_in(of[kind], "low") or rate
                high = number_in(of[kind], "high") or rate
                axes.barh(
                    place + offset,
                    rate,
                    _BAR,
                    color=colour,
                    xerr=[[max(0.0, rate - low)], [max(0.0, high - rate)]],
                    label=label if place == 0 else None,
                )
        axes.set_yticks(range(len(rates)), list(rates))
        axes.set_ylim(len(rates) - 0.4, -0.6)
        axes.set_xlabel("examples a second, read and parsed")
        axes.grid(visible=True, axis="x")
        axes.grid(visible=False, axis="y")
        legend(axes)

    rows = [
        [
            name,
            *(
                number(number_in(of[kind], field))
                for kind, _, _ in _KINDS
                for field in ("examples_per_second", "low", "high")
            ),
        ]
        for name, of in rates.items()
    ]
    head = ["format", "warm / s", "low", "high", "cold / s", "low", "high"]
    message = f"{fastest} gives most from the page cache: {number(known[fastest])} examples/s"
    return draw("formats", 110 + 44 * len(rates), paint, message, Numbers(head, rows))
