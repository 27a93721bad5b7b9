"""`python -m results watch folder=…`: how far a sweep is, from another terminal.

On a terminal a table that is kept up to date; elsewhere a line for each run that has ended, and one
now and then. It reads the journal and what tasks say of themselves, and holds nobody up.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from results.run_folder import RunFolder, unix_seconds
from results.sweep_folder import (
    DONE,
    FAILED,
    INTERRUPTED,
    LOCK,
    NOT_APPLICABLE,
    RUNNING,
    WAITING,
    Journal,
    SweptRun,
    holder,
    read_journal,
)
from results.sweep_progress import duration, progress_line, what_they_are
from results.terminal import terminal
from results.text import DASH, one_line
from results.verbs import Verb

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_LIVE_SECONDS = 1.0
_LINE_SECONDS = 30.0
_COLUMNS = 80
_ENDED_SHOWN, _WAITING_SHOWN = 8, 4
"""Runs above and below the one that is going on; a long sweep has thousands."""
_ENDED = (DONE, FAILED, NOT_APPLICABLE)


def run(words: Mapping[str, str]) -> None:
    """Show the sweep in `folder` until it has ended, or nothing is at work in it any more."""
    folder = Path(words["folder"]).expanduser()
    journal = read_journal(folder)
    console = terminal()
    if console.is_terminal:
        journal = _watch_live(folder, console)
    else:
        journal = _watch_in_lines(folder, console)
    _say(console, _last_line(folder, journal))


def _watch_live(folder: Path, console: Console) -> Journal:
    from rich.live import Live

    with Live(console=console, auto_refresh=False) as live:
        while True:
            journal = read_journal(folder)
            live.update(_picture(folder, journal, console.width), refresh=True)
            if not _goes_on(folder, journal):
                return journal
            time.sleep(_LIVE_SECONDS)


def _watch_in_lines(folder: Path, console: Console) -> Journal:
    told: set[tuple[int, int]] = set()
    names = what_they_are(read_journal(folder).runs)
    next_line = 0.0
    while True:
        journal = read_journal(folder)
        news = [run for run in journal.runs if _has_ended(run) and _which(run) not in told]
        for run in news:
            told.add(_which(run))
            _say(console, f"run {run.number}: {names[run.number]}: {_outcome(run)}")
        if news or time.monotonic() >= next_line:
            next_line = time.monotonic() + _LINE_SECONDS
            _say(console, _progress(folder, journal))
        if not _goes_on(folder, journal):
            return journal
        time.sleep(_LIVE_SECONDS)


def _picture(folder: Path, journal: Journal, width: int) -> RenderableType:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), width=min(_COLUMNS, width))
    table.add_column("Run", justify="right")
    table.add_column("What", ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column("Time", justify="right", no_wrap=True)
    table.add_column("State", no_wrap=True)
    names = what_they_are(journal.runs)
    for run in _shown(journal.runs):
        took = DASH if (seconds := _seconds(run)) is None else duration(seconds)
        style = "bold" if run.state == RUNNING else None if run.state == DONE else "dim"
        cells = (str(run.number), names[run.number], took, run.state.replace("_", " "))
        table.add_row(*(Text(cell) for cell in cells), style=style)
    return Group(table, Text(_progress(folder, journal), overflow="fold"))


def _shown(runs: Sequence[SweptRun]) -> list[SweptRun]:
    """Those that ended last, what is going on, and those that come next."""
    ended = [run for run in runs if _has_ended(run)]
    going = [run for run in runs if run.state == RUNNING]
    coming = [run for run in runs if run.state in (WAITING, INTERRUPTED)]
    return [*ended[-_ENDED_SHOWN:], *going, *coming[:_WAITING_SHOWN]]


def _progress(folder: Path, journal: Journal) -> str:
    told = [progress_line(journal)]
    for run in journal.runs:
        if run.state == RUNNING:
            told.append(f"run {run.number} {_doing(folder / run.folder)}")
    return "; ".join(told)


def _doing(folder: Path) -> str:
    """What the tasks of the run that is going on say: `training, step 590`."""
    said = RunFolder(folder).progress()
    if not said:
        return "starting"
    states = dict.fromkeys(str(record.get("state") or "starting") for record in said.values())
    step = max((int(record.get("step") or 0) for record in said.values()), default=0)
    return " and ".join(states) + (f", step {step:,}" if step else "")


def _goes_on(folder: Path, journal: Journal) -> bool:
    by = holder(folder / LOCK)
    return journal.state == RUNNING and by is not None and by.alive


def _last_line(folder: Path, journal: Journal) -> str:
    if journal.state == DONE:
        return f"ended: {progress_line(journal)}"
    why = journal.reason or ("the launcher has gone" if journal.state == RUNNING else journal.state)
    return f"stopped: {why}; go on with it: python -m launcher resume={folder}"


def _has_ended(run: SweptRun) -> bool:
    return run.state in _ENDED


def _which(run: SweptRun) -> tuple[int, int]:
    return run.number, run.attempts


def _outcome(run: SweptRun) -> str:
    told = run.state.replace("_", " ")
    if run.seconds is not None:
        told += f" after {duration(run.seconds)}"
    return f"{told}: {one_line(run.reason, 200)}" if run.reason else told


def _seconds(run: SweptRun) -> float | None:
    if run.state == RUNNING and run.started is not None:
        return max(0.0, time.time() - unix_seconds(run.started))
    return run.seconds


def _say(console: Console, text: str) -> None:
    from rich.text import Text

    console.print(Text(text), soft_wrap=True)


VERB = Verb(
    does="how far a sweep is and how long it will take, while it goes on",
    keys={"folder": "a sweep's folder"},
    needed=("folder",),
    run=run,
)
