"""Draining a dataset for a while and reading the counters of the process beside it.

Runs in a study's process only, in which nothing else works meanwhile.
"""

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from input_pipelines.draining import Drain, rest
from input_pipelines.page_cache import storage_bytes_read

_LEAD_IN = 0.2
"""Share of a block that goes by before anything is counted: what had been made ahead is used up."""


@dataclass(frozen=True)
class Block:
    """What a block of draining took, lead-in left out."""

    elements: int
    wall_seconds: float
    cpu_seconds: float
    """Of all threads of the process."""
    storage_bytes: int | None
    """None where the system doesn't tell."""

    @property
    def cores_busy(self) -> float:
        """CPU seconds a second."""
        return self.cpu_seconds / self.wall_seconds

    def per_second(self, amount: float) -> float:
        """`amount` of the block, each second."""
        return amount / self.wall_seconds


class CountedDrain:
    """One endless dataset with its iterator, which lives as long as this does."""

    def __init__(self, dataset: tf.data.Dataset, elements_each: int = 1) -> None:
        """`elements_each`: how many elements of interest one element of the dataset stands for."""
        self.iterator = iter(dataset)
        self._elements_each = elements_each
        self._drain = Drain([self.iterator])

    def first(self) -> None:
        """Takes one element: buffers fill, functions are traced, errors come.

        Raises what the dataset raises; `StopIteration` where it has no element.
        """
        next(self.iterator)
        self._drain(batches=1)

    def take(self, elements: int) -> None:
        """Takes at least so many elements of interest, uncounted."""
        if elements > 0:
            self._drain(batches=-(-elements // self._elements_each))

    def block(self, seconds: float, spent: Callable[[], float] = lambda: 0.0) -> Block:
        """Drains for about `seconds`. `spent` counts CPU seconds of the process that are not the
        pipeline's."""
        rest()
        self._drain(seconds * _LEAD_IN, batches=1)
        read, other = storage_bytes_read(), spent()
        drained = self._drain(seconds * (1 - _LEAD_IN), batches=1)
        after = storage_bytes_read()
        return Block(
            elements=drained.batches * self._elements_each,
            wall_seconds=drained.seconds,
            cpu_seconds=max(0.0, drained.cpu_seconds - (spent() - other)),
            storage_bytes=None if read is None or after is None else after - read,
        )
