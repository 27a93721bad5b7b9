"""Where the seconds before the first step went."""

from collections.abc import Mapping, Sequence
from typing import Any

PARTS = {
    "process_started": "process",
    "imported": "import",
    "cluster_joined": "cluster",
    "data_ready": "data",
    "model_built": "model",
    "first_call_done": "tracing",
}
"""What had been waited for when an event was written down."""


def seconds_to_first_step(
    started: float | None, events: Mapping[str, Sequence[Mapping[str, Any]]]
) -> dict[str, float | None]:
    """Seconds from the start of the tasks to the first step, and their parts, which add up to it.

    `started` is in unix seconds, `events` by task. The task whose first call of the training
    function ended last tells the parts: each event closes the part it is named for, in the order in
    which they came. A part without its event is null; its seconds then belong to the next one.
    """
    parts: dict[str, float | None] = {
        f"seconds_to_first_step_{part}": None for part in PARTS.values()
    }
    ended = {task: _when(of, "first_call_done") for task, of in events.items()}
    finished = {task: when for task, when in ended.items() if when is not None}
    if started is None or not finished:
        return {"seconds_to_first_step": None, **parts}
    slowest = max(finished, key=lambda task: finished[task])
    moments = {name: _when(events[slowest], name) for name in PARTS}
    reached = sorted(
        (when, name)
        for name, when in moments.items()
        if when is not None and when <= finished[slowest]
    )
    before = started
    for when, name in reached:
        parts[f"seconds_to_first_step_{PARTS[name]}"] = when - before
        before = when
    return {"seconds_to_first_step": finished[slowest] - started, **parts}


def _when(events: Sequence[Mapping[str, Any]], name: str) -> float | None:
    """When `name` first happened, unix seconds."""
    for event in events:
        if event.get("event") == name:
            return float(event["time"])
    return None
