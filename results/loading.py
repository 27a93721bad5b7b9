"""Finds run folders and reads what they hold: one run, a sweep, or folders of those.

Only summary, status, plan and the sweep's journal are read: a run costs three small files.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from results.columns import COLUMNS, as_documented
from results.configuration import by_key, configuration, overrides
from results.errors import UserError
from results.run_folder import PLAN, STATUS, SUMMARY, RunFolder, is_run
from results.sorting import natural
from results.sweep_folder import SweptRun, swept_runs
from results.text import one_line

if TYPE_CHECKING:
    import pandas as pd

UNREADABLE = "unreadable"
"""State of a run whose files are damaged or of a newer format."""

_DEEPEST = 4
_LONGEST_STATE = 40
_MOST = 1e100
"""More than anything measures, in any unit; what is computed of more overflows."""
_NO_RUNS_INSIDE = {"tasks", "attempts", "checkpoints", "model", "plots", ".hydra"}


@dataclass(frozen=True)
class Run:
    """What one run folder holds. `name` is its path below the folder that was asked for."""

    name: str
    folder: RunFolder
    status: Mapping[str, Any]
    summary: Mapping[str, Any]
    configuration: Mapping[str, Any]
    overrides: Mapping[str, str]
    place: SweptRun | None = None
    """Where it stands in its sweep, where that has a journal."""

    @property
    def state(self) -> str:
        """One of those that `results.columns` names; unknown where nothing says it."""
        return one_line(self.status.get("state") or "unknown", _LONGEST_STATE)

    @property
    def reason(self) -> str | None:
        """Why the run is not done; None where nothing says so."""
        cause = self.status.get("cause")
        told = cause.get("message") if isinstance(cause, dict) else None
        reason = self.status.get("reason") or told
        return str(reason) if reason else None

    def value(self, name: str) -> Any:
        """A field of the summary; where that lacks it, what was asked for; else None."""
        found = self.summary.get(name)
        if found is None:
            found = self.configuration.get(name)
        return self.overrides.get(name) if found is None else found

    def row(self) -> dict[str, Any]:
        """All that is known of it, flat: the columns of `load`."""
        told = {
            "run": self.name,
            "folder": str(self.folder.path),
            "state": self.state,
            "reason": self.reason,
            "repeat": self.place and self.place.repeat,
            "block": self.place and self.place.block,
            "busy_share": self.place and self.place.busy_share,
        }
        measured = {key: each for key, each in self.summary.items() if key not in told}
        asked = {key: each for key, each in self.configuration.items() if measured.get(key) is None}
        row = told | measured | asked
        row.pop("format_version", None)
        return row


def load(folder: str | Path, *more: str | Path) -> pd.DataFrame:
    """One row for each run in the folders: each is a run's, a sweep's, or one that holds some.

    Columns: what `results.columns.COLUMNS` documents with unit and meaning (the frame has it as
    `attrs["columns"]`), then the configuration with dotted keys ("batch.total",
    "pipeline.shuffle"). What a run did not measure is missing (NaN or None). Of several folders,
    runs are named by folder and name.

    Raises UserError where a folder is missing or holds no run.
    """
    import pandas as pd

    rows = []
    for each in (folder, *more):
        of = [run.row() for run in read_runs(each)]
        if more:
            of = [row | {"run": f"{each}/{row['run']}"} for row in of]
        rows += of
    frame = pd.DataFrame(rows)
    frame.attrs["columns"] = {
        name: f"{COLUMNS[name].meaning} ({COLUMNS[name].unit})"
        for name in frame.columns
        if name in COLUMNS
    }
    return frame


def read_runs(folder: str | Path, key: str = "folder") -> list[Run]:
    """Every run in `folder`, by number. A damaged one is there too, its state `unreadable`, and so
    is one of a sweep that has not begun, its state `waiting`.

    Raises UserError, naming the `key` of the command line, where `folder` is missing or holds no
    run.
    """
    top = folder_at(folder, key)
    if is_run(top):
        return [_read(top, top, swept_runs(top.parent).get(top.name))]
    found = list(_runs_below(top, top, _DEEPEST))
    if not found:
        raise UserError(
            f"{key}={folder}: holds no run (no status.json or plan.json, here or below);"
            " give a folder that launcher made, such as outputs/<date>/<time>"
        )
    return found


def folder_at(folder: str | Path, key: str = "folder") -> Path:
    """The folder itself; raises UserError, as `read_runs` does, where there is none."""
    top = Path(folder).expanduser()
    if not top.exists():
        raise UserError(f"{key}={folder}: no such folder; give a run's or a sweep's")
    if not top.is_dir():
        raise UserError(f"{key}={folder}: a file; give the folder of a run or a sweep")
    return top


def is_single(folder: str | Path) -> bool:
    """Whether `folder` is that of one run, and not of a sweep."""
    return is_run(Path(folder).expanduser())


def _runs_below(top: Path, folder: Path, depth: int) -> Iterator[Run]:
    try:
        names = {entry.name for entry in os.scandir(folder) if entry.is_dir()}
        swept = swept_runs(folder)
    except OSError:  # no permission, or gone while it was read
        return
    for name in sorted((names | set(swept)) - _NO_RUNS_INSIDE, key=natural):
        path = folder / name
        if is_run(path):
            yield _read(top, path, swept.get(name))
        elif name in swept:
            yield _not_begun(top, path, swept[name])
        elif depth > 1:
            yield from _runs_below(top, path, depth - 1)


def _read(top: Path, path: Path, place: SweptRun | None) -> Run:
    folder = RunFolder(path)
    name = _name(top, path)
    try:
        plan = _plan(folder)
        return Run(
            name=name,
            folder=folder,
            status=folder.read_if_there(STATUS) or {},
            summary=_possible(as_documented(folder.read_if_there(SUMMARY) or {})),
            configuration=configuration(folder, plan),
            overrides=overrides(folder, plan),
            place=place,
        )
    except (UserError, OSError) as error:
        status = {"state": UNREADABLE, "reason": str(error)}
        asked = by_key(place.overrides) if place else {}
        return Run(name, folder, status, {}, {}, asked, place)


def _plan(folder: RunFolder) -> Mapping[str, Any]:
    plan = folder.read_if_there(PLAN) or {}
    tasks = plan.get("tasks") or []
    if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
        raise UserError(f"{folder.path / PLAN}: damaged, its tasks are no list of records")
    return plan


def _possible(summary: Mapping[str, Any]) -> Mapping[str, Any]:
    """The summary, where a number that nothing can measure is missing."""
    return {
        name: None if isinstance(value, float) and not abs(value) < _MOST else value
        for name, value in summary.items()
    }


def _not_begun(top: Path, path: Path, place: SweptRun) -> Run:
    status = {"state": place.state, "reason": place.reason}
    asked = by_key(place.overrides)
    return Run(_name(top, path), RunFolder(path), status, {}, {}, asked, place)


def _name(top: Path, path: Path) -> str:
    return path.resolve().name if path == top else path.relative_to(top).as_posix()
