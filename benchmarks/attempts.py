"""A run that was started again after failures, taken apart: which steps counted, which were lost.

An attempt is one start of the whole plan. The next one goes on from a checkpoint: what came after
that checkpoint's step was lost. Its rows stay in the streams; rows with the same numbers follow.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.throughput import StepRows, joined
from results.run_folder import unix_seconds

TaskRows = Mapping[str, StepRows]
"""Rows by task."""


@dataclass(frozen=True)
class Attempt:
    """One start of all tasks; times in unix seconds."""

    started: float
    """NaN where nothing says so."""
    ended: float
    """When its failure was seen, else when all its tasks had ended; infinity where nothing says."""
    first_step: int
    """The step that it went on from: 0, or that of the checkpoint."""
    limit: float
    """The last of its steps that counts: where a later attempt went on from; else infinity."""


def attempts_of(status: Mapping[str, Any], started: float | None) -> list[Attempt]:
    """The attempts that `status.json` tells of, oldest first; where it tells of none there was one,
    begun at `started`."""
    told = status.get("attempts") or [{"started": float("nan") if started is None else started}]
    begun = [int(each.get("restored_step") or 0) for each in told]
    return [
        Attempt(
            started=float(each["started"]),
            ended=_ended(each),
            first_step=begun[place],
            limit=min(begun[place + 1 :], default=float("inf")),
        )
        for place, each in enumerate(told)
    ]


def _ended(told: Mapping[str, Any]) -> float:
    seen = (told.get("cause") or {}).get("when")
    if seen is not None:
        return unix_seconds(seen)
    return float("inf") if told.get("ended") is None else float(told["ended"])


@dataclass(frozen=True)
class Split:
    """The rows of a run, for each attempt those that counted and those that were lost."""

    attempts: Sequence[Attempt]
    useful: Sequence[TaskRows]
    lost: Sequence[TaskRows]

    def all_useful(self) -> dict[str, StepRows]:
        """What counted, of all attempts together."""
        return _together(self.useful)

    def measured(self, warmup_steps: int) -> dict[str, StepRows]:
        """What counted without the first `warmup_steps` of each attempt. Rows of a later one are
        moved in time to follow those before it: what lies between is no part of the speed."""
        moved: list[TaskRows] = []
        end: float | None = None
        for attempt, of in zip(self.attempts, self.useful, strict=True):
            kept = {
                task: rows.after(attempt.first_step + warmup_steps) for task, rows in of.items()
            }
            first = min((float(of.start.min()) for of in kept.values() if len(of)), default=None)
            if first is not None and end is not None:
                kept = {task: rows.moved(end - first) for task, rows in kept.items()}
            end = last_end(kept) or end
            moved.append(kept)
        return _together(moved)


def split(rows: TaskRows, attempts: Sequence[Attempt]) -> Split:
    """Every row belongs to the attempt in which its step began."""
    starts = [float("-inf"), *(attempt.started for attempt in attempts[1:]), float("inf")]
    useful, lost = [], []
    for place, attempt in enumerate(attempts):
        own = {
            task: of.where((of.start >= starts[place]) & (of.start < starts[place + 1]))
            for task, of in rows.items()
        }
        useful.append({task: of.where(of.step <= attempt.limit) for task, of in own.items()})
        lost.append({task: of.where(of.step > attempt.limit) for task, of in own.items()})
    return Split(attempts, useful, lost)


def last_end(rows: TaskRows) -> float | None:
    """When the last step of all ended, unix seconds; None where there is none."""
    ends = [float((of.start + of.seconds).max()) for of in rows.values() if len(of)]
    return max(ends, default=None)


def first_end(rows: TaskRows) -> float | None:
    """When the first step of all ended, unix seconds; None where there is none."""
    ends = [float((of.start + of.seconds).min()) for of in rows.values() if len(of)]
    return min(ends, default=None)


def _together(parts: Sequence[TaskRows]) -> dict[str, StepRows]:
    return {task: joined([part[task] for part in parts]) for task in parts[0]}
