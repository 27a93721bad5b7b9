"""What would add room under a memory limit, and by how much: measured, or by arithmetic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.batch_search import ERROR_SHARE, Line, Trial

MEASURED, PREDICTED = "measured", "predicted"
_BYTES_PER_MB = 1e6


@dataclass(frozen=True)
class Change:
    """Something to try at the batch that was found, by words of the launcher's command line."""

    what: str
    words: Mapping[str, str]


CHANGES = (
    Change("mixed precision", {"loop.mixed_precision": "true"}),
    Change("less input buffer", {"pipeline.shuffle": "1000", "pipeline.prefetch": "1"}),
)
"""What no arithmetic tells, most telling first."""


@dataclass(frozen=True)
class Room:
    """What one change does to the memory of the task that holds most."""

    what: str
    freed_mb: float
    """Less than 0 where it takes more."""
    batch: int | None
    """Largest per-replica batch then, predicted by the line; None where what is freed is within
    the error of a measurement."""
    kind: str
    """Of `freed_mb`: `measured` or `predicted`."""


def predicted_room(best: Trial, line: Line, summary: Mapping[str, Any]) -> list[Room]:
    """What the line and the model's sizes tell.

    Half of the parameters take half of the variables, of the optimizer's slots and of the dense
    gradients; the activations that fewer layers also save are not counted.

    Args:
      best: the largest batch that fits.
      summary: of the run at that batch (`variable_bytes`, `optimizer_bytes`, `gradient_bytes`).
    """
    found = []
    if best.batch > 1 and line.mb_per_example > 0:
        half = best.batch // 2
        freed = (best.batch - half) * line.mb_per_example
        found.append(Room(f"half the batch ({half:,})", freed, half, PREDICTED))
    variables, optimizer = summary.get("variable_bytes"), summary.get("optimizer_bytes")
    gradients = summary.get("gradient_bytes")
    if variables is not None and optimizer is not None and gradients is not None:
        held = variables + optimizer + min(gradients, variables)
        freed = held / 2 / _BYTES_PER_MB
        found.append(
            Room(
                "half the parameters, as fewer layers", freed, _batch(best, line, freed), PREDICTED
            )
        )
    return found


def measured_room(what: str, best: Trial, line: Line, peak_mb: float) -> Room:
    """What a change freed whose run at the same batch took `peak_mb`."""
    freed = (best.peak_mb or 0) - peak_mb
    seen = abs(freed) > ERROR_SHARE * (best.peak_mb or 0)
    return Room(what, freed, _batch(best, line, freed) if seen else None, MEASURED)


def changes_left(words: Mapping[str, str], runs: int) -> Sequence[Change]:
    """Changes that a person's words leave open, at most `runs` of them."""
    return [each for each in CHANGES if not set(each.words) & set(words)][: max(runs, 0)]


def _batch(best: Trial, line: Line, freed_mb: float) -> int | None:
    """By the line's slope, from what really ran."""
    if line.mb_per_example <= 0:
        return None
    return max(int(best.batch + freed_mb / line.mb_per_example), 0)
