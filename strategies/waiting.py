"""Waits inside a graph that use no core, in whichever process the graph runs.

What waits is tf.data's own sleep, read through an iterator. It lasts longer than asked, by what
waking up takes (0.2 to 1 ms on two cores); `overshoot_of_…_us` measure that where it will wait.
"""

from collections.abc import Callable

import tensorflow as tf
from tensorflow.python.data.experimental.ops.testing import sleep

Wait = Callable[[], tf.Tensor]
"""Called where a graph is traced: a tensor that comes when the wait is over."""

MICROSECONDS = 1e6
_CALIBRATED_US = 20_000
"""Length of the waits whose overshoot is measured."""
_CALIBRATIONS = 15


def sleeps(microseconds: tf.Tensor | int) -> tf.data.Dataset:
    """An endless dataset each of whose elements comes at least so long after it was asked for."""
    options = tf.data.Options()
    # Either would set threads of its own to work beside the sleep, or a prefetch ahead of it.
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    return tf.data.Dataset.counter().apply(sleep(microseconds)).with_options(options)


@tf.function(autograph=False)
def overshoot_of_elements_us() -> tf.Tensor:
    """By how much an element of `sleeps` comes later than asked; int64 []."""
    with tf.device("CPU:0"):
        iterator = iter(sleeps(_CALIBRATED_US))
    return _least_overshoot_us(lambda: next(iterator))


@tf.function(autograph=False)
def overshoot_of_sleep_us() -> tf.Tensor:
    """By how much `sleep_once` lasts longer than asked; int64 []."""
    return _least_overshoot_us(lambda: sleep_once(tf.constant(_CALIBRATED_US, tf.int64)))


def sleep_once(microseconds: tf.Tensor) -> tf.Tensor:
    """A tensor that comes at least `microseconds` (int64 []) after they are known.

    Its iterator is made anew each time, which `sleeps` of one length need not.
    """
    with tf.device("CPU:0"):
        return next(iter(sleeps(microseconds)))


def _least_overshoot_us(wait: Wait) -> tf.Tensor:
    """It is the least of several: while this is measured, other tasks trace their steps, and what
    that adds is not there later. Of sixteen tasks that took the median, some then waited 35% less
    than they were asked to.
    """

    def wait_once(k: tf.Tensor, end: tf.Tensor, took: tf.Tensor) -> tuple[tf.Tensor, ...]:
        with tf.control_dependencies([end]):
            start = tf.timestamp()
        with tf.control_dependencies([start]):
            done = wait()
        with tf.control_dependencies([done]):
            end = tf.timestamp()
        return k + 1, end, took.write(k, end - start)

    took = tf.TensorArray(tf.float64, _CALIBRATIONS + 1, element_shape=[])
    first = (0, tf.timestamp(), took)
    _, _, took = tf.while_loop(lambda k, *_: k <= _CALIBRATIONS, wait_once, first)
    least = tf.reduce_min(took.stack()[1:])
    return tf.cast(least * MICROSECONDS, tf.int64) - _CALIBRATED_US
