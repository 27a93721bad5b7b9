"""The report's table of all runs: its columns, its first page, and the data that the page sorts.

It is made of the summaries alone, so that thousands of runs stay a matter of seconds.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from results.loading import Run
from results.report.words import STATE_WORDS
from results.text import DASH, fixed, number, one_line, percent

ROWS_A_PAGE = 25

_LONGEST_CELL = 60
_LONGEST_REASON = 300
_MOST_CHOICES = 12
"""Of a column's values: more than that are looked for by typing."""


@dataclass(frozen=True)
class RunColumn:
    """A column: what a cell shows, and the number that it is sorted by (None sorts as text)."""

    cell: Callable[[Run], str]
    figure: Callable[[Run], Any] | None = None


@dataclass(frozen=True)
class Row:
    """A run in the table; `reason` takes the place of figures that it does not have."""

    name: str
    link: str | None
    cells: Sequence[str]
    figures: Sequence[float | None]
    state: str
    reason: str | None


@dataclass(frozen=True)
class RunTable:
    """Head and rows, all of them; `numbers` says which columns hold numbers."""

    head: Sequence[str]
    numbers: Sequence[bool]
    rows: Sequence[Row]

    @property
    def first_page(self) -> Sequence[Row]:
        """What is there where no script runs."""
        return self.rows[:ROWS_A_PAGE]

    def data(self) -> str:
        """What the page's script sorts and filters, as JSON that no HTML parser stumbles over."""
        rows = [
            [row.name, row.link, row.state, row.reason, row.cells, row.figures] for row in self.rows
        ]
        told = {
            "head": self.head,
            "numbers": self.numbers,
            "rowsAPage": ROWS_A_PAGE,
            "choices": self._choices(),
            "rows": rows,
        }
        text = json.dumps(told, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        for sign in ("<", ">", "&", "\u2028", "\u2029"):
            text = text.replace(sign, f"\\u{ord(sign):04x}")
        return text

    def _choices(self) -> list[tuple[str, int, list[str]]]:
        """Columns with few values: name, place (−1 is the state) and the values."""
        found = [("state", -1, [row.state for row in self.rows])]
        for place, head in enumerate(self.head):
            if head in _CHOSEN_FROM:
                found.append((head, place, [row.cells[place] for row in self.rows]))
        distinct = [(head, place, list(dict.fromkeys(values))) for head, place, values in found]
        return [each for each in distinct if 1 < len(each[2]) <= _MOST_CHOICES]


def run_table(runs: Sequence[Run], single: bool) -> RunTable:
    """The table of all runs; columns that say nothing are left out."""
    shown = {}
    for head, column in _COLUMNS.items():
        cells = [one_line(column.cell(run), _LONGEST_CELL) for run in runs]
        if head in _ALWAYS or len(set(cells) - {DASH}) > (1 if head in _ASKED else 0):
            shown[head] = cells
    numbers = [_COLUMNS[head].figure is not None for head in shown]
    rows = [
        Row(
            name=one_line(run.name, _LONGEST_CELL),
            link=_link(run) if not single else None,
            cells=[cells[place] for cells in shown.values()],
            figures=[_figure(_COLUMNS[head], run) for head in shown],
            state=STATE_WORDS.get(run.state, one_line(run.state, _LONGEST_CELL)),
            reason=one_line(run.reason, _LONGEST_REASON)
            if run.reason and run.state != "done"
            else None,
        )
        for place, run in enumerate(runs)
    ]
    return RunTable(list(shown), numbers, rows)


def in_common(runs: Sequence[Run]) -> str:
    """What is the same in all runs, in a line: the table of runs leaves it out."""
    found = []
    for head in _ASKED:
        values = {_COLUMNS[head].cell(run) for run in runs} - {DASH}
        if len(values) == 1:
            found.append(f"{head} {one_line(values.pop(), _LONGEST_CELL)}")
    return ", ".join(found)


def interval_of(run: Run) -> str:
    """The 95% interval of the throughput within the run; a dash where there is none."""
    low, high = run.value("examples_per_second_low"), run.value("examples_per_second_high")
    return DASH if low is None or high is None else f"{number(low)} to {number(high)}"


def _figure(column: RunColumn, run: Run) -> float | None:
    if column.figure is None:
        return None
    value = column.figure(run)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return None
    return value if abs(value) < 1e300 else None


def _link(run: Run) -> str | None:
    """The run's own report, relative to the sweep's, where it has one. Quoted: a folder may be
    called as a scheme is."""
    if not (run.folder.path / "report.html").is_file():
        return None
    return f"{quote(run.name, errors='replace')}/report.html"


def _text(field: str) -> RunColumn:
    return RunColumn(lambda run: DASH if run.value(field) is None else str(run.value(field)))


def _count(field: str) -> RunColumn:
    return RunColumn(_text(field).cell, lambda run: run.value(field))


def _scaled(field: str, scale: float, digits: int) -> RunColumn:
    def cell(run: Run) -> str:
        value = run.value(field)
        return fixed(None if value is None else scale * value, digits)

    return RunColumn(cell, lambda run: run.value(field))


def _number(field: str) -> RunColumn:
    return RunColumn(lambda run: number(run.value(field)), lambda run: run.value(field))


_ALWAYS = ("strategy", "workers", "examples / s")
_ASKED = ("workload", "source", "batch", "keras", "seed")
"""Columns for what was asked; they are in the table where runs differ, else in the line above."""
_CHOSEN_FROM = ("strategy", "workers", "workload", "source", "keras")

_COLUMNS: dict[str, RunColumn] = {
    "strategy": _text("strategy"),
    "workers": _count("workers"),
    "workload": _text("workload"),
    "source": _text("source"),
    "examples / s": _number("examples_per_second"),
    "95% within run": RunColumn(interval_of, lambda run: run.value("examples_per_second_low")),
    "ms / step": _scaled("step_seconds_median", 1000, 2),
    "input wait": RunColumn(
        lambda run: percent(run.value("wait_share")), lambda run: run.value("wait_share")
    ),
    "first step s": _scaled("seconds_to_first_step", 1, 1),
    "total s": _scaled("total_seconds", 1, 1),
    "core s": _scaled("core_seconds", 1, 0),
    "memory MB": _number("peak_rss_mb_sum"),
    "quality": _scaled("quality", 1, 3),
    "restarts": RunColumn(
        lambda run: str(run.value("restarts") or DASH), lambda run: run.value("restarts")
    ),
    "batch": _count("batch_total"),
    "keras": _count("keras"),
    "seed": _count("seed"),
}
