"""A step's length as a sum of terms, each a known column times an unknown that is never negative.

    step seconds = Σ unknown[k] · column[k](cell)

The columns are physics (bytes of a ring, hops, links), the unknowns what this machine and workload
make of it. Where runs of one or two workers can't tell two unknowns apart, what is usual decides:
each term says its usual value and how far from it values lie; predictions carry that doubt along.
"""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.scaling.cells import Cell


@dataclass(frozen=True)
class Term:
    """One thing that takes time in a step."""

    name: str
    """In words, as in "the network holds it"."""
    parts: tuple[str, ...]
    """Which parts of a step (see `benchmarks.breakdown`) together measure it, and all other terms
    that name the same ones."""
    column: Callable[[Cell], float]
    usual: float
    """Value of the unknown before any run is looked at."""
    spread: float
    """Standard deviation of that."""
    station: bool = False
    """Whether workers that don't march together queue for it, see `queueing`."""


PAUSES = ("input", "rest")
"""Between a step's work and the next one's. Input that keeps up is as much a part of each step."""

NETWORK = "the network"
EXCHANGE = "exchanging gradients on the host"
HOPS = "the latency of each exchange"
STRAGGLERS = "waiting for the slowest worker"
CORES = "the CPU of the host"
COMPUTING = "computing"
FIXED = "what a step costs whatever its size"
UPDATE = "updating the variables"
INPUT = "the input"
COORDINATOR = "the coordinator"
"""What a limit is put down to."""
