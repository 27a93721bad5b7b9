"""Emptying an iterator for a while and reading the counters of the process beside it.

Runs in a study's process only, in which nothing else works meanwhile.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from input_pipelines.page_cache import storage_bytes_read

_CALL_SECONDS = 0.01
"""A call of the draining function is made to last so long at least: what surrounds it, 0.1 ms, is
then a hundredth."""
_LEAD_IN = 0.2
"""Share of a block that goes by before anything is counted: what had been made ahead is used up."""
_IDLE_SHARE = 0.1
"""Of a core; below it the process is taken to be at rest."""
_IDLE_CHECK_SECONDS = 0.01
_LONGEST_REST_SECONDS = 2.0


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


class Drain:
    """One endless dataset with its iterator, which lives as long as this does."""

    def __init__(self, dataset: tf.data.Dataset, elements_each: int = 1) -> None:
        """`elements_each`: how many elements of interest one element of the dataset stands for."""
        self.iterator = iter(dataset)
        self._elements_each = elements_each
        self._calls_together = 1
        self._drain = _draining(self.iterator)

    def first(self) -> None:
        """Takes one element: buffers fill, functions are traced, errors come.

        Raises what the dataset raises; `StopIteration` where it has no element.
        """
        next(self.iterator)
        self._drain(tf.constant(1, tf.int64))

    def take(self, elements: int) -> None:
        """Takes at least so many elements of interest, uncounted."""
        calls = -(-elements // self._elements_each)
        if calls > 0:
            self._drain(tf.constant(calls, tf.int64))

    def block(self, seconds: float, spent: Callable[[], float] = lambda: 0.0) -> Block:
        """Drains for about `seconds`. `spent` counts CPU seconds of the process that are not the
        pipeline's."""
        rest()
        self._run(seconds * _LEAD_IN)
        read, other = storage_bytes_read(), spent()
        cpu, wall = time.process_time(), time.perf_counter()
        taken = self._run(seconds * (1 - _LEAD_IN))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        after = storage_bytes_read()
        return Block(
            elements=taken * self._elements_each,
            wall_seconds=wall,
            cpu_seconds=max(0.0, cpu - (spent() - other)),
            storage_bytes=None if read is None or after is None else after - read,
        )

    def _run(self, seconds: float) -> int:
        taken, began = 0, time.perf_counter()
        while True:
            called = time.perf_counter()
            self._drain(tf.constant(self._calls_together, tf.int64))
            taken += self._calls_together
            now = time.perf_counter()
            if now - began >= seconds:
                return taken
            if now - called < _CALL_SECONDS:
                self._calls_together *= 2


def rest() -> None:
    """Returns when the threads of the process have come to rest, at the latest after 2 s.

    A pipeline that was left a moment ago still makes elements ahead.
    """
    give_up = time.perf_counter() + _LONGEST_REST_SECONDS
    while time.perf_counter() < give_up:
        cpu, wall = time.process_time(), time.perf_counter()
        time.sleep(_IDLE_CHECK_SECONDS)
        if time.process_time() - cpu < _IDLE_SHARE * (time.perf_counter() - wall):
            return


def _draining(iterator: tf.data.Iterator) -> Callable[[tf.Tensor], None]:
    """Takes so many elements in one call: a call from Python for each would cost more than a light
    pipeline does."""

    @tf.function(autograph=True)
    def drain(count):
        for _ in tf.range(count):
            next(iterator)

    traced: Callable[[tf.Tensor], None] = drain.get_concrete_function(tf.TensorSpec([], tf.int64))
    return traced
