"""`python -m results list folder=…`: every run in a line, and why some are not done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from results.commands import Verb
from results.loading import Run, read_runs
from results.text import DASH, counted, fixed, number, one_line

if TYPE_CHECKING:
    from rich.table import Table

_ALWAYS = 100
_WIDEST_CELL = 40


@dataclass(frozen=True)
class _Column:
    head: str
    cell: Callable[[Run], str]
    number: bool = False
    need: int = _ALWAYS
    """Where room is short, columns of least need are left out first."""
    only_where_it_varies: bool = False


def run(words: Mapping[str, str]) -> None:
    """Print the table of the runs in `folder`, at most as wide as the terminal (or 80)."""
    from rich.console import Console
    from rich.text import Text

    runs = read_runs(words["folder"])
    console = Console(highlight=False)
    console.print(_table(runs, console.width))
    for each in runs:
        if each.state != "done" and each.reason:
            why = f"{each.name}: {_state(each)}: {one_line(each.reason, 400)}"
            console.print(Text(why, overflow="fold"))


def _table(runs: list[Run], width: int) -> Table:
    from rich.table import Table
    from rich.text import Text

    caption = Text(_caption(runs))
    table = Table(box=None, caption=caption, caption_justify="left", padding=(0, 1, 0, 0))
    columns = _that_fit([each for each in _COLUMNS if _tells_something(each, runs)], runs, width)
    for column in columns:
        table.add_column(column.head, justify="right" if column.number else "left", overflow="fold")
    for each in runs:
        cells = [Text(one_line(column.cell(each), _WIDEST_CELL)) for column in columns]
        table.add_row(*cells, style=None if each.state == "done" else "dim")
    return table


def _that_fit(columns: list[_Column], runs: list[Run], width: int) -> list[_Column]:
    """Leaves out the least needed columns until the others fit."""
    widths = {
        column: max(
            *(len(line) for line in column.head.split("\n")),
            *(len(one_line(column.cell(run), _WIDEST_CELL)) for run in runs),
        )
        for column in columns
    }
    for column in sorted(columns, key=lambda column: column.need):
        if sum(widths.values()) + len(widths) <= width or column.need == _ALWAYS:
            break
        del widths[column]
    return list(widths)


def _tells_something(column: _Column, runs: list[Run]) -> bool:
    """What is the same for all runs, or empty, only takes room."""
    values = {column.cell(run) for run in runs} - {DASH}
    if column.need == _ALWAYS:
        return True
    return len(values) > 1 if column.only_where_it_varies else bool(values)


def _caption(runs: list[Run]) -> str:
    states = [_state(run) for run in runs]
    counts = {state: states.count(state) for state in dict.fromkeys(states)}
    return ", ".join([counted(len(runs), "run")] + [f"{n} {state}" for state, n in counts.items()])


def _state(run: Run) -> str:
    return run.state.replace("_", " ")


def _text(field: str) -> Callable[[Run], str]:
    def cell(run: Run) -> str:
        value: Any = run.value(field)
        return DASH if value is None else str(value)

    return cell


def _scaled(field: str, scale: float, digits: int) -> Callable[[Run], str]:
    def cell(run: Run) -> str:
        value = run.value(field)
        return fixed(None if value is None else scale * value, digits)

    return cell


_COLUMNS = (
    _Column("Run", lambda run: run.name),
    _Column("Strategy", _text("strategy")),
    _Column("Workers", _text("workers"), number=True),
    _Column("Workload", _text("workload"), need=4, only_where_it_varies=True),
    _Column("Batch", _text("batch_total"), number=True, need=2, only_where_it_varies=True),
    _Column("Keras", _text("keras"), number=True, need=3, only_where_it_varies=True),
    _Column("Seed", _text("seed"), number=True, need=1, only_where_it_varies=True),
    _Column("Examples/s", lambda run: number(run.value("examples_per_second")), number=True),
    _Column("ms/step", _scaled("step_seconds_median", 1000, 2), number=True, need=6),
    _Column("1st\nstep s", _scaled("seconds_to_first_step", 1, 1), number=True, need=5),
    _Column("Quality", _scaled("quality", 1, 3), number=True, need=7),
    _Column("State", _state),
)

VERB = Verb(
    does="every run in a line: what ran, how fast, what it reached, why it failed",
    keys={"folder": "a run's folder, a sweep's, or one that holds some of them"},
    needed=("folder",),
    run=run,
)
