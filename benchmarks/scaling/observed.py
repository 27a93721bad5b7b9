"""What the rows of a run's tasks tell beyond its summary: cores kept busy, steps one by one."""

from pathlib import Path

import numpy as np

from results.run_folder import RunFolder
from results.streams import RESOURCES, STEPS, read_rows

_ENOUGH = 0.5
"""Share of the time that samples have to span, and of steps that have to lie inside of calls."""


def sampled_cores(folder: str) -> float | None:
    """Cores that a run's tasks together kept busy from the first step to the last; None where the
    samples of one of them span too little of that."""
    of = RunFolder(Path(folder))
    tasks = of.tasks()
    steps = [read_rows(of.task_folder(task), STEPS) for task in tasks]
    trained = [table for table in steps if len(table)]
    if not trained:
        return None
    begin = min(table["start"].to_numpy()[0] for table in trained)
    end = max(table["start"].to_numpy()[-1] + table["seconds"].to_numpy()[-1] for table in trained)
    busy = [_busy(of.task_folder(task), begin, end) for task in tasks]
    return sum(each for each in busy if each is not None) if None not in busy else None


def step_seconds_seen(folder: str, warmup_steps: int, steps_per_call: int = 1) -> np.ndarray:
    """Seconds of steps after the warm-up of the first task in a run's folder that has any, [n].

    Of calls of several steps those inside are taken: the first one pays for the way to Python and
    back, which all tasks pay at once. A loss tells where a call ends; where there is none (an
    emulated accelerator has no loss), `steps_per_call` does.
    """
    of = RunFolder(Path(folder))
    for task in of.tasks() if folder else ():
        table = read_rows(of.task_folder(task), STEPS)
        number = table["step"].to_numpy()
        seconds = table["seconds"].to_numpy().astype(np.float64)
        ends = np.isfinite(table["loss"].to_numpy().astype(np.float64))
        if not ends.any():
            ends = number % steps_per_call == 0
        inside = ~np.concatenate([[True], ends[:-1]])
        kept = number > warmup_steps
        if kept.any():
            taken = kept & inside if inside[kept].mean() > _ENOUGH else kept
            return np.asarray(seconds[taken])
    return np.empty(0)


def _busy(task: Path, begin: float, end: float) -> float | None:
    """Cores of one task between two moments."""
    table = read_rows(task, RESOURCES)
    times = table["time"].to_numpy()
    used = table["cpu_seconds"].to_numpy().astype(np.float64)
    within = (times >= begin) & (times <= end) & np.isfinite(used)
    times, used = times[within], used[within]
    if len(times) < 2 or times[-1] - times[0] < _ENOUGH * (end - begin):
        return None
    return float((used[-1] - used[0]) / (times[-1] - times[0]))
