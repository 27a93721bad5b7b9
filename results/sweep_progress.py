"""How far a sweep is and how long it will take, by the runs that it has measured.

The launcher's lines and `python -m results watch` say the same because both ask here.
"""

import time
from collections.abc import Sequence
from statistics import fmean, median

from results.run_folder import unix_seconds
from results.sweep_folder import (
    DONE,
    FAILED,
    INTERRUPTED,
    NOT_APPLICABLE,
    RUNNING,
    WAITING,
    Journal,
    SweptRun,
)
from results.text import counted

_SECONDS_IN_MINUTE = 60
_MINUTES_IN_HOUR = 60


def expected_seconds(run: SweptRun, runs: Sequence[SweptRun]) -> float | None:
    """What a run will take: the median of its own configuration's runs, where there is none the
    mean of all; None where no run was measured yet."""
    known = _known_seconds(runs)
    return known.get(run.cell, known.get(None))


def seconds_left(journal: Journal, now: float | None = None) -> float | None:
    """Until the last run has ended, or until the sweep has no time left; None where it can't be
    told yet. `now` is in unix seconds."""
    now = time.time() if now is None else now
    known = _known_seconds(journal.runs)
    if not known:
        return None
    left = 0.0
    for run in journal.runs:
        if run.state in (WAITING, INTERRUPTED):
            left += known.get(run.cell, known[None])
        elif run.state == RUNNING:
            left += max(0.0, known.get(run.cell, known[None]) - _since(run, now))
    if journal.ends_before is not None:
        left = min(left, max(0.0, journal.ends_before - now))
    return left


def progress_line(journal: Journal, now: float | None = None) -> str:
    """`7 of 15 runs, 1 failed, about 12 min left`."""
    ended = journal.count(DONE, FAILED, NOT_APPLICABLE)
    told = [f"{ended} of {counted(len(journal.runs), 'run')}"]
    if failed := journal.count(FAILED):
        told.append(f"{failed} failed")
    left = seconds_left(journal, now)
    if left is not None and ended < len(journal.runs):
        told.append(f"about {duration(left)} left")
    return ", ".join(told)


def duration(seconds: float) -> str:
    """`40 s`, `12 min`, `3 h 05 min`: as exact as an estimate deserves."""
    if seconds < 2 * _SECONDS_IN_MINUTE:
        return f"{seconds:.0f} s"
    minutes = round(seconds / _SECONDS_IN_MINUTE)
    if minutes < 2 * _MINUTES_IN_HOUR:
        return f"{minutes} min"
    return f"{minutes // _MINUTES_IN_HOUR} h {minutes % _MINUTES_IN_HOUR:02} min"


def repeats(journal: Journal) -> int:
    """How often each configuration runs."""
    return max((run.repeat for run in journal.runs), default=0) + 1


def _known_seconds(runs: Sequence[SweptRun]) -> dict[int | None, float]:
    """What a run takes by its cell, and under None the mean of all."""
    by_cell: dict[int, list[float]] = {}
    for run in runs:
        if run.seconds is not None and run.state == DONE:
            by_cell.setdefault(run.cell, []).append(run.seconds)
    if not by_cell:
        return {}
    every = fmean(seconds for own in by_cell.values() for seconds in own)
    return {None: every} | {cell: float(median(own)) for cell, own in by_cell.items()}


def _since(run: SweptRun, now: float) -> float:
    return 0.0 if run.started is None else max(0.0, now - unix_seconds(run.started))
