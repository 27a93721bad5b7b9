"""The largest batch that fits into a limit: runs made one after the other until it is known."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.batch_search import (
    ERROR_SHARE,
    MOST_RUNS,
    Line,
    Question,
    Trial,
    fitted,
    largest_fitting,
    next_batch,
)
from benchmarks.free_memory import available_bytes
from benchmarks.limited_run import LimitedRun, run_under
from benchmarks.memory_room import Room, changes_left, measured_room, predicted_room
from results.errors import UserError
from results.text import number

FIT_BATCH = "fit_batch.json"
_KEPT_FREE_SHARE = 0.1
"""Of the machine's free memory, by the run that measures what a single example takes."""
_FIRST_ROUNDING_MB = 10


@dataclass(frozen=True)
class Fit:
    """What was found."""

    limit_mb: int
    best: Trial
    line: Line | None
    trials: tuple[Trial, ...]
    """In the order in which they ran."""
    runs: tuple[LimitedRun, ...]
    """Every run, those of `room` last."""
    room: tuple[Room, ...]
    most: int | None
    """Per-replica batch at which one step takes all training examples; None where unknown."""

    @property
    def emulated(self) -> str | None:
        """What was not the machine's own."""
        return self.runs[-1].summary.get("emulated")

    def record(self) -> dict[str, Any]:
        """What `fit_batch.json` holds; units in the names."""
        return {
            "limit_mb": self.limit_mb,
            "batch_per_replica": self.best.batch,
            "peak_mb": self.best.peak_mb,
            "framework_mb": self.runs[-1].summary.get("framework_mb"),
            "line": None if self.line is None else asdict(self.line),
            "all_examples_batch": self.most,
            "emulated": self.emulated,
            "trials": [asdict(trial) for trial in self.trials],
            "runs": [each.folder.name for each in self.runs],
            "room": [asdict(each) for each in self.room],
        }


def fit_batch(
    words: Mapping[str, str], limit_mb: int, folder: Path, tell: Callable[[str], None]
) -> Fit:
    """Finds it in at most `MOST_RUNS` runs; what are left of them measure what would add room.

    Args:
      words: of the launcher's command line, by key.
      limit_mb: most memory of each task, 10^6 bytes; at work in every run.
      folder: gets a folder for each run.
      tell: gets a line about each run when it has ended.

    Raises:
      UserError: the limit is more than the machine has, or holds not even the smallest batch.
      RunFailed, KeyboardInterrupt: as `run_under`.
    """
    unit = _unit(words)
    question = Question(limit_mb, unit)
    trials: list[Trial] = []
    runs: list[LimitedRun] = []

    def run(batch: int, more: Mapping[str, str], said: str) -> Trial:
        ended = run_under({**words, **more}, batch, limit_mb, folder / str(len(runs) + 1))
        runs.append(ended)
        fits = ended.peak_mb is not None and ended.peak_mb <= limit_mb
        peak = number(ended.peak_mb, "MB") if ended.peak_mb is not None else "over the limit"
        fate = "fits" if fits else "does not fit"
        tell(f"run {len(runs)}: batch {batch:,}{said}: {peak}, {fate}")
        return Trial(batch, ended.peak_mb, fits)

    while (batch := next_batch(trials, question)) is not None:
        trials.append(run(batch, {}, ""))
        if len(trials) == 1:
            check_machine(limit_mb, runs[0].tasks)
            question = replace(question, most=_most(runs[0], unit))
    best, line = largest_fitting(trials), fitted(trials)
    if best is None:
        raise _too_small(words, limit_mb, unit, folder / str(len(runs) + 1), tell)
    room: list[Room] = []
    if line is not None and best.batch != question.most:  # else no room is wanted
        summary = next(each.summary for each in runs if each.batch == best.batch)
        room += predicted_room(best, line, summary)
        for change in changes_left(words, MOST_RUNS - len(runs)):
            tried = run(best.batch, change.words, f", {change.what}")
            if tried.peak_mb is not None:
                room.append(measured_room(change.what, best, line, tried.peak_mb))
    return Fit(limit_mb, best, line, tuple(trials), tuple(runs), tuple(room), question.most)


def check_machine(limit_mb: int, tasks: int) -> None:
    """Raises UserError where tasks that grow to their limit at once take more than is free."""
    free_mb = int(available_bytes() / 1e6)
    if limit_mb * tasks > free_mb:
        each = f" for each of {tasks} tasks" if tasks > 1 else ""
        raise UserError(
            f"limit_mb={limit_mb}{each}: more than the {free_mb:,} MB that are free on this "
            f"machine; give at most {free_mb // tasks}"
        )


def _unit(words: Mapping[str, str]) -> int:
    """A replica's batch is cut into `loop.accumulate` equal parts; the launcher judges the word."""
    parts = words.get("loop.accumulate", "1")
    return int(parts) if parts.isdigit() and int(parts) > 0 else 1


def _most(run: LimitedRun, unit: int) -> int | None:
    if run.train_examples is None:
        return None
    return max(run.train_examples // run.replicas // unit, 1) * unit


def _too_small(
    words: Mapping[str, str], limit_mb: int, batch: int, folder: Path, tell: Callable[[str], None]
) -> UserError:
    """Measures what the smallest batch takes, under what the machine has."""
    machine_mb = int((1 - _KEPT_FREE_SHARE) * available_bytes() / 1e6)
    tell(f"batch {batch} does not fit; measuring what it takes, below {machine_mb:,} MB")
    ended = run_under(words, batch, machine_mb, folder)
    if ended.peak_mb is None:
        return UserError(
            f"limit_mb={limit_mb}: batch {batch} takes more than the {machine_mb:,} MB that are "
            "free on this machine; give a smaller model"
        )
    needed = _rounded_up(ended.peak_mb * (1 + ERROR_SHARE))
    framework = ended.summary.get("framework_mb")
    of_it = f", {framework:,.0f} MB of it the framework" if framework is not None else ""
    return UserError(
        f"limit_mb={limit_mb}: a batch of {batch} takes {ended.peak_mb:,.0f} MB{of_it}; give "
        f"limit_mb={needed} at least"
    )


def _rounded_up(size_mb: float) -> int:
    return int(-(-size_mb // _FIRST_ROUNDING_MB) * _FIRST_ROUNDING_MB)
