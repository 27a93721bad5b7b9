"""`python -m results profile folder=…`: the costliest operations of a run with `profile.steps`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING

from results.errors import UserError, nearest
from results.formats import as_csv, as_json_text
from results.loading import read_runs
from results.profiles import TRACE, Operation, Profile, read_profile
from results.terminal import terminal
from results.text import fixed, number, one_line, percent
from results.verbs import Verb

if TYPE_CHECKING:
    from rich.table import Table

_FORMATS = ("table", "csv", "json")
_TOP = 20
_COLUMNS = 80
_LONGEST_NAME = 40
_LONGEST_END = 34


def run(words: Mapping[str, str]) -> None:
    """Print the table, and where the trace lies."""
    form, top = words.get("format", "table"), _count(words.get("top", str(_TOP)))
    if form not in _FORMATS:
        meant = nearest(form, _FORMATS)
        hint = f"did you mean {meant}?" if meant else f"give {', '.join(_FORMATS)}"
        raise UserError(f"format={form}: no such format; {hint}")
    found = _profile(words["folder"])
    rows = [asdict(each) for each in found.operations[:top]]
    columns = [field.name for field in fields(Operation)]
    if form == "csv":
        sys.stdout.write(as_csv(columns, rows))
    elif form == "json":
        sys.stdout.write(as_json_text(columns, rows))
    else:
        _print(found, top, Path(words["folder"]) / TRACE)


def _count(word: str) -> int:
    if not word.isdecimal() or int(word) < 1:
        raise UserError(f"top={word}: a number of operations is needed, at least 1")
    return int(word)


def _profile(folder: str) -> Profile:
    runs = read_runs(folder)
    found = read_profile(runs[0].folder) if len(runs) == 1 else None
    if found is None:
        profiled = [run.name for run in runs if run.summary.get("profiled")]
        hint = (
            f"give a run's folder, such as {folder}/{profiled[0]}"
            if profiled
            else ("give a run with profile.steps=[20,30]")
        )
        raise UserError(f"folder={folder}: holds no profile; {hint}")
    return found


def _print(profile: Profile, top: int, trace: Path) -> None:
    from rich.text import Text

    console = terminal()
    console.print(_table(profile, top, min(_COLUMNS, console.width)))
    lines = [
        f"{min(top, len(profile.operations))} of {len(profile.operations)} operations, steps"
        f" {profile.steps[0]} to {profile.steps[1]}, {', '.join(profile.tasks)} added up",
        f"Trace  {trace}, for ui.perfetto.dev",
    ]
    for line in lines:
        console.print(Text(line), soft_wrap=True)


def _table(profile: Profile, top: int, width: int) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 1, 0, 0), width=width)
    table.add_column("Type", overflow="fold")
    table.add_column("Operation", overflow="ellipsis", no_wrap=True, ratio=1)
    for head in ("Times", "Own ms", "Share"):
        table.add_column(head, justify="right", no_wrap=True)
    for each in profile.operations[:top]:
        table.add_row(
            Text(one_line(each.kind, _LONGEST_NAME)),
            Text(short_name(each.operation)),
            number(each.occurrences),
            fixed(1000 * each.self_seconds, 2),
            percent(each.self_share),
        )
    return table


def short_name(operation: str) -> str:
    """The end of an operation's name: it begins with all that is around it."""
    name = one_line(operation.replace("::", "/").rpartition("while/body/_1/")[2])
    return name if len(name) <= _LONGEST_END else f"…{name[1 - _LONGEST_END :]}"


VERB = Verb(
    does="the costliest operations of a run that traced steps (profile.steps=[20,30])",
    keys={
        "folder": "the run's folder",
        "top": f"how many operations (usually {_TOP})",
        "format": "table (usually), csv or json",
    },
    needed=("folder",),
    run=run,
)
