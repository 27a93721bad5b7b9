"""The table of runs that a person reads in a terminal: which columns, and what stands in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from results.loading import Run
from results.text import DASH, counted, fixed, number, one_line
from results.where import is_missing

if TYPE_CHECKING:
    from rich.table import Table

_ALWAYS = 100
_WIDEST_CELL = 40
_BREAKS = re.compile(r"(?<=[_./=,\s-])")
"""Where a name may go on in the next line."""


@dataclass(frozen=True)
class TableColumn:
    """A column for people: its head, and the cell that it shows of a run."""

    head: str
    cell: Callable[[Run], str]
    number: bool = False
    need: int = _ALWAYS
    """Where room is short, columns of least need are left out first."""
    only_where_it_varies: bool = False


def usual_columns(runs: Sequence[Run]) -> list[TableColumn]:
    """What is worth showing of these runs: what is the same for all, or empty, only takes room."""
    return [column for column in _USUAL if _tells_something(column, runs)]


def named_columns(names: Sequence[str], runs: Sequence[Run]) -> list[TableColumn]:
    """Columns that a person named, as `results.load` has them."""
    rows = {run.name: run.row() for run in runs}

    def column(name: str) -> TableColumn:
        values = [row.get(name) for row in rows.values() if not is_missing(row.get(name))]
        numeric = bool(values) and all(isinstance(value, int | float) for value in values)
        return TableColumn(name, lambda run: _shown(rows[run.name].get(name)), number=numeric)

    return [column(name) for name in names]


def cells(columns: Sequence[TableColumn], runs: Sequence[Run]) -> list[list[str]]:
    """One row a run."""
    return [[one_line(column.cell(run), _WIDEST_CELL) for column in columns] for run in runs]


def drawn(columns: Sequence[TableColumn], runs: Sequence[Run], width: int) -> Table:
    """The table, at most `width` wide where leaving out columns can do that."""
    from rich.table import Table
    from rich.text import Text

    columns = _that_fit(columns, runs, width)
    rows = cells(columns, runs)
    widths = _widths(columns, rows, width)
    table = Table(box=None, padding=(0, 1, 0, 0))
    for column, room in zip(columns, widths, strict=True):
        table.add_column(
            Text(_broken(column.head, room)),
            justify="right" if column.number else "left",
            overflow="fold",
            width=room,
        )
    for run, row in zip(runs, rows, strict=True):
        shown = [Text(_broken(cell, room)) for cell, room in zip(row, widths, strict=True)]
        table.add_row(*shown, style=None if run.state == "done" else "dim")
    return table


def caption(runs: Sequence[Run], of: int) -> str:
    """How many runs there are in each state; `of` is how many there were to choose from."""
    states = [state_of(run) for run in runs]
    counts = {state: states.count(state) for state in dict.fromkeys(states)}
    total = counted(len(runs), "run") if len(runs) == of else f"{len(runs)} of {of} runs"
    return ", ".join([total] + [f"{count} {state}" for state, count in counts.items()])


def state_of(run: Run) -> str:
    """The run's state in words."""
    return run.state.replace("_", " ")


def _that_fit(columns: Sequence[TableColumn], runs: Sequence[Run], width: int) -> list[TableColumn]:
    """Leaves out the least needed columns until the others fit."""
    rows = cells(columns, runs)
    widths = {
        column: max(
            *(len(line) for line in column.head.split("\n")),
            *(len(row[place]) for row in rows),
            0,
        )
        for place, column in enumerate(columns)
    }
    for column in sorted(columns, key=lambda column: column.need):
        if sum(widths.values()) + len(widths) <= width or column.need == _ALWAYS:
            break
        del widths[column]
    return list(widths)


def _widths(columns: Sequence[TableColumn], rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """In letters, of each column. Where room is short, heads are broken first; then narrow columns
    keep what they need, and the wide ones share the rest."""
    places = range(len(columns))
    cell_widths = [max((len(row[place]) for row in rows), default=0) for place in places]
    heads = [max(map(len, column.head.split("\n"))) for column in columns]
    whole = [max(pair) for pair in zip(cell_widths, heads, strict=True)]
    room = width - len(columns)
    if sum(whole) <= room:
        return whole
    pieces = [max(map(len, _BREAKS.split(column.head))) for column in columns]
    found = [max(pair) for pair in zip(cell_widths, pieces, strict=True)]
    for done, place in enumerate(sorted(places, key=lambda place: found[place])):
        found[place] = max(1, min(found[place], room // (len(found) - done)))
        room -= found[place]
    return found


def _broken(text: str, width: int) -> str:
    """In lines of at most `width` letters, as far as it has places to break."""
    lines = [""]
    for piece in _BREAKS.split(text):
        if lines[-1] and len((lines[-1] + piece).rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return "\n".join(line.rstrip() for line in lines)


def _tells_something(column: TableColumn, runs: Sequence[Run]) -> bool:
    if column.need == _ALWAYS:
        return True
    values = {column.cell(run) for run in runs} - {DASH}
    return len(values) > 1 if column.only_where_it_varies else bool(values)


def _shown(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return DASH if value is None else str(value)
    return number(value)


def _text(field: str) -> Callable[[Run], str]:
    def cell(run: Run) -> str:
        value = run.value(field)
        return DASH if value is None else str(value)

    return cell


def _scaled(field: str, scale: float, digits: int) -> Callable[[Run], str]:
    def cell(run: Run) -> str:
        value = run.value(field)
        return fixed(None if value is None else scale * value, digits)

    return cell


def _state_and_kind(run: Run) -> str:
    """Figures that are not this machine's own are marked in their row."""
    state = state_of(run)
    return state if run.value("emulated") is None else f"{state}, emulated"


_USUAL = (
    TableColumn("Run", lambda run: run.name),
    TableColumn("Strategy", _text("strategy")),
    TableColumn("Workers", _text("workers"), number=True),
    TableColumn("Workload", _text("workload"), need=4, only_where_it_varies=True),
    TableColumn("Batch", _text("batch_total"), number=True, need=2, only_where_it_varies=True),
    TableColumn("Keras", _text("keras"), number=True, need=3, only_where_it_varies=True),
    TableColumn("Seed", _text("seed"), number=True, need=1, only_where_it_varies=True),
    TableColumn("Examples/s", lambda run: number(run.value("examples_per_second")), number=True),
    TableColumn("ms/step", _scaled("step_seconds_median", 1000, 2), number=True, need=6),
    TableColumn("1st\nstep s", _scaled("seconds_to_first_step", 1, 1), number=True, need=5),
    TableColumn("Quality", _scaled("quality", 1, 3), number=True, need=7),
    TableColumn("State", _state_and_kind),
)
