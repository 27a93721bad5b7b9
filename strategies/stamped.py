"""Several steps inside one call of a `tf.function`, each with the times of its parts."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from strategies.model import operation_count, updates_since
from strategies.stamps import Clock, stamped


class Steps(NamedTuple):
    """What k steps of one call give; tensors inside the graph, arrays outside."""

    starts: Any
    """Unix seconds before each step's input, float64 [k]."""
    fed: Any
    """Unix seconds when each step's input was there, float64 [k]."""
    ready: Any
    """Unix seconds when the last of this task's replicas had its gradients, float64 [k]."""
    reduced: Any
    """Unix seconds when the last of them had them summed over all replicas, float64 [k]."""
    ends: Any
    """Unix seconds when each step's variables were updated, float64 [k]."""
    losses: Any
    """This task's share of each step's mean loss, float32 [k]."""
    numbers: Any
    """Numbers of the examples that this task trained on, int64 [k, examples]."""


def stamped_steps(
    count: tf.Tensor,
    examples: int,
    clock: Clock,
    take: Callable[[], tuple[tf.Tensor, Any]],
    train: Callable[[Any], tuple[tf.Tensor, tf.Tensor]],
) -> Steps:
    """Takes `count` (int32 []) steps; to be called inside a `tf.function`.

    Args:
      examples: how many numbers `take` gives.
      clock: tells the time, see `strategies.stamps.clock`.
      take: reads the next input: its examples' numbers, int64 [examples], and what `train` wants.
      train: makes one step of it and returns the loss, float32 [], and when this task's gradients
        were ready and when they were reduced, float64 [2].
    """
    arrays = Steps(
        starts=tf.TensorArray(tf.float64, count, element_shape=[]),
        fed=tf.TensorArray(tf.float64, count, element_shape=[]),
        ready=tf.TensorArray(tf.float64, count, element_shape=[]),
        reduced=tf.TensorArray(tf.float64, count, element_shape=[]),
        ends=tf.TensorArray(tf.float64, count, element_shape=[]),
        losses=tf.TensorArray(tf.float32, count, element_shape=[]),
        numbers=tf.TensorArray(tf.int64, count, element_shape=[examples]),
    )

    def step(k: tf.Tensor, end: tf.Tensor, rows: Steps) -> tuple[tf.Tensor, tf.Tensor, Steps]:
        with tf.control_dependencies([end]):
            start = clock()
        with tf.control_dependencies([start]):
            number, batch = take()
        fed, (number, batch) = stamped(clock, (number, batch))
        first = operation_count()
        loss, moments = train(batch)
        with tf.control_dependencies([loss, *updates_since(first)]):
            end = clock()
        row = Steps(start, fed, moments[0], moments[1], end, loss, number)
        written = [array.write(k, value) for array, value in zip(rows, row, strict=True)]
        return k + 1, end, Steps(*written)

    _, _, filled = tf.while_loop(lambda k, *_: k < count, step, (0, clock(), arrays))
    return Steps(*(array.stack() for array in filled))


def begins(steps: Steps, last_end: float | None) -> np.ndarray:
    """When each step began, unix seconds [k]: where the one before ended.

    So the way back to Python and the next call belong to the call's first step. `last_end` is None
    where no step came before.
    """
    first = steps.starts[:1] if last_end is None else np.array([last_end])
    return np.concatenate([first, steps.ends[:-1]])


def parts(steps: Steps, devices: str) -> dict[str, np.ndarray]:
    """Columns of `results.streams.STEP_PARTS` that the stamps of a synchronous step tell; seconds,
    float64 [k]. None on an accelerator: it goes on working when the host's stamp is taken."""
    if devices != "cpu":
        return {}
    return {
        "compute_seconds": steps.ready - steps.fed,
        "communicate_seconds": steps.reduced - steps.ready,
        "update_seconds": steps.ends - steps.reduced,
    }


def before_first(seconds: float, steps: Steps) -> np.ndarray:
    """`seconds` that passed between two calls, which belong to the first of `steps`; [k]."""
    column = np.zeros(len(steps.starts))
    column[0] = max(0.0, seconds)
    return column
