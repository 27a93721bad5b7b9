"""Time stamps inside a graph, each of which waits for what it claims to follow.

A stamp is a `tf.timestamp` under control dependencies; what comes after it passes through an
identity that waits for the stamp, so that no part of a step begins before the one before it has
been told the time. (Where nothing waits, an executor begins with what is ready while it stamps:
`embedding` was told 5.7 ms of computing and 0.6 of updating, which take 0.7 and 5.6.)
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

Clock = Callable[[], tf.Tensor]
"""Adds an operation that tells unix seconds, float64 []."""


def clock(deterministic: bool) -> Clock:
    """The clock of a graph.

    Args:
      deterministic: whether TensorFlow was asked for bitwise repeats: it then refuses to tell the
        time in a graph, and Python has to (some 50 microseconds a stamp).
    """
    return _time_from_python if deterministic else tf.timestamp


def stamped(of: Clock, values: Any) -> tuple[tf.Tensor, Any]:
    """The moment when all of `values` (a structure of tensors) were there, and the same values to
    go on with, which wait for the stamp."""
    with tf.control_dependencies(tf.nest.flatten(values, expand_composites=True)):
        moment = of()
    return moment, waiting_for(moment, values)


def waiting_for(tensor: tf.Tensor, values: Any) -> Any:
    """The same `values` (a structure of tensors) once `tensor` is there, by one operation."""
    with tf.control_dependencies([tensor]):
        later = tf.identity_n(tf.nest.flatten(values, expand_composites=True))
    return tf.nest.pack_sequence_as(values, later, expand_composites=True)


def _time_from_python() -> tf.Tensor:
    return tf.ensure_shape(tf.numpy_function(_now, [], tf.float64, stateful=True), [])


def _now() -> np.float64:
    return np.float64(time.time())
