"""Which class of work holds training back: claimed only where the rounds allow it."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

import numpy as np

from input_pipelines.diagnosis.memory import Memory
from input_pipelines.diagnosis.shares import (
    COMMUNICATE,
    COMPUTE,
    FETCH,
    OVERHEAD,
    PREPARE,
    Estimate,
    estimate,
    shares,
)

MEMORY = "memory"
INCONCLUSIVE = "inconclusive"
SMALLEST_CLAIM = 0.10
"""Of a step: a smaller part is not worth a change, and near what the method can tell."""
_MOST_ROUNDS = 200

WHAT = {
    COMPUTE: "the model's own computing",
    PREPARE: "preparing examples",
    FETCH: "fetching from storage",
    COMMUNICATE: "exchanging gradients",
    OVERHEAD: "what a step costs whatever its batch",
    MEMORY: "memory",
}


@dataclass(frozen=True)
class Claim:
    """A part of a step that is surely there, and large enough to matter."""

    name: str
    share: Estimate


@dataclass(frozen=True)
class Verdict:
    """What holds training back, as far as it is settled."""

    name: str
    """A class, `memory`, or `inconclusive`."""
    line: str
    claims: tuple[Claim, ...]
    """Largest first."""
    settle: str | None
    """What would settle it; None where nothing is open."""


def judge(by_round: Mapping[str, np.ndarray], memory: Memory) -> Verdict:
    """The verdict on each class's shares over rounds, float64 [n].

    The largest share holds training back, where it is surely larger than each other. A run that is
    about to be ended for its memory is held back by that, whatever its steps do.
    """
    of = shares(by_round)
    claims = tuple(
        Claim(name, share)
        for name, share in sorted(of.items(), key=lambda item: -item[1].value)
        if share.value >= SMALLEST_CLAIM and share.low > 0
    )
    if memory.short is not None:
        return Verdict(MEMORY, f"memory holds it back: {memory.short}", claims, None)
    first, *others = sorted(of, key=lambda name: -of[name].value)
    open_with = [name for name in others if estimate(by_round[first] - by_round[name]).low <= 0]
    claimed = {claim.name for claim in claims}
    if open_with or first not in claimed:
        return _inconclusive(by_round, of, claims, first, open_with[:1] or others[:1])
    return Verdict(first, _line(claims), claims, None)


def _line(claims: tuple[Claim, ...]) -> str:
    first, *others = claims
    line = f"{WHAT[first.name]} holds it back: {told(first.share)} of a step"
    if others:
        line += "; also " + ", ".join(f"{WHAT[each.name]} {told(each.share)}" for each in others)
    return line


def _inconclusive(
    by_round: Mapping[str, np.ndarray],
    of: Mapping[str, Estimate],
    claims: tuple[Claim, ...],
    first: str,
    second: list[str],
) -> Verdict:
    names = " or ".join(f"{WHAT[name]} ({told(of[name])})" for name in (first, *second))
    rounds = _rounds_to_settle(by_round[first] - by_round[second[0]])
    settle = (
        f"about {rounds} rounds would settle it (measure.rounds={rounds})"
        if rounds is not None
        else "they are as good as equal: a change of either gains about the same"
    )
    return Verdict(INCONCLUSIVE, f"inconclusive: {names}; {settle}", claims, settle)


def _rounds_to_settle(differences: np.ndarray) -> int | None:
    """Rounds after which such a difference is shown; None where they would be too many."""
    mean, spread = abs(float(differences.mean())), float(differences.std(ddof=1))
    if mean <= 0:
        return None
    needed = max(len(differences) + 1, ceil((4 * spread / mean) ** 2))
    return needed if needed <= _MOST_ROUNDS else None


def told(share: Estimate) -> str:
    """`46% (41 to 50)`."""
    low, high = max(0.0, share.low), min(1.0, share.high)
    return f"{max(0.0, share.value):.0%} ({100 * low:.0f} to {100 * high:.0f})"
