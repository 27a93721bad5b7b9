"""Finds run folders and reads what they hold: one run, a sweep, or folders of those."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from results.configuration import configuration, overrides
from results.errors import UserError
from results.run_folder import STATUS, SUMMARY, RunFolder, is_run

if TYPE_CHECKING:
    import pandas as pd

UNREADABLE = "unreadable"
"""State of a run whose files are damaged or of a newer format."""

_DEEPEST = 4
_NO_RUNS_INSIDE = {"tasks", "checkpoints", "model", "plots", ".hydra", "attempts"}


@dataclass(frozen=True)
class Run:
    """What one run folder holds. `name` is its path below the folder that was asked for."""

    name: str
    folder: RunFolder
    status: Mapping[str, Any]
    summary: Mapping[str, Any]
    configuration: Mapping[str, Any]
    overrides: Mapping[str, str]

    @property
    def state(self) -> str:
        """running, done, failed, interrupted, not_applicable, unreadable; unknown without any."""
        return str(self.status.get("state") or "unknown")

    @property
    def reason(self) -> str | None:
        """Why the run is not done; None where nothing says so."""
        cause = self.status.get("cause") or {}
        reason = self.status.get("reason") or cause.get("message")
        return str(reason) if reason else None

    def value(self, name: str) -> Any:
        """A field of the summary; where that lacks it, what was asked for; else None."""
        found = self.summary.get(name)
        return self.configuration.get(name) if found is None else found


def load(folder: str | Path) -> pd.DataFrame:
    """One row for each run in `folder` (a run, a sweep, or folders of those).

    Columns: `run` (name), `folder`, `state`, `reason`, the fields of `summary.json`
    (`benchmarks.summary` says what each is, units in the names), then the configuration with dotted
    keys ("batch.total", "pipeline.shuffle"). What a run did not measure is missing (NaN or None).

    Raises UserError where `folder` is missing or holds no run.
    """
    import pandas as pd

    rows = [
        {
            "run": run.name,
            "folder": str(run.folder.path),
            "state": run.state,
            "reason": run.reason,
            **{key: value for key, value in run.summary.items() if key not in ("state", "reason")},
            **{key: each for key, each in run.configuration.items() if key not in run.summary},
        }
        for run in read_runs(folder)
    ]
    return pd.DataFrame(rows).drop(columns="format_version", errors="ignore")


def read_runs(folder: str | Path) -> list[Run]:
    """Every run in `folder`, by number. A damaged one is there too, its state `unreadable`.

    Raises UserError where `folder` is missing or holds no run.
    """
    top = Path(folder).expanduser()
    if not top.exists():
        raise UserError(f"folder={folder}: no such folder; give a run's or a sweep's")
    if not top.is_dir():
        raise UserError(f"folder={folder}: a file; give the folder of a run or a sweep")
    found = [top] if is_run(top) else _runs_below(top, _DEEPEST)
    if not found:
        raise UserError(
            f"folder={folder}: holds no run (no status.json or plan.json, here or below);"
            " give a folder that launcher made, such as outputs/<date>/<time>"
        )
    return [_read(top, path) for path in found]


def is_single(folder: str | Path) -> bool:
    """Whether `folder` is that of one run, and not of a sweep."""
    return is_run(Path(folder).expanduser())


def _runs_below(folder: Path, depth: int) -> list[Path]:
    try:
        names = [entry.name for entry in os.scandir(folder) if entry.is_dir()]
    except PermissionError:
        return []
    found = []
    for name in sorted(set(names) - _NO_RUNS_INSIDE, key=_natural):
        path = folder / name
        if is_run(path):
            found.append(path)
        elif depth > 1:
            found += _runs_below(path, depth - 1)
    return found


def _natural(name: str) -> list[tuple[int, str]]:
    """Sorts "2" before "10"."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def _read(top: Path, path: Path) -> Run:
    folder = RunFolder(path)
    name = path.name if path == top else path.relative_to(top).as_posix()
    try:
        return Run(
            name=name or path.resolve().name,
            folder=folder,
            status=folder.read_if_there(STATUS) or {},
            summary=folder.read_if_there(SUMMARY) or {},
            configuration=configuration(folder),
            overrides=overrides(folder),
        )
    except UserError as error:
        status = {"state": UNREADABLE, "reason": str(error)}
        return Run(name, folder, status, {}, {}, {})
