"""What failures cost: useful steps over all wall time, lost steps and restarts counted."""

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any

from benchmarks.attempts import Split, TaskRows, first_end, last_end

_HANDED_OUT_AGAIN, _TRAINED_TWICE = "handed_out_again", "trained_twice"
"""Events of a coordinator, each with its `examples`."""
_FIELDS = (
    "restarts",
    "replaced_workers",
    "lost_steps",
    "repeated_examples",
    "restart_seconds",
    "goodput_steps_per_second",
    "goodput_examples_per_second",
    "goodput_share",
)


def goodput(
    split: Split,
    measured: TaskRows,
    *,
    steps: int | None,
    examples: int | None,
    replaced: int,
    overlapping: bool,
    batch_total: int | None,
    events: Iterable[Mapping[str, Any]],
) -> dict[str, float | int | None]:
    """The fields of `benchmarks.summary`; all null where no task has made a step.

    Args:
      steps, examples: those that count.
      replaced: workers that were started again alone.
      overlapping: whether a step is one worker's and not all tasks' together.
      events: of all tasks.
    """
    end = _end_of_training(split)
    if end is None:
        return dict.fromkeys(_FIELDS)
    lost_steps, lost_examples = _lost(split, overlapping, batch_total)
    again = sum(
        int(event["examples"])
        for event in events
        if event.get("event") in (_HANDED_OUT_AGAIN, _TRAINED_TWICE)
    )
    wall = end - split.attempts[0].started
    working = [of for of in measured.values() if len(of)]
    seconds = sum(float(of.seconds.sum()) for of in working) / max(1, len(working))
    found = (
        len(split.attempts) - 1,
        replaced,
        lost_steps,
        lost_examples + again,
        _restart_seconds(split),
        (steps or 0) / wall,
        (examples or 0) / wall,
        seconds / wall,
    )
    return dict(zip(_FIELDS, found, strict=True))


def _lost(split: Split, overlapping: bool, batch_total: int | None) -> tuple[int, int]:
    """Steps and examples. Tasks that step together lose the same steps; one that was killed has not
    written down its last ones."""
    if overlapping:
        rows = [of for part in split.lost for of in part.values()]
        return sum(len(of) for of in rows), int(sum(of.examples.sum() for of in rows))
    steps = sum(max((len(of) for of in part.values()), default=0) for part in split.lost)
    return steps, steps * (batch_total or 0)


def _restart_seconds(split: Split) -> float:
    """From seeing each failure to the end of the next attempt's first step, or to the end of that
    attempt where it made none."""
    total = 0.0
    for before, after, *rows in zip(
        split.attempts, split.attempts[1:], split.useful[1:], split.lost[1:], strict=False
    ):
        ends = [end for each in rows if (end := first_end(each)) is not None]
        total += max(0.0, min(ends, default=after.ended) - before.ended)
    return total


def _end_of_training(split: Split) -> float | None:
    """When the last step ended, or the last attempt where that made none; None without any step."""
    ends = [end for part in (*split.useful, *split.lost) if (end := last_end(part)) is not None]
    last = split.attempts[-1]
    if ends and last_end(split.useful[-1]) is None and isfinite(last.ended):
        ends.append(last.ended)
    return max(ends, default=None)
