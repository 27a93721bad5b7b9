"""The journal of a sweep (`sweep.json`): its format, its one reader and its one writer.

The journal is the truth about a sweep: which runs there are, in which order they run, what has
become of each. It is replaced whole at each change, and forced to the disk: what it says holds
after a power cut. The launcher writes it; whoever reads a sweep may read it at any time.
"""

import dataclasses
import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import psutil

from results.errors import UserError
from results.run_folder import FORMAT_VERSION, RunFolder, as_json, replace_file

SWEEP = "sweep.json"
LOCK = ".lock"
"""Held by the launcher that is at work in the sweep; says which process that is."""

WAITING = "waiting"
RUNNING = "running"
DONE = "done"
FAILED = "failed"
NOT_APPLICABLE = "not_applicable"
INTERRUPTED = "interrupted"

STOPPED = "stopped"
"""State of a sweep that ended before its last run: out of time, disk full, a failure."""


@dataclass(frozen=True)
class SweptRun:
    """One run of a sweep. Its number and its folder stay what they are for ever."""

    number: int
    folder: str
    """Relative to the sweep's."""
    overrides: tuple[str, ...]
    cell: int
    """Which of the sweep's configurations; its repeats share it."""
    repeat: int = 0
    """Which repeat of its configuration, from 0."""
    block: int = 0
    """The round in which it runs; a round holds each configuration once."""
    state: str = WAITING
    reason: str | None = None
    """Why it is not done, in one line."""
    attempts: int = 0
    """How often it was begun. The folder holds the last; `attempts/<n>/` in it the ones before."""
    failures: int = 0
    """How many of them failed."""
    started: str | None = None
    """The last attempt: UTC, ISO 8601."""
    seconds: float | None = None
    """What the last attempt took, all in all; None where it didn't end."""
    busy_share: float | None = None
    """Of this machine's cores, busy with other things when it began, where that was too much."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "overrides", tuple(self.overrides))


@dataclass(frozen=True)
class Journal:
    """A sweep: its runs in the order in which they run, and what makes it this sweep."""

    words: tuple[str, ...]
    """The command line that began it."""
    identity: Mapping[str, Any]
    """What may not change while it goes on; see `launcher.sweeps.identity`."""
    runs: tuple[SweptRun, ...]
    created: str
    state: str = RUNNING
    """`running`, `done`, `interrupted` or `stopped`."""
    reason: str | None = None
    """Why it stopped."""
    ends_before: float | None = None
    """No run begins that would end later, unix seconds: what `sweep.hours` comes to."""
    notes: tuple[str, ...] = field(default=())
    """What to know when reading it: gone on with in spite of changes, for one."""

    def __post_init__(self) -> None:
        for name in ("words", "runs", "notes"):
            object.__setattr__(self, name, tuple(getattr(self, name)))

    def with_run(self, changed: SweptRun) -> Self:
        """The same journal with this run in place of the one of its number."""
        runs = tuple(changed if run.number == changed.number else run for run in self.runs)
        return dataclasses.replace(self, runs=runs)

    def count(self, *states: str) -> int:
        """How many runs are in one of these states."""
        return sum(run.state in states for run in self.runs)


@dataclass(frozen=True)
class Holder:
    """The process that works in a sweep, or measures on a host, as its lock says."""

    process: int
    host: str
    folder: str
    since: str

    @property
    def alive(self) -> bool:
        """Whether it still runs; on another host that can't be known, and is taken for granted."""
        return self.host != socket.gethostname() or psutil.pid_exists(self.process)


def is_sweep(path: Path) -> bool:
    """Whether `path` is the folder of a sweep."""
    return (path / SWEEP).is_file()


def write_journal(folder: Path, journal: Journal) -> None:
    """Replace the journal, on the disk when this returns. Raises OSError; the old one stays then.

    One line a run, so that a person can read it.
    """
    record = as_json({"format_version": FORMAT_VERSION} | vars(journal))
    runs = ",\n".join(f"  {json.dumps(run)}" for run in record.pop("runs"))
    head = json.dumps(record, indent=1).removesuffix("\n}")
    replace_file(folder / SWEEP, f'{head},\n "runs": [\n{runs}\n ]\n}}\n', durable=True)


def read_journal(folder: Path, key: str = "folder") -> Journal:
    """The journal of the sweep in `folder`, which the command line gave as `key`.

    Raises UserError in one line where there is no such folder, no sweep in it, a damaged journal
    or one of a newer version.
    """
    if not folder.exists():
        raise UserError(f"{key}={folder}: no such folder; give a sweep's")
    if not folder.is_dir():
        raise UserError(f"{key}={folder}: a file; give the folder of a sweep")
    record = RunFolder(folder).read_if_there(SWEEP)
    if record is None:
        raise UserError(
            f"{key}={folder}: holds no sweep (no {SWEEP}); give a folder that a sweep made, such "
            "as multirun/<date>/<time>"
        )
    try:
        runs = tuple(_restored(SweptRun, run) for run in record["runs"])
        return _restored(Journal, {**record, "runs": runs})
    except (AttributeError, KeyError, TypeError) as error:
        raise UserError(
            f"{folder / SWEEP}: damaged, not the journal of a sweep ({error})"
        ) from None


def swept_runs(folder: Path) -> dict[str, SweptRun]:
    """Runs of the sweep in `folder` by the names of their folders.

    Empty where there is no journal, and where it can't be read (`problem` says why): the runs
    themselves still can.
    """
    if not is_sweep(folder) or problem(folder) is not None:
        return {}
    return {run.folder: run for run in read_journal(folder).runs}


def problem(folder: Path) -> str | None:
    """Why the journal of the sweep in `folder` can't be read; None where it can, or is not."""
    try:
        if is_sweep(folder):
            read_journal(folder)
    except (UserError, OSError) as error:
        return str(error)
    return None


def holder(lock: Path) -> Holder | None:
    """Who holds, or last held, the lock; None where it doesn't say."""
    try:
        return _restored(Holder, json.loads(lock.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def this_process(folder: Path, since: str) -> Holder:
    """What a lock says of this process."""
    return Holder(os.getpid(), socket.gethostname(), str(folder), since)


def _restored(kind: Any, record: Mapping[str, Any]) -> Any:
    names = {each.name for each in dataclasses.fields(kind)}
    return kind(**{name: value for name, value in record.items() if name in names})
