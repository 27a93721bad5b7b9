"""`python -m results list folder=…`: every run in a line, and why some are not done."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from results import formats
from results.columns import known
from results.errors import UserError, nearest
from results.loading import Run, read_runs
from results.run_table import (
    TableColumn,
    caption,
    cells,
    drawn,
    named_columns,
    state_of,
    usual_columns,
)
from results.sorting import in_order
from results.sweep_folder import problem
from results.terminal import terminal
from results.text import one_line
from results.verbs import Verb
from results.where import condition

_FORMATS = ("table", "csv", "json", "markdown")
_MOST_NAMES = 12


def run(words: Mapping[str, str]) -> None:
    """Print the runs in `folder` that are asked for, in the order and form that is asked for."""
    form = words.get("format", "table")
    if form not in _FORMATS:
        meant = nearest(form, _FORMATS)
        hint = f"did you mean {meant}?" if meant else f"give {', '.join(_FORMATS)}"
        raise UserError(f"format={form}: no such format; {hint}")
    every = read_runs(words["folder"])
    runs, rows, columns = _asked_for(every, words)
    names = [known("columns", name.strip(), columns) for name in _split(words.get("columns"))]
    if form == "csv":
        sys.stdout.write(formats.as_csv(names or columns, rows))
    elif form == "json":
        sys.stdout.write(formats.as_json_text(names or columns, rows))
    else:
        shown = named_columns(names, runs) if names else usual_columns(runs)
        if form == "markdown":
            sys.stdout.write(_markdown(shown, runs))
        else:
            reasons = [] if names else _reasons(runs)
            damaged = problem(Path(words["folder"]).expanduser()) or ""
            _print_table(shown, runs, [caption(runs, len(every)), *reasons, damaged])


def _asked_for(
    runs: Sequence[Run], words: Mapping[str, str]
) -> tuple[list[Run], list[dict[str, Any]], list[str]]:
    """The runs that `where` leaves, in the order of `sort`, with their rows; and all columns."""
    rows = [run.row() for run in runs]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    if "where" in words:
        meant = condition(words["where"], columns)
        rows = [row for row in rows if meant(row)]
    if "sort" in words:
        rows = in_order(rows, words["sort"], columns)
    by_name = {run.name: run for run in runs}
    return [by_name[row["run"]] for row in rows], rows, columns


def _print_table(columns: Sequence[TableColumn], runs: Sequence[Run], lines: Iterable[str]) -> None:
    from rich.text import Text

    console = terminal()
    if runs:
        console.print(drawn(columns, runs, console.width))
    for line in filter(None, lines):
        console.print(Text(line, overflow="fold"))


def _reasons(runs: Iterable[Run]) -> list[str]:
    """Why runs are not done, one line for each reason."""
    names: dict[str, list[str]] = {}
    for run in runs:
        if run.state != "done" and run.reason:
            names.setdefault(f"{state_of(run)}: {one_line(run.reason, 400)}", []).append(run.name)
    return [f"{_listed(of)}: {why}" for why, of in names.items()]


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more:,} more" if more > 0 else "")


def _markdown(columns: Sequence[TableColumn], runs: Sequence[Run]) -> str:
    head = [one_line(column.head) for column in columns]
    return formats.as_markdown(head, cells(columns, runs), [column.number for column in columns])


def _split(words: str | None) -> list[str]:
    return words.split(",") if words else []


VERB = Verb(
    does="every run in a line: what ran, how fast, what it reached, why it failed",
    keys={
        "folder": "a run's folder, a sweep's, or one that holds some of them",
        "where": "which runs: where='strategy == mirrored and workers > 1'",
        "sort": "by which columns: sort=-examples_per_second,workers; a minus: largest first",
        "columns": "which columns: columns=run,examples_per_second,batch.total",
        "format": "table (usually), csv, json or markdown",
    },
    needed=("folder",),
    run=run,
)
