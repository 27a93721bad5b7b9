"""When a run's tasks first touched training data: where MLPerf Training starts its clock.

A task opens its data between the event before `data_ready` and `data_ready`; the former is the
earliest moment at which it can have read an example, so that a time from there is never too short.
Writing the data once, before the tasks, is outside, as reformatting is in MLPerf
(https://github.com/mlcommons/training_policies/blob/master/training_rules.adoc).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_OPENED = "data_ready"


def first_touch(tasks: Iterable[Sequence[Mapping[str, Any]]]) -> float | None:
    """Unix seconds, the earliest of all tasks, of the first start where a failure led to more;
    None where no task opened data. `tasks` has the events of each, oldest first."""
    found = [when for when in map(_of_task, tasks) if when is not None]
    return min(found, default=None)


def _of_task(events: Sequence[Mapping[str, Any]]) -> float | None:
    before: float | None = None
    for event in events:
        if event.get("event") == _OPENED:
            return float(event["time"]) if before is None else before
        before = float(event["time"])
    return None
