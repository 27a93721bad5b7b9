"""Where a step goes: what each task's rows of `steps` say, made parts that add up to the step.

Tasks that step together: the sum over replicas begins when the slowest task has its gradients, so
of what a task sees as communicating, the time until then was waiting for the slowest (`straggle`),
and what is left is transfer. That compares moments of several tasks and holds as far as their
clocks agree, as they do on one machine.

Workers of a coordinator wait for nobody: they read the variables (`pull`), compute, hand gradients
over (`push`), which the servers then apply, and between two calls wait for the coordinator
(`queue`). Layers that compute while others are still being read do so within `pull`; where rows
don't tell it apart, reading lies within computing, and handing over within the update.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

from benchmarks.throughput import StepRows
from results.step_words import STEP_WORDS


@dataclass(frozen=True)
class StepParts:
    """Mean seconds of a step, and of its parts, which add up to it; None is not known."""

    step: float
    input: float
    """Until the next batch was there."""
    pull: float | None
    """Until the last variable that the step reads had come from its parameter server."""
    compute: float
    """Until the last of the task's replicas had its gradients."""
    straggle: float | None
    """Until the slowest task had its gradients."""
    transfer: float | None
    """The rest of summing gradients, and a call's sum of loss and stop, over all tasks."""
    push: float | None
    """Until the last gradient had come to its parameter server."""
    update: float
    """Until the variables were written, remote ones too."""
    queue: float | None
    """A coordinator's worker waited for its next call."""
    call: float | None
    """From the end of a call of several steps to the next one's first: TensorFlow's way out of it
    and into the next, and Python in between, which writes down rows and looks at what is due."""
    rest: float
    """What is left: between two steps of a call, the loop that goes on to the next."""
    unaccounted_share: float
    """Of the seconds from the first step's start to the last one's end, in no step: pauses."""


PARTS = tuple(STEP_WORDS)
"""Those that add up to a step, in the order in which they come."""


def synchronous_parts(measured: Mapping[str, StepRows]) -> dict[str, StepParts]:
    """Parts by task of steps that all tasks with rows made together; nothing where a task's rows
    don't tell."""
    tasks = {task: rows for task, rows in measured.items() if len(rows)}
    if not tasks or not all(_tells(rows, "communicate_seconds") for rows in tasks.values()):
        return {}
    together = _steps_of_all(tasks)
    tasks = {task: rows.where(np.isin(rows.step, together)) for task, rows in tasks.items()}
    if not len(together):
        return {}
    slowest = np.max([_computed(rows) for rows in tasks.values()], axis=0)
    return {task: _synchronous(rows, slowest) for task, rows in tasks.items()}


def overlapping_parts(measured: Mapping[str, StepRows]) -> dict[str, StepParts]:
    """Parts by worker of a coordinator; nothing where a worker's rows don't tell."""
    workers = {task: rows for task, rows in measured.items() if len(rows)}
    if not all(_tells(rows, "queue_seconds") for rows in workers.values()):
        return {}
    return {task: _overlapping(rows) for task, rows in workers.items()}


def mean_parts(of: Mapping[str, StepParts]) -> StepParts | None:
    """The mean over tasks, of each part that all of them know; None without tasks."""
    if not of:
        return None
    found: dict[str, float | None] = {}
    for each in fields(StepParts):
        values = [getattr(parts, each.name) for parts in of.values()]
        found[each.name] = None if None in values else float(np.mean(values))
    return StepParts(**found)  # type: ignore[arg-type]  # None only where some part is None


def staleness(measured: Mapping[str, StepRows]) -> np.ndarray:
    """For each update of workers that don't wait for each other, how many updates of others were
    finished between this step's read of the variables and its own update, int64 [n].

    The read is taken to be where the step's input was there, an update where its last variable was
    written, by the workers' clocks. Workers whose rows don't tell are left out.
    """
    workers = [rows for rows in measured.values() if len(rows) and _tells(rows)]
    found = [np.empty(0, np.int64)]
    for own in workers:
        ends = [_ends(rows) for rows in workers if rows is not own]
        others = np.sort(np.concatenate([np.empty(0), *ends]))
        within = own.pull_seconds, own.compute_seconds, own.push_seconds, own.update_seconds
        read = _ends(own) - np.nansum(within, axis=0)
        found.append(np.searchsorted(others, _ends(own)) - np.searchsorted(others, read))
    return np.concatenate(found)


def staleness_mean(measured: Mapping[str, StepRows]) -> float | None:
    """The mean of `staleness`; None without updates that tell."""
    found = staleness(measured)
    return float(found.mean()) if len(found) else None


def _synchronous(rows: StepRows, slowest: np.ndarray) -> StepParts:
    """`slowest`: when the last task had its gradients, unix seconds [n]."""
    straggle: np.ndarray = np.clip(slowest - _computed(rows), 0.0, rows.communicate_seconds)
    transfer = rows.communicate_seconds - straggle + rows.agree_seconds
    return _parts(rows, straggle=straggle, transfer=transfer, **_known(call=rows.call_seconds))


def _overlapping(rows: StepRows) -> StepParts:
    told = {"pull": rows.pull_seconds, "push": rows.push_seconds, "queue": rows.queue_seconds}
    return _parts(rows, **_known(**told))


def _known(**told: np.ndarray) -> dict[str, np.ndarray]:
    """Those that every row tells."""
    return {name: seconds for name, seconds in told.items() if np.isfinite(seconds).all()}


def _parts(rows: StepRows, **known: np.ndarray) -> StepParts:
    """`known`: seconds of the parts that not every strategy has, [n] each; the others are None."""
    inside = rows.wait_seconds + rows.compute_seconds + rows.update_seconds
    wall = float(_ends(rows).max() - rows.start.min())
    others = dict.fromkeys(("pull", "straggle", "transfer", "push", "queue", "call"))
    return StepParts(
        step=_mean(rows.seconds),
        input=_mean(rows.wait_seconds),
        compute=_mean(rows.compute_seconds),
        update=_mean(rows.update_seconds),
        rest=_mean(rows.seconds - inside - np.sum(list(known.values()), axis=0)),
        unaccounted_share=1 - float(rows.seconds.sum()) / wall if wall > 0 else 0.0,
        **others | {name: _mean(seconds) for name, seconds in known.items()},
    )


def _tells(rows: StepRows, *more: str) -> bool:
    """Whether every row says how long it computed and updated, and has `more` columns."""
    names = ("wait_seconds", "compute_seconds", "update_seconds", *more)
    return all(bool(np.isfinite(getattr(rows, name)).all()) for name in names)


def _steps_of_all(tasks: Mapping[str, StepRows]) -> np.ndarray:
    """Numbers of the steps of which every task has one row."""
    numbers, counts = np.unique(
        np.concatenate([rows.step for rows in tasks.values()]), return_counts=True
    )
    return numbers[counts == len(tasks)]


def _ends(rows: StepRows) -> np.ndarray:
    return rows.start + rows.seconds


def _computed(rows: StepRows) -> np.ndarray:
    """When each step's gradients were there, unix seconds [n]."""
    return _ends(rows) - rows.update_seconds - rows.communicate_seconds


def _mean(values: np.ndarray) -> float:
    return float(values.mean())
