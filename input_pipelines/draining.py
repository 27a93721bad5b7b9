"""Takes batches from iterators as fast as they come and looks at none. Runs in tasks only."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from input_pipelines.service import BATCHES_AHEAD

_CALL_SECONDS = 0.05
"""A call takes about so long, so that a drain ends when it should and Python costs nothing."""
_MOST_A_CALL = 32_768
_FEWEST = 4
MOST_AHEAD = 8
_IDLE_SHARE = 0.1
"""Of a core; below it the process is taken to be at rest."""
_IDLE_CHECK_SECONDS = 0.01
_LONGEST_REST_SECONDS = 2.0


@dataclass(frozen=True)
class Drained:
    """What a drain took."""

    batches: int
    """From each iterator."""
    seconds: float
    cpu_seconds: float
    """Of this process."""


class Drain:
    """Goes on with its iterators each time that it is called."""

    def __init__(self, iterators: list[Any], beat: Callable[[], None] = lambda: None) -> None:
        """`beat` is called now and then, to say that the process gets on."""
        self._take = _taking(iterators)
        self._beat = beat

    def __call__(self, seconds: float = 0.0, batches: int = _FEWEST) -> Drained:
        """Takes batches for `seconds`, and at least so many."""
        cpu, began = time.process_time(), time.perf_counter()
        taken, count, now = 0, 1, began
        while now < began + seconds or taken < batches:
            self._take(tf.constant(count))
            taken, before, now = taken + count, now, time.perf_counter()
            # At most twice as many at once: what lay in buffers came faster than the rest will.
            if now - before < _CALL_SECONDS / 2:
                count = min(2 * count, _MOST_A_CALL)
            elif now - before > 2 * _CALL_SECONDS:
                count = max(1, count // 2)
            if not seconds:
                count = max(1, min(count, batches - taken))
            self._beat()
        return Drained(taken, now - began, time.process_time() - cpu)


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


def with_small_buffers(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """The dataset, whose stages that AUTOTUNE sizes hold about `MOST_AHEAD` of its elements.

    AUTOTUNE makes a prefetch buffer twice as large whenever it was empty after it had been full:
    where the consumer pauses now and then, to hundreds of elements (seen: 770 after 8 pauses),
    which take seconds to fill and to use up. A dataset whose elements have no fixed size stays as
    it is.
    """
    size = _bytes_of(dataset.element_spec)
    if size is None:
        return dataset
    options = tf.data.Options()
    options.autotune.ram_budget = max(1, MOST_AHEAD * size)
    return dataset.with_options(options)


def _bytes_of(spec: Any) -> int | None:
    parts = tf.nest.flatten(spec)
    known = all(
        isinstance(part, tf.TensorSpec) and part.shape.is_fully_defined() and part.dtype.size
        for part in parts
    )
    return sum(part.shape.num_elements() * part.dtype.size for part in parts) if known else None


def buffered_batches(iterator: Any) -> int:
    """How many batches lie ready in the buffers behind the iterator's last stages, also those that
    data workers hold."""
    model = tf.data.experimental.get_model_proto(iterator)
    return int(_buffered(model.nodes, model.output))


def _buffered(nodes: Any, place: int) -> int:
    if place not in nodes or "Shuffle" in nodes[place].name:
        return 0
    node = nodes[place]
    found: int = node.buffered_elements
    if node.name.startswith("DataService"):
        return found + BATCHES_AHEAD
    if "Batch" in node.name or not node.inputs:
        return found
    # Data workers take turns: the first input is whose turn it is, the others are theirs.
    further = node.inputs if node.name.startswith("DirectedInterleave") else node.inputs[:1]
    return found + sum(_buffered(nodes, each) for each in further)


def _taking(iterators: list[Any]) -> Any:
    @tf.function(autograph=False)
    def take(count: tf.Tensor) -> tf.Tensor:
        def once(taken: tf.Tensor) -> tuple[tf.Tensor]:
            elements = [next(iterator) for iterator in iterators]
            with tf.control_dependencies(tf.nest.flatten(elements)):
                return (taken + 1,)

        return tf.while_loop(lambda taken: taken < count, once, (0,), parallel_iterations=1)[0]

    return take.get_concrete_function(tf.TensorSpec([], tf.int32))
