"""What holds training back, from a run's diagnosis: verdict, claims, what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from results.loading import Run
from results.pipeline_file import DIAGNOSIS, number_in, part_if_readable, record_in, records_in
from results.text import DASH, fixed, one_line

_LONGEST_SENTENCE = 300
_LONGEST_OVERRIDES = 400
_MOST_ROWS = 12


@dataclass(frozen=True)
class Action:
    """One thing to change: what, what it should give, and what to paste for it."""

    what: str
    gain: str
    overrides: str


@dataclass(frozen=True)
class HeldBack:
    """The section of a run's report."""

    line: str
    """The verdict, in a sentence."""
    claims: tuple[str, ...]
    settle: str
    """What would settle it, where the measurement could not; else empty."""
    actions: tuple[Action, ...]
    outlook: str
    """What is in reach where the model itself holds training; else empty."""


def held_back(run: Run) -> HeldBack | None:
    """What the run's diagnosis says; None where it has none that can be read."""
    diagnosis = part_if_readable(run.folder, DIAGNOSIS)
    verdict = record_in(diagnosis or {}, "verdict")
    line = _sentence(verdict.get("line"))
    if not line:
        return None
    claims = verdict.get("claims")
    return HeldBack(
        line=line,
        claims=tuple(_claims(claims if isinstance(claims, list) else [])),
        settle=_sentence(verdict.get("settle")),
        actions=tuple(_action(each) for each in records_in(verdict, "actions")[:_MOST_ROWS]),
        outlook=_sentence(verdict.get("outlook")),
    )


def _claims(claims: list[Any]) -> list[str]:
    """Each is a sentence, or a record that holds one as its line."""
    lines = [each.get("line") if isinstance(each, dict) else each for each in claims[:_MOST_ROWS]]
    return [sentence for line in lines if (sentence := _sentence(line))]


def _action(record: Mapping[str, Any]) -> Action:
    gain = number_in(record, "predicted_speedup")
    overrides = record.get("overrides")
    words = overrides if isinstance(overrides, list) else [overrides] if overrides else []
    return Action(
        what=_sentence(record.get("line")) or _sentence(record.get("name")) or DASH,
        gain=DASH if gain is None else f"{fixed(gain, 2)} ×",
        overrides=one_line(" ".join(str(word) for word in words), _LONGEST_OVERRIDES),
    )


def _sentence(text: Any) -> str:
    return one_line(text, _LONGEST_SENTENCE) if isinstance(text, str) else ""
