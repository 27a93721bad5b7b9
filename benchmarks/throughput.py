"""From rows of steps to examples a second: the one place that decides what a run's speed is.

Tasks of a synchronous run march together, so each one's typical step says all: its examples divided
by the median seconds of a step, added over the tasks. Workers of a coordinator overlap freely: what
all of them finished in equal windows of wall time is counted, and the median window is taken. Both
medians leave out pauses for evaluation and checkpoints.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np

from results.statistics import within_run_interval

_LARGEST_WINDOWS = 1000
_CALLS_PER_WINDOW = 4
_FEWEST_WINDOWS = 3
_ROUNDS = 10
"""Of input that comes from several places in turn, joined to one measurement: what a part of a
round more or less makes of it is then below a tenth."""


_NOT_GIVEN = np.empty(0)


@dataclass(frozen=True)
class StepRows:
    """Rows of one task as arrays [n], in the units of `results.streams`; NaN is null. Parts that
    are not given are unknown."""

    step: np.ndarray
    start: np.ndarray
    seconds: np.ndarray
    wait_seconds: np.ndarray
    examples: np.ndarray
    loss: np.ndarray
    pull_seconds: np.ndarray = field(default_factory=lambda: _NOT_GIVEN)
    compute_seconds: np.ndarray = field(default_factory=lambda: _NOT_GIVEN)
    communicate_seconds: np.ndarray = field(default_factory=lambda: _NOT_GIVEN)
    push_seconds: np.ndarray = field(default_factory=lambda: _NOT_GIVEN)
    update_seconds: np.ndarray = field(default_factory=lambda: _NOT_GIVEN)
    agree_seconds: np.ndarray = field(default_factory=lambda: _NOT_GIVEN)
    queue_seconds: np.ndarray = field(default_factory=lambda: _NOT_GIVEN)
    call_seconds: np.ndarray = field(default_factory=lambda: _NOT_GIVEN)

    def __post_init__(self) -> None:
        for name, column in list(vars(self).items()):
            if column is _NOT_GIVEN:
                object.__setattr__(self, name, np.full(len(self.step), np.nan))

    @classmethod
    def none(cls) -> "StepRows":
        """No rows."""
        return cls(*[np.empty(0)] * 6)

    def after(self, step: int) -> "StepRows":
        """The rows of later steps than `step`."""
        return self.where(self.step > step)

    def where(self, kept: np.ndarray) -> "StepRows":
        """The rows for which `kept`, bool [n], holds."""
        return StepRows(**{name: column[kept] for name, column in vars(self).items()})

    def moved(self, seconds: float) -> "StepRows":
        """The same steps, begun so much later."""
        return replace(self, start=self.start + seconds)

    def __len__(self) -> int:
        return len(self.step)


def joined(parts: Sequence[StepRows]) -> StepRows:
    """All rows of `parts` (one at least), in that order."""
    names = [each.name for each in fields(StepRows)]
    return StepRows(
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    )


@dataclass(frozen=True)
class Throughput:
    """How fast a run trained; the interval, where there is one, is one within the run."""

    examples_per_second: float
    step_seconds_median: float
    low: float | None = None
    high: float | None = None
    effective_sample: float | None = None


def synchronous_throughput(
    measured: Mapping[str, StepRows], sources: int = 1, steps_per_call: int = 1
) -> Throughput | None:
    """Speed of tasks that step together; None where a task has no rows.

    Seconds of a step are those of its call (up to the row with a loss) divided by the call's steps:
    inside a call, only the last step pays for the way back to Python.

    Args:
      sources: how many data workers the input comes from in turn. From several it comes in bursts
        of as many batches: no single step is typical, and calls are joined.
      steps_per_call: how many steps a call takes where no loss tells its end.
    """
    if not measured or not all(len(rows) for rows in measured.values()):
        return None
    fewest_steps = _ROUNDS * sources if sources > 1 else 1
    calls = [
        _seconds_per_step_of_calls(rows, steps_per_call, fewest_steps) for rows in measured.values()
    ]
    shortest = min(len(each) for each in calls)
    examples = np.array([float(np.median(rows.examples)) for rows in measured.values()])
    series = np.stack([each[:shortest] for each in calls], axis=1)

    def speed(sample: np.ndarray) -> float:
        return float((examples / np.median(sample, axis=0)).sum())

    if not np.all(np.median(series, axis=0) > 0):
        return None
    interval = within_run_interval(series, speed)
    return Throughput(
        examples_per_second=speed(series),
        step_seconds_median=float(np.median(series)),
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        effective_sample=interval.effective_sample if interval else None,
    )


def overlapping_throughput(
    measured: Mapping[str, StepRows], steps_per_call: int = 1
) -> Throughput | None:
    """Speed of workers that don't wait for each other; None where no worker has rows.

    A step's examples are spread evenly over its seconds. Windows hold at least four calls of the
    slowest worker; where fewer than three fit, it is all examples over all seconds.
    `steps_per_call` as in `synchronous_throughput`.
    """
    working = [rows for rows in measured.values() if len(rows)]
    if not working:
        return None
    starts = np.concatenate([rows.start for rows in working])
    seconds = np.maximum(np.concatenate([rows.seconds for rows in working]), 1e-9)
    examples = np.concatenate([rows.examples for rows in working]).astype(np.float64)
    first, last = float(starts.min()), float((starts + seconds).max())
    step_seconds = float(
        np.median(
            np.concatenate([_seconds_per_step_of_calls(rows, steps_per_call) for rows in working])
        )
    )
    slowest_call = max(float(np.median(_call_seconds(rows, steps_per_call))) for rows in working)
    narrowest = max(_CALLS_PER_WINDOW * slowest_call, (last - first) / _LARGEST_WINDOWS)
    windows = int((last - first) / narrowest)
    if windows < _FEWEST_WINDOWS:
        return Throughput(float(examples.sum()) / (last - first), step_seconds)
    edges = np.linspace(first, last, windows + 1)
    done = _examples_done(edges, starts, seconds, examples)
    rates = np.diff(done) / np.diff(edges)
    interval = within_run_interval(rates, lambda sample: float(np.median(sample)))
    return Throughput(
        examples_per_second=float(np.median(rates)),
        step_seconds_median=step_seconds,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        effective_sample=interval.effective_sample if interval else None,
    )


def wait_share(measured: Mapping[str, StepRows]) -> float | None:
    """Seconds that steps waited for input ÷ seconds of the steps, over all tasks; 0 to 1."""
    seconds = sum(float(rows.seconds.sum()) for rows in measured.values())
    waited = sum(float(rows.wait_seconds.sum()) for rows in measured.values())
    return waited / seconds if seconds > 0 and np.isfinite(waited) else None


def _call_bounds(rows: StepRows, steps_per_call: int) -> tuple[np.ndarray, np.ndarray]:
    """First and one-past-last row of each call. Rows without any loss are cut into calls of
    `steps_per_call`: wherever the cuts are, each holds one way back to Python."""
    ends = np.flatnonzero(np.isfinite(rows.loss)) + 1
    if not len(ends):
        ends = np.arange(steps_per_call, len(rows) + 1, steps_per_call)
    if not len(ends):
        ends = np.array([len(rows)])
    elif ends[-1] != len(rows):
        ends = np.append(ends, len(rows))
    return np.concatenate([[0], ends[:-1]]), ends


def _call_seconds(rows: StepRows, steps_per_call: int) -> np.ndarray:
    first, _ = _call_bounds(rows, steps_per_call)
    return np.add.reduceat(rows.seconds, first)


def _seconds_per_step_of_calls(
    rows: StepRows, steps_per_call: int, fewest_steps: int = 1
) -> np.ndarray:
    """[n], of single calls or of as many in a row as hold `fewest_steps`; the rest goes to the last
    ones."""
    first, ends = _call_bounds(rows, steps_per_call)
    if fewest_steps > 1:
        kept = [0]
        for call, start in enumerate(first):
            if min(start - first[kept[-1]], ends[-1] - start) >= fewest_steps:
                kept.append(call)
        first = first[kept]
        ends = np.append(first[1:], ends[-1])
    return np.add.reduceat(rows.seconds, first) / (ends - first)


def _examples_done(
    moments: np.ndarray, starts: np.ndarray, seconds: np.ndarray, examples: np.ndarray
) -> np.ndarray:
    """Examples finished by all workers up to each of `moments` [m]."""
    rate = examples / seconds
    times = np.concatenate([starts, starts + seconds])
    changes = np.concatenate([rate, -rate])
    order = np.argsort(times, kind="stable")
    times, rates = times[order], np.cumsum(changes[order])
    done = np.concatenate([[0.0], np.cumsum(rates[:-1] * np.diff(times))])
    return np.interp(moments, times, done)
