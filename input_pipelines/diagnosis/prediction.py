"""How long a step would take with another input, from what was measured of its parts.

A step's model takes S, its input v seconds, each by itself. Together they take no less than the
longer one, nor than their CPU seconds need on the cores that they share; and no more than S + v,
where neither hides any of the other. How much of the way between the two bounds a job goes, its
exposure, follows from its step as it was measured. Where the bounds lie together this tells little,
and what jobs in general show counts for more.
"""

from dataclasses import dataclass

_USUAL_EXPOSURE = 0.5
_SPREAD_OF_EXPOSURE = 0.3
"""Mean and standard deviation over the planted jobs (`tests/planted`), before and after a change,
of those with bounds at least 12% apart; two cores."""
_SPREAD_OF_A_STEP = 0.05
"""Relative, of a measured step against the bounds, which were measured in other blocks."""


@dataclass(frozen=True)
class Sides:
    """What a step's model and its input take, seconds."""

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
    def at_least(self) -> float:
        """Seconds of a step in which all is hidden that can be."""
        return max(self.model, self.input, (self.model_cpu + self.input_cpu) / self.cores)

    @property
    def hidden(self) -> float:
        """Seconds that a step takes longer where nothing is hidden."""
        return max(0.0, self.model + self.input - self.at_least)


def exposure(sides: Sides, step_seconds: float) -> float:
    """Share of what could be hidden that a step of `step_seconds` shows, 0 to 1.

    The mean of the measured and the usual one, each weighted by the inverse of its variance.
    """
    if sides.hidden <= 0:
        return _USUAL_EXPOSURE
    measured = (step_seconds - sides.at_least) / sides.hidden
    spread = _SPREAD_OF_A_STEP * step_seconds / sides.hidden
    weight = _SPREAD_OF_EXPOSURE**2 / (_SPREAD_OF_EXPOSURE**2 + spread**2)
    found = weight * measured + (1 - weight) * _USUAL_EXPOSURE
    return min(1.0, max(0.0, found))


def step_seconds(sides: Sides, exposed: float) -> float:
    """Seconds of a step."""
    return sides.at_least + exposed * sides.hidden
