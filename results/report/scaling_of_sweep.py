"""The models of `scaling.json` as a report tells them: sentences, and what was left out to test."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from results.pipeline_file import number_in, records_in
from results.text import DASH, number, one_line

HEAD = ("left out", "predicted examples / s", "95% interval", "measured", "error", "Ernest's error")
_LONGEST_NAME, _LONGEST_SENTENCE = 80, 300


@dataclass(frozen=True)
class ScalingShown:
    """A model: its name, what it says in sentences, and a row for each cell that was left out."""

    name: str
    says: Sequence[str]
    rows: Sequence[Sequence[str]]


def scaling_shown(fits: Sequence[Mapping[str, Any]]) -> list[ScalingShown]:
    """One for each fit; a label says where it rests on emulation."""
    return [_shown(fit) for fit in fits]


def _shown(fit: Mapping[str, Any]) -> ScalingShown:
    emulated = fit.get("emulated")
    label = f" (emulated: {one_line(emulated, _LONGEST_NAME)})" if emulated else ""
    says = fit.get("says")
    return ScalingShown(
        name=one_line(fit.get("label"), _LONGEST_NAME) + label,
        says=[
            one_line(each, _LONGEST_SENTENCE) for each in (says if isinstance(says, list) else [])
        ],
        rows=[held_out_row(each) for each in records_in(fit, "held_out")],
    )


def held_out_row(held_out: Mapping[str, Any]) -> list[str]:
    """Under `HEAD`."""
    workers = f"{number(number_in(held_out, 'workers'))} workers"
    full = "host's cores full" if held_out.get("cores_full") else ""
    name = ", ".join(filter(None, (workers, one_line(held_out.get("conditions") or "", 60), full)))
    low, high = number_in(held_out, "low"), number_in(held_out, "high")
    return [
        name,
        number(number_in(held_out, "predicted")),
        f"{number(low)} to {number(high)}",
        number(number_in(held_out, "measured")),
        _signed(number_in(held_out, "error")),
        _signed(number_in(held_out, "ernest_error")),
    ]


def _signed(error: float | None) -> str:
    return DASH if error is None else f"{error:+.1%}"
