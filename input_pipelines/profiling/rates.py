"""What each stage could deliver alone on these cores, and which one limits. Pure arithmetic.

A pipeline is a row of threads that hand elements on: a parallel stage and a prefetch have threads
of their own, all others work in the thread of the stage that asks them. If all overlapped without
loss, the slowest thread would give the rate, unless all cores together are slower still.
"""

from collections.abc import Sequence
from dataclasses import dataclass

CORES_TAKEN = 0.9
"""From this share of all cores on, the CPU as a whole limits, whatever the sum says."""


@dataclass(frozen=True)
class Cost:
    """What one example costs a stage by itself, and how it works.

    `calls` at once; None stands for AUTOTUNE, which may use all cores. A stage that works `apart`,
    in threads of its own, lets what is before it and what is behind it overlap.
    """

    name: str
    cpu_seconds: float
    wait_seconds: float
    calls: int | None
    apart: bool = False

    @property
    def seconds(self) -> float:
        """Of one call, for one example."""
        return self.cpu_seconds + self.wait_seconds


@dataclass(frozen=True)
class Limit:
    """What holds the pipeline to its rate."""

    stage: str
    """The stage that takes most of it."""
    examples_per_second: float
    """What the stages would give that limit together, if the others cost nothing."""
    all_cores_taken: bool
    """Whether it is all cores that limit, not the time of one thread or of a stage's calls."""
    together: tuple[str, ...]
    """The stages that work in the same thread; all of them where all cores are taken."""


def rate_alone(cost: Cost, cores: int) -> float | None:
    """Examples a second that the stage would deliver if no other ran; None where it costs nothing.

    Calls at once overlap in waiting without end, in computing up to the cores.
    """
    seconds = max(cost.seconds / (cost.calls or cores), cost.cpu_seconds / cores)
    return 1 / seconds if seconds > 0 else None


def limit(costs: Sequence[Cost], cores: int, cores_busy: float) -> Limit | None:
    """What limits; None where nothing costs anything.

    `costs` are in the order of flow, `cores_busy` is what the whole kept busy when it ran.
    """
    threads = [
        Limit(max(of, key=lambda cost: cost.seconds).name, rate, False, _names(of))
        for of in threads_of(costs)
        if (rate := _rate(of, cores)) is not None
    ]
    if not threads:
        return None
    slowest = min(threads, key=lambda thread: thread.examples_per_second)
    cpu_seconds = sum(cost.cpu_seconds for cost in costs)
    if cpu_seconds <= 0:
        return slowest
    of_all_cores = cores / cpu_seconds
    if cores_busy >= CORES_TAKEN * cores or of_all_cores < slowest.examples_per_second:
        most = max(costs, key=lambda cost: cost.cpu_seconds)
        return Limit(most.name, of_all_cores, True, _names(costs))
    return slowest


def threads_of(costs: Sequence[Cost]) -> list[list[Cost]]:
    """The stages by the thread that they work in, in the order of flow."""
    found: list[list[Cost]] = [[]]
    for cost in costs:
        if cost.apart:
            found += [[cost], []]
        else:
            found[-1].append(cost)
    return [of for of in found if of]


def _rate(of: Sequence[Cost], cores: int) -> float | None:
    if len(of) == 1:
        return rate_alone(of[0], cores)
    seconds = sum(cost.seconds for cost in of)
    return 1 / seconds if seconds > 0 else None


def _names(costs: Sequence[Cost]) -> tuple[str, ...]:
    return tuple(cost.name for cost in costs)
