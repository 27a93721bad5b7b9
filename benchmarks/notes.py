"""What a person has to know to read the figures of a run right."""

from collections.abc import Mapping, Sequence
from typing import Any


def notes_on(
    plan: Mapping[str, Any], events: Sequence[Mapping[str, Any]], profiled: str | None
) -> str | None:
    """In one line; None where there is nothing to know. `events` are those of all tasks,
    `profiled` the steps that were traced."""
    told = {event.get("event"): event for event in events}
    notes = [str(each) for each in plan.get("notes") or []]
    if profiled is not None:
        notes.append(f"steps {profiled} were profiled, so no throughput is taken from this run")
    if "diagnosed" in told:
        notes.append(
            f"core-hours and memory hold a diagnosis of {told['diagnosed'].get('seconds'):.0f} s"
        )
    if "statistics_averaged" in told:
        notes.append(
            f"{told['statistics_averaged'].get('variables')} running statistics of the model were "
            "averaged over replicas before each evaluation"
        )
    if any(event.get("event") == "restored" and event["exact"] is False for event in events):
        notes.append(
            "the input skipped ahead to the checkpoint's step, since "
            + (
                "its state could not be saved: where its order is not always the same, some "
                "examples were skipped or seen twice"
                if "input_not_saved" in told
                else "replicas or batch are others"
            )
        )
    if "sharding" in told:
        notes.append(str(told["sharding"]["why"]))
    left_out = [event for event in events if event.get("event") == "checkpoint_left_out"]
    notes += sorted({str(event["warning"]) for event in left_out})
    return "; ".join(notes) or None
