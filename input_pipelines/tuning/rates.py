"""How fast a pipeline can be: a linear program over its stages, as in Plumber (Kuchnik, 2022).

Maximize the rate r where every stage i keeps θ_i calls busy, θ_i ≥ r · (cpu_i + wait_i), no stage
more than it may (θ_i ≤ calls_i), all serial stages together one thread (they run in whoever asks
for the next element), and all of them no more than the cores (Σ r · cpu_i ≤ cores). Every
constraint is a bound on r alone, so the optimum is the smallest of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, inf
from typing import Any

READ, MAP, SERIAL = "read", "map", "serial"
_MOST_CALLS = 64


@dataclass(frozen=True)
class Cost:
    """What one stage costs; seconds per example of the final batches."""

    name: str
    kind: str
    """`read` (an interleave), `map`, or `serial`."""
    cpu: float
    wait: float

    @property
    def busy(self) -> float:
        """Of one call."""
        return self.cpu + self.wait


def costs(stages: Sequence[Mapping[str, Any]]) -> tuple[Cost, ...]:
    """Of the stages of a profile; those that were not measured are left out."""
    return tuple(
        Cost(
            str(stage["name"]),
            _kind(str(stage["op"])),
            float(stage["cpu_seconds_per_example"]),
            float(stage["wait_seconds_per_example"] or 0.0),
        )
        for stage in stages
        if stage["cpu_seconds_per_example"] is not None
    )


def best_rate(stages: Sequence[Cost], cores: float) -> float:
    """Examples a second with as many calls as help; inf where nothing costs anything."""
    serial = sum(stage.busy for stage in stages if stage.kind == SERIAL)
    cpu = sum(stage.cpu for stage in stages)
    widest = max((stage.busy for stage in stages if stage.kind != SERIAL), default=0.0)
    return min(_over(1, serial), _over(cores, cpu), _over(_MOST_CALLS, widest))


def calls_for(stages: Sequence[Cost], kind: str, rate: float) -> int:
    """Calls at once that let every stage of the kind keep up with the rate."""
    widest = max((stage.busy for stage in stages if stage.kind == kind), default=0.0)
    needed = rate * widest
    return max(1, min(_MOST_CALLS, ceil(needed))) if needed < inf else _MOST_CALLS


def behind(stages: Sequence[Cost], name: str) -> tuple[Cost, ...]:
    """What is left to do where the stage's output is cached."""
    names = [stage.name for stage in stages]
    return tuple(stages[names.index(name) + 1 :]) if name in names else tuple(stages)


def _kind(op: str) -> str:
    if "Interleave" in op or "FlatMap" in op:
        return READ
    return MAP if "Map" in op else SERIAL


def _over(amount: float, each: float) -> float:
    return amount / each if each > 0 else inf
