"""Several steps inside one call of a `tf.function`, each with the times of its parts."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from strategies.model import operation_count, updates_since


class Steps(NamedTuple):
    """What k steps of one call give; tensors inside the graph, arrays outside."""

    starts: Any
    """Unix seconds before each step's input, float64 [k]."""
    fed: Any
    """Unix seconds when each step's input was there, float64 [k]."""
    ends: Any
    """Unix seconds when each step's variables were updated, float64 [k]."""
    losses: Any
    """This task's share of each step's mean loss, float32 [k]."""
    numbers: Any
    """Numbers of the examples that this task trained on, int64 [k, examples]."""


def stamped_steps(
    count: tf.Tensor,
    examples: int,
    deterministic: bool,
    take: Callable[[], tuple[tf.Tensor, Any]],
    train: Callable[[Any], tf.Tensor],
) -> Steps:
    """Takes `count` (int32 []) steps; to be called inside a `tf.function`.

    Args:
      examples: how many numbers `take` gives.
      deterministic: whether TensorFlow was asked for bitwise repeats: it then refuses to tell the
        time in a graph, and Python has to (some 50 microseconds a stamp).
      take: reads the next input: its examples' numbers, int64 [examples], and what `train` wants.
      train: makes one step of it and returns the loss, float32 [].
    """
    arrays = Steps(
        starts=tf.TensorArray(tf.float64, count, element_shape=[]),
        fed=tf.TensorArray(tf.float64, count, element_shape=[]),
        ends=tf.TensorArray(tf.float64, count, element_shape=[]),
        losses=tf.TensorArray(tf.float32, count, element_shape=[]),
        numbers=tf.TensorArray(tf.int64, count, element_shape=[examples]),
    )
    stamp = _time_from_python if deterministic else tf.timestamp

    def step(k: tf.Tensor, end: tf.Tensor, rows: Steps) -> tuple[tf.Tensor, tf.Tensor, Steps]:
        with tf.control_dependencies([end]):
            start = stamp()
        with tf.control_dependencies([start]):
            number, batch = take()
        with tf.control_dependencies(tf.nest.flatten((number, batch))):
            ready = stamp()
        with tf.control_dependencies([ready]):
            batch = tf.nest.map_structure(tf.identity, batch)
        first = operation_count()
        loss = train(batch)
        with tf.control_dependencies([loss, *updates_since(first)]):
            end = stamp()
        row = Steps(start, ready, end, loss, number)
        written = [array.write(k, value) for array, value in zip(rows, row, strict=True)]
        return k + 1, end, Steps(*written)

    _, _, filled = tf.while_loop(lambda k, *_: k < count, step, (0, stamp(), arrays))
    return Steps(*(array.stack() for array in filled))


def _time_from_python() -> tf.Tensor:
    return tf.ensure_shape(tf.numpy_function(_now, [], tf.float64, stateful=True), [])


def _now() -> np.float64:
    return np.float64(time.time())


def begins(steps: Steps, last_end: float | None) -> np.ndarray:
    """When each step began, unix seconds [k]: where the one before ended.

    So the way back to Python and the next call belong to the call's first step. `last_end` is None
    where no step came before.
    """
    first = steps.starts[:1] if last_end is None else np.array([last_end])
    return np.concatenate([first, steps.ends[:-1]])
