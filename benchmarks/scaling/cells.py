"""What a scaling model knows of a configuration, and what a run has measured of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

BITS_PER_BYTE, BITS_PER_MBIT = 8, 1e6

HELD_BACK = 0.1
"""Share of a step, waited for input, from which on input is said to hold training back, as a
diagnosis says it. Less is part of what a step costs."""


@dataclass(frozen=True)
class Cell:
    """A configuration: everything that a step's length depends on in these models."""

    workers: int
    batch_per_replica: float
    """Examples that a replica takes in a step; a fraction where a global batch doesn't divide."""
    ps: int = 1
    gradient_bytes: float | None = None
    """What one replica hands over in a step; None where it was not measured."""
    mbit_per_second: float | None = None
    """Of each task's link; None is the machine's own, whose speed is not known."""
    accelerator: float | None = None
    """Examples a second of an emulated accelerator; None where the machine computes."""
    host_cores: float | None = None
    """Of each task's emulated host; None where it has what the machine has."""
    shared_cores: float | None = None
    """Cores that all tasks share; None where they are not known, or each has its own."""

    @property
    def batch_total(self) -> float:
        """Examples that all replicas take in a step."""
        return self.workers * self.batch_per_replica

    @property
    def wire_seconds_per_byte(self) -> float | None:
        """Of one link; None where its speed is not known."""
        if self.mbit_per_second is None:
            return None
        return BITS_PER_BYTE / (self.mbit_per_second * BITS_PER_MBIT)


@dataclass(frozen=True)
class Point:
    """A run that is done."""

    run: str
    cell: Cell
    examples_per_second: float
    wait_share: float = 0.0
    """Of a step, spent waiting for input."""
    busy_cores: float | None = None
    """Cores that all tasks together kept busy while they trained."""
    parts: Mapping[str, float] = field(default_factory=dict)
    """Seconds by part, of those of `benchmarks.breakdown` that were measured. Where all are, they
    add up to a step."""

    @property
    def step_seconds(self) -> float:
        """A step of one worker: of all of them together, where they wait for each other."""
        return self.cell.batch_total / self.examples_per_second

    @property
    def held_back(self) -> bool:
        """Whether its input could not keep up."""
        return self.wait_share >= HELD_BACK
