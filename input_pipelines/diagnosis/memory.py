"""Whether a run has the memory that it needs."""

from dataclasses import dataclass
from typing import Any

NEAR_LIMIT = 0.9
"""Of its limit: what grows by a tenth is ended."""
STALLED = 0.1
"""Of the time: the kernel's own measure of waiting for memory (PSI, `some`)."""


@dataclass(frozen=True)
class Memory:
    """Of the run's hungriest task, bytes; None where the system doesn't tell."""

    peak_bytes: int | None
    limit_bytes: int | None
    """Above which it is ended: `watch.memory_mb`, the container's, or the machine's share of it."""
    limit_said: str
    """Where the limit comes from."""
    available_bytes: int | None
    """That could still be had without pushing others out."""
    cached_bytes: int | None
    """Files that the page cache holds."""
    major_faults: int
    """Pages that were read back from disk while steps were measured."""
    stalled_share: float | None
    """Of the time of the run, in which somebody waited for memory; 0 to 1."""

    @property
    def short(self) -> str | None:
        """In which way there is too little of it; None where there is enough."""
        if self.peak_bytes and self.limit_bytes and self.peak_bytes > NEAR_LIMIT * self.limit_bytes:
            return (
                f"{self.peak_bytes / 1e6:,.0f} MB of the {self.limit_bytes / 1e6:,.0f} MB that a "
                f"task may take ({self.limit_said})"
            )
        if self.stalled_share is not None and self.stalled_share > STALLED:
            return f"{self.stalled_share:.0%} of the time somebody waited for it"
        return None


def ended_by_memory(reason: str) -> dict[str, Any]:
    """The diagnosis of a run that was ended for what it took: it needs no measurement."""
    return {
        "shares": {},
        "verdict": {
            "class": "memory",
            "line": f"Memory holds it back: {reason}",
            "claims": [],
            "settle": None,
            "outlook": None,
            "actions": [],
        },
    }
