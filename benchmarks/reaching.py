"""When a run's held-out quality first reached a target, counted from the start of its tasks.

As MLPerf Training counts: the clock is never paused, evaluation included
(https://github.com/mlcommons/training_policies). It starts with the tasks here, for that is what is
paid for.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from results.loading import Run

_KEY = "until.quality"
_OVERLAPPING = "coordinator"


@dataclass(frozen=True)
class Attained:
    """What a run that trained until a quality tells of a target that is no higher."""

    run: str
    strategy: str
    overlapping: bool
    """Whether its workers don't wait for each other."""
    workers: int
    batch_total: float
    steps: int | None
    """None where it ended before the target."""
    examples: float | None
    """Over all replicas."""
    seconds: float | None
    """From the start of its tasks to the end of that evaluation."""


def attained(runs: Iterable[Run], quality: float) -> list[Attained]:
    """Of each finished run that `until.quality` told to go at least as far as `quality`."""
    found = []
    for run in runs:
        asked, batch = _number(run.configuration.get(_KEY)), _number(run.value("batch_total"))
        if run.state != "done" or asked is None or batch is None:
            continue
        evaluations = evaluations_of(run)
        direction = next((each.get("quality_direction") for each in evaluations), "higher")
        if reaches(asked, quality, direction):
            found.append(_attained(run, quality, batch, evaluations))
    return found


def seconds_until(run: Run, quality: float) -> float | None:
    """From the start of the tasks until an evaluation reached `quality`; None where none did."""
    reached = first_reaching(evaluations_of(run), quality)
    started = _number(run.status.get("tasks_started"))
    if reached is None or started is None:
        return None
    return float(reached["time"]) - started


def reaches(value: float, quality: float, direction: str | None) -> bool:
    """Whether `value` is `quality` or better."""
    return value <= quality if direction == "lower" else value >= quality


def _attained(
    run: Run, quality: float, batch: float, evaluations: list[dict[str, Any]]
) -> Attained:
    reached = first_reaching(evaluations, quality)
    steps = None if reached is None else int(reached["step"])
    of, trained = _number(run.value("examples")), _number(run.value("steps"))
    per_step = of / trained if of and trained else batch
    return Attained(
        run=run.name,
        strategy=str(run.value("strategy")),
        overlapping=run.configuration.get("strategy.loop") == _OVERLAPPING,
        workers=int(run.value("workers") or 1),
        batch_total=batch,
        steps=steps,
        examples=None if steps is None else steps * per_step,
        seconds=seconds_until(run, quality),
    )


def first_reaching(evaluations: Iterable[dict[str, Any]], quality: float) -> dict[str, Any] | None:
    """The first of these evaluations that is `quality` or better; None where none is."""
    return next(
        (
            each
            for each in evaluations
            if reaches(each["quality"], quality, each.get("quality_direction"))
        ),
        None,
    )


def evaluations_of(run: Run) -> list[dict[str, Any]]:
    """What a run found on held-out data, each with quality, step and time (unix seconds); oldest
    first."""
    events = [event for task in run.folder.tasks() for event in run.folder.events(task)]
    found = [
        event
        for event in events
        if event.get("event") == "evaluated"
        and all(_number(event.get(name)) is not None for name in ("quality", "step", "time"))
    ]
    return sorted(found, key=lambda event: float(event["time"]))


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
