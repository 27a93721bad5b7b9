"""How long a step would take with another input, from what was measured of its parts.

A step's model side takes `u`, its input `v` seconds; where both are as long, neither hides the
other wholly. So T = (u^p + v^p)^(1/p): the longer of the two for large p, their sum for p = 1. The
model side is S, a step without any input, or longer where model and input together have more to
compute than the cores can: u = max(S, (cpu_S + cpu_input)/cores). The one unknown, p, follows from
the step as it was measured.
"""

from dataclasses import dataclass
from math import inf

_LARGEST_POWER = 64.0
"""Beyond it T is the longer of the two to within 1%."""
_HALVINGS = 40


@dataclass(frozen=True)
class Sides:
    """What a step's model side and its input take, seconds."""

    model: float
    """Wall time of a step without any input."""
    model_cpu: float
    """CPU seconds of such a step, over all tasks."""
    input: float
    """Wall time of a step's input when nothing else runs."""
    input_cpu: float
    cores: float
    """Cores that model and input share."""

    @property
    def busy_model(self) -> float:
        """The model's side with the cores that the input leaves to it."""
        return max(self.model, (self.model_cpu + self.input_cpu) / self.cores)


def overlap_power(sides: Sides, step_seconds: float) -> float:
    """p for which the model gives `step_seconds`; inf where it is no longer than either side."""
    u, v = sides.busy_model, sides.input
    if step_seconds <= _combined(u, v, _LARGEST_POWER):
        return inf
    if step_seconds >= u + v:
        return 1.0
    low, high = 1.0, _LARGEST_POWER
    for _ in range(_HALVINGS):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if _combined(u, v, middle) > step_seconds else (low, middle)
    return (low * high) ** 0.5


def step_seconds(sides: Sides, power: float) -> float:
    """Seconds of a step."""
    return _combined(sides.busy_model, sides.input, power)


def _combined(u: float, v: float, power: float) -> float:
    longer, shorter = max(u, v), min(u, v)
    if power == inf or shorter <= 0:
        return longer
    return float(longer * (1 + (shorter / longer) ** power) ** (1 / power))
