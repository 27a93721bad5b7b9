"""What earlier starts of the same run left: a job that was queued again goes on with them."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launcher.causes import Cause
from launcher.failure_kinds import PREEMPTED
from results.run_folder import PROGRESS, STATUS, RunFolder

BEGUN = "begun"
"""In `status.json`, for as long as its tasks run: the start that isn't among `attempts` yet."""
_CUT_OFF = "was ended with its job, which was queued again"


@dataclass(frozen=True)
class Attempt:
    """One start of the whole plan."""

    started: float
    """Unix seconds."""
    ended: float
    cause: Cause | None
    restored_step: int | None
    """Of the checkpoint that it went on from."""
    left_out: tuple[str, ...] = ()
    """Newer checkpoints that were damaged, a line each."""


@dataclass(frozen=True)
class Earlier:
    """Starts of a run that other launchers, now gone, have made in the same folder."""

    started: str
    """When the first of them began; UTC, ISO 8601."""
    tasks_started: float
    """When its tasks were started, unix seconds."""
    attempts: tuple[Attempt, ...]
    replaced: tuple[Mapping[str, Any], ...]
    """Records of workers that were started again alone."""


def earlier_starts(folder: RunFolder) -> Earlier | None:
    """What `status.json` tells of them; None where no tasks have been started yet."""
    status = folder.read_if_there(STATUS)
    if status is None or "tasks_started" not in status:
        return None
    attempts = [_attempt(each) for each in status.get("attempts", ())]
    begun = status.get(BEGUN)
    if status["state"] == "running" and begun is not None:  # nobody was left to write down its end
        cause = Cause(task="launcher", kind=PREEMPTED, message=_CUT_OFF)
        ended = _last_sign(folder.path, begun["started"])
        attempts.append(Attempt(begun["started"], ended, cause, begun["restored_step"]))
    return Earlier(
        started=status["started"],
        tasks_started=status["tasks_started"],
        attempts=tuple(attempts),
        replaced=tuple(status.get("replaced", ())),
    )


def failures(attempts: Sequence[Attempt]) -> int:
    """Of these, how many ended by a failure: one that made room for others has not failed."""
    causes = (attempt.cause for attempt in attempts)
    return sum(cause is not None and cause.kind != PREEMPTED for cause in causes)


def _attempt(record: Mapping[str, Any]) -> Attempt:
    told = record["cause"]
    cause = None if told is None else Cause(**told)
    names = (each.name for each in dataclasses.fields(Attempt))
    known = {name: record[name] for name in names if name in record}
    return Attempt(**{**known, "cause": cause, "left_out": tuple(record.get("left_out", ()))})


def _last_sign(folder: Path, began: float) -> float:
    """When a task last wrote down how far it was."""
    told = folder.glob(f"tasks/*/{PROGRESS}")
    return max((path.stat().st_mtime for path in told), default=began)
