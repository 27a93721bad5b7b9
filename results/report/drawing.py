"""Draws plots as SVG: one look for all, colours that everyone can tell apart, text that stays text.

Colours of ink and grid are placeholders in what matplotlib draws. On the page they (and blue, too
dark for a dark page) become CSS variables, so that a plot follows the reader's light or dark theme;
in a file of its own they become dark on white.
"""

from __future__ import annotations

import io
import re
import textwrap
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Any

from results.text import one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito, "Color Universal Design" (2008); yellow is for areas only
ORANGE = "#e69f00"
SKY = "#56b4e9"
GREEN = "#009e73"
BLUE = "#0072b2"
VERMILION = "#d55e00"
PURPLE = "#cc79a7"
YELLOW = "#f0e442"
GREY = "#949494"

STRATEGY_COLOURS = {
    "one_device": SKY,
    "mirrored": ORANGE,
    "central_storage": PURPLE,
    "multiworker": BLUE,
    "parameter_server": GREEN,
    "tpu": VERMILION,
}
SERIES_COLOURS = (BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY)
LINE_STYLES = ("-", "--", ":", "-.")

WIDTH = 440
"""Width of every plot in its own units, about pixels: small, so that text reads on a phone."""

INK, MUTED, _GRID = "#010203", "#040506", "#070809"
_ON_PAGE = {INK: "var(--ink)", MUTED: "var(--muted)", _GRID: "var(--line)", BLUE: "var(--blue)"}
_IN_FILE = {INK: "#1c2024", MUTED: "#5b6470", _GRID: "#dde1e6", BLUE: BLUE}
_POINTS_PER_INCH = 72
_LONGEST_MESSAGE = 240
_BAR_LETTERS = 34
"""What a line of a bar's name has room for."""
_LEGEND_LETTERS = 68
_HANDLE_LETTERS = 6
"""About what fits in a legend's line, and what one handle takes of it."""

_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 12,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": _GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "ytick.major.size": 0,
    "text.color": INK,
    "text.parse_math": False,
    "lines.linewidth": 1.8,
    "lines.markersize": 6,
    "legend.frameon": False,
    "legend.fontsize": 11,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}


_PNG_STYLE = {
    name: _IN_FILE.get(value, value) for name, value in _STYLE.items() if isinstance(value, str)
} | {"figure.facecolor": "#ffffff", "savefig.facecolor": "#ffffff"}
_PNG_DPI = 160


@dataclass(frozen=True)
class Numbers:
    """A plot's numbers as text: what a screen reader reads instead of the picture."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Plot:
    """A drawn plot. `message` is its title and says what it shows; `svg` is for the page."""

    name: str
    message: str
    svg: str
    numbers: Numbers
    paint: Callable[[Axes], None]
    height: int

    def saying(self, message: str) -> Plot:
        """The same plot under another message."""
        before, after = (escape(each, quote=True) for each in (self.message, message))
        svg = self.svg.replace(f'aria-label="{before}"', f'aria-label="{after}"', 1)
        return replace(self, message=message, svg=svg)

    def file(self) -> str:
        """The plot as an SVG file that stands alone, its message on top."""
        return _file(self.svg, self.message)

    def png(self) -> bytes:
        """The plot as a PNG file that stands alone, its message on top, dark on white."""
        lines = textwrap.wrap(self.message, 52) or [""]
        top = 12 + 19 * len(lines)
        with _look(self.name, _PNG_STYLE):
            from matplotlib.backends.backend_agg import FigureCanvasAgg

            figure = _figure(self.height + top)
            FigureCanvasAgg(figure)
            parts: Any = figure.subfigures(2, 1, height_ratios=[top, self.height])
            title, below = parts
            words = "\n".join(lines)
            title.text(0.02, 0.95, words, va="top", fontsize=13, fontweight="bold")
            self.paint(below.subplots())
            buffer = io.BytesIO()
            figure.savefig(buffer, format="png", dpi=_PNG_DPI, metadata={"Software": None})
        return buffer.getvalue()


def draw(
    name: str, height: int, paint: Callable[[Axes], None], message: str, numbers: Numbers
) -> Plot:
    """The plot that `paint` draws on axes of `WIDTH` × `height`."""
    with _look(name):
        from matplotlib.backends.backend_svg import FigureCanvasSVG

        figure = _figure(height)
        FigureCanvasSVG(figure)
        paint(figure.add_subplot())
        svg = _svg(figure)
    message = one_line(message, _LONGEST_MESSAGE)
    return Plot(name, message, _for_page(svg, name, message), numbers, paint, height)


def legend(axes: Axes) -> None:
    """A legend over the whole width above the axes, so that it never covers data."""
    handles, labels = axes.get_legend_handles_labels()
    longest = max((len(label) for label in labels), default=0)
    axes.figure.legend(
        handles,
        labels,
        loc="outside upper left",
        ncols=max(1, min(len(labels), 4, _LEGEND_LETTERS // (longest + _HANDLE_LETTERS))),
        borderaxespad=0.2,
        handlelength=1.6,
        columnspacing=1.2,
    )


def bar_label(name: str) -> str:
    """A bar's name in at most two lines, so that what sets it apart at its end is seen."""
    first, *rest = textwrap.wrap(one_line(name), _BAR_LETTERS) or [""]
    return "\n".join([first, one_line(" ".join(rest), _BAR_LETTERS)]) if rest else first


def bars_height(names: Iterable[str]) -> int:
    """Of a plot of horizontal bars, whose names may take two lines each."""
    lines = [bar_label(name).count("\n") + 1 for name in names]
    return 110 + (26 if max(lines) == 1 else 32) * max(len(lines), 2)


def from_zero(axes: Axes) -> None:
    """Lets the y axis of what was drawn begin at 0, and the highest mark lie whole below its end,
    also where all are nearly as high."""
    axes.update_datalim([(0.0, 0.0)], updatex=False)
    axes.autoscale_view(scalex=False)
    axes.set_ylim(bottom=0)


def thousands(axes: Axes) -> None:
    """Whole numbers with thousands apart on the y axis, from 0."""
    from matplotlib.ticker import FuncFormatter

    from_zero(axes)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))


@contextmanager
def _look(name: str, more: Mapping[str, Any] | None = None) -> Iterator[None]:
    import matplotlib

    style: Any = _STYLE | {"svg.hashsalt": name} | dict(more or {})
    with warnings.catch_warnings(), matplotlib.rc_context(style):
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def _figure(height: int) -> Figure:
    from matplotlib.figure import Figure

    size = (WIDTH / _POINTS_PER_INCH, height / _POINTS_PER_INCH)
    return Figure(figsize=size, layout="constrained")


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(buffer, format="svg", metadata=metadata)
    return buffer.getvalue()


def _for_page(svg: str, name: str, message: str) -> str:
    """Only the `<svg>` element, ids of its own, sized by the page, its colours the page's."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r"url\(#", f"url(#{name}-", svg)
    svg = re.sub(r'href="#', f'href="#{name}-', svg)
    for placeholder, colour in _ON_PAGE.items():
        svg = svg.replace(placeholder, colour)
    label = escape(message, quote=True)
    opening, closing, rest = svg.partition(">")
    opening = re.sub(r' (width|height)="[^"]*"', "", opening)
    return f'{opening} role="img" aria-label="{label}"{closing}{rest}'


def _file(svg: str, message: str) -> str:
    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    if found is None:
        raise ValueError("a drawn plot has no viewBox")
    width, height = float(found[1]), float(found[2])
    lines = textwrap.wrap(message, 50) or [""]
    top = 10 + 18 * len(lines)
    title = "".join(
        f'<text x="10" y="{20 + 18 * place}">{escape(line)}</text>'
        for place, line in enumerate(lines)
    )
    inner = svg.replace("<svg ", f'<svg y="{top}" width="{width}" height="{height}" ', 1)
    for variable, colour in zip(_ON_PAGE.values(), _IN_FILE.values(), strict=True):
        inner = inner.replace(variable, colour)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{width}" height="{height + top}" viewBox="0 0 {width} {height + top}">'
        f'<rect width="100%" height="100%" fill="#ffffff"/>'
        f'<g font-family="sans-serif" font-size="15" font-weight="600" fill="{_IN_FILE[INK]}">'
        f"{title}</g>{inner}</svg>\n"
    )
