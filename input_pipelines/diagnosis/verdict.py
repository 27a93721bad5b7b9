"""Which class of work holds training back: claimed only where the rounds allow it."""

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
    Shares,
)

MEMORY = "memory"
INCONCLUSIVE = "inconclusive"
SMALLEST_CLAIM = 0.10
"""Of a step: a smaller part is not worth a change, and near what the method can tell."""
_MOST_ROUNDS = 200
_ERRORS = 2.8
"""Standard errors: a difference so large is shown in four cases of five at 95%."""

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

    @property
    def line(self) -> str:
        return f"{WHAT[self.name]}: {told(self.share)} of a step"


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


def judge(of: Shares, memory: Memory, rounds: int) -> Verdict:
    """The verdict on the shares of so many rounds.

    The largest share holds training back, where it is surely larger than each other. A run that is
    about to be ended for its memory is held back by that, whatever its steps do.
    """
    claims = tuple(
        Claim(name, of[name])
        for name in of.in_order()
        if of[name].value >= SMALLEST_CLAIM and of[name].low > 0
    )
    if memory.short is not None:
        return Verdict(MEMORY, f"Memory holds it back: {memory.short}", claims, None)
    first, *others = of.in_order()
    level = [name for name in others if not of.surely_larger(first, name)]
    if level or first not in {claim.name for claim in claims}:
        return _inconclusive(of, claims, first, (level or others)[0], rounds)
    return Verdict(first, _line(claims), claims, None)


def _line(claims: tuple[Claim, ...]) -> str:
    first, *others = claims
    what = WHAT[first.name]
    line = f"{what[0].upper()}{what[1:]} holds it back: {told(first.share)} of a step"
    if others:
        line += "; also " + ", ".join(f"{WHAT[each.name]} {told(each.share)}" for each in others)
    return line


def _inconclusive(
    of: Shares, claims: tuple[Claim, ...], first: str, second: str, rounds: int
) -> Verdict:
    names = " or ".join(f"{WHAT[name]} ({told(of[name])})" for name in (first, second))
    more = _rounds_to_settle(of.draws[first] - of.draws[second], rounds)
    settle = (
        f"about {more} rounds would settle it (measure.rounds={more})"
        if more is not None
        else "they are as good as equal: a change of either gains about the same"
    )
    return Verdict(INCONCLUSIVE, f"Inconclusive: {names}; {settle}", claims, settle)


def _rounds_to_settle(differences: np.ndarray, rounds: int) -> int | None:
    """Rounds after which such a difference is shown; None where they would be too many.

    Args:
      differences: between two shares, of all drawings of the rounds there were.
    """
    mean, error = abs(float(differences.mean())), float(differences.std())
    if mean <= 0:
        return None
    needed = max(rounds + 1, ceil(rounds * (_ERRORS * error / mean) ** 2))
    return needed if needed <= _MOST_ROUNDS else None


def conditions(emulated: str | None, data_workers: int) -> str:
    """What a verdict's line is to be read with: what was emulated, and what wasn't counted."""
    found = []
    if emulated:
        found.append(f"emulated: {emulated}")
    if data_workers:
        found.append(
            f"without the CPU of pipeline.service.workers={data_workers}, which run beside the "
            "tasks that were measured"
        )
    return f" ({'; '.join(found)})" if found else ""


def told(share: Estimate) -> str:
    """`46% (41 to 50)`; what noise put outside of 0 to 100% stands at the nearer end."""
    value, low, high = (
        min(100.0, max(0.0, 100 * each)) for each in (share.value, share.low, share.high)
    )
    return f"{value:.0f}% ({low:.0f} to {high:.0f})"
