"""Where each run of a sweep stands in it, as the sweep's journal (`sweep.json`) tells it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from results.configuration import by_key
from results.errors import UserError
from results.run_folder import RunFolder
from results.sweep_folder import SWEEP


@dataclass(frozen=True)
class Place:
    """A run's place: which repeat of its configuration, in which round of the sweep."""

    repeat: int | None
    block: int | None
    """Runs of one round ran near each other in time, each configuration once."""
    state: str
    reason: str | None
    overrides: Mapping[str, str]
    busy_share: float | None = None
    """Of the machine's cores, busy with other things when it began, where that was too much."""


def places(folder: Path) -> dict[str, Place]:
    """Places of the runs of the sweep in `folder`, by the names of their folders.

    Empty where there is no journal, and where it can't be read (`problem` says why): the runs
    themselves still can.
    """
    try:
        records = _runs(folder)
    except (UserError, OSError):
        return {}
    return {str(run.get("folder", run["number"])): _place(run) for run in records}


def problem(folder: Path) -> str | None:
    """Why the journal of the sweep in `folder` can't be read; None where it can, or is not."""
    try:
        _runs(folder)
    except (UserError, OSError) as error:
        return str(error)
    return None


def _runs(folder: Path) -> list[Mapping[str, Any]]:
    runs = (RunFolder(folder).read_if_there(SWEEP) or {}).get("runs", [])
    if not isinstance(runs, list) or not all(
        isinstance(run, dict) and "number" in run for run in runs
    ):
        raise UserError(f"{folder / SWEEP}: damaged, not the journal of a sweep")
    return runs


def _place(run: Mapping[str, Any]) -> Place:
    return Place(
        repeat=run.get("repeat"),
        block=run.get("block"),
        state=str(run.get("state") or "waiting"),
        reason=run.get("reason"),
        overrides=by_key(run.get("overrides") or []),
        busy_share=run.get("busy_share"),
    )
