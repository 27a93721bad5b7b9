"""Accelerators that the machine lacks: a replica's compute is a wait that uses no core.

What waits is one iterator a replica (`strategies.waiting`), read where the replica would compute:
so many wait side by side on few cores, also in a server's process on a parameter server's worker.
By how much a wait lasts longer than asked is measured once where it will wait, and taken off.

What a replica would have computed is stood in for: gradients of the model's own shapes and types,
which are really reduced and applied. They are zeros, so nothing is learned and there is no loss.
Variables on parameter servers are really read as well, before the wait.
"""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from strategies.waiting import MICROSECONDS, Wait, overshoot_of_elements_us, sleeps

Compute = Callable[[Any, Any], tuple[tf.Tensor, list[Any]]]
"""From (x, y) of a batch to its share of the loss and one gradient (or None) a variable."""


def emulated(
    compute: Compute, variables: Sequence[Any], wait: Wait, *, remote: bool = False
) -> Compute:
    """A function in place of `compute`, which is traced for what it returns and never run.

    Its loss is 0. A sparse gradient of a table has as many rows as the real one, of rows 0, 1, 2, …
    of the table in turn. Raises ValueError where the shape of a gradient is not fixed.

    Args:
      variables: what the gradients are of.
      remote: whether parameter servers hold them: they are really read, before the wait.
    """

    def waiting(x: Any, y: Any) -> tuple[tf.Tensor, list[Any]]:
        specs = tf.nest.map_structure(tf.TensorSpec.from_tensor, (x, y))
        traced = tf.function(compute, autograph=False).get_concrete_function(*specs)
        share, gradients = traced.structured_outputs
        pairs = list(zip(gradients, variables, strict=True))
        loss = _zero_of([_read(*pair) for pair in pairs]) if remote else tf.zeros_like(share)
        # What doesn't depend on the wait is made while it lasts, or once when the graph is built.
        made = [_stand_in(gradient, variable, loss) for gradient, variable in pairs]
        with tf.control_dependencies([*tf.nest.flatten((x, y)), loss]):
            done = wait()
        with tf.control_dependencies([done]):
            return tf.identity(loss), [_kept_back(each) for each in made]

    return waiting


def local_wait(seconds: float) -> Wait:
    """Waits of replicas in this process; each that is traced gets an iterator of its own, since
    one would let them wait in turn only."""
    dataset, iterators = waits(seconds), []

    def wait() -> tf.Tensor:
        with tf.init_scope(), tf.device("CPU:0"):
            iterators.append(iter(dataset))
        return next(iterators[-1])

    return wait


def chosen_wait(iterators: Sequence[Any], choice: tf.Tensor) -> Wait:
    """A wait for the next element of one of several iterators of `waits`, which `choice` (int32 [])
    numbers."""

    def wait() -> tf.Tensor:
        if len(iterators) == 1:
            return next(iterators[0])
        return tf.switch_case(choice, [lambda each=each: next(each) for each in iterators])

    return wait


@tf.autograph.experimental.do_not_convert
def waits(seconds: float) -> tf.data.Dataset:
    """An endless dataset each of whose elements comes so long after it was asked for.

    Made inside a function that a remote worker runs, the overshoot is that worker's.
    """
    asked_us = round(seconds * MICROSECONDS)
    return sleeps(tf.maximum(asked_us - overshoot_of_elements_us(), 0))


def _read(gradient: Any, variable: Any) -> tf.Tensor | None:
    """What computing would read of a variable: rows, where the gradient is of rows."""
    if gradient is None:
        return None
    if isinstance(gradient, tf.IndexedSlices):
        return tf.gather(variable, _rows(gradient, variable))
    return tf.convert_to_tensor(variable)


def _zero_of(values: Sequence[tf.Tensor | None]) -> tf.Tensor:
    """0, float32 [], which can't be told without all of `values`: TensorFlow doesn't fetch what
    nothing uses."""
    there = [value for value in values if value is not None]
    firsts = [tf.cast(tf.reshape(value, [-1])[0], tf.float32) for value in there]
    return tf.minimum(tf.abs(tf.add_n(firsts)), 0.0)


def _stand_in(gradient: Any, variable: Any, zero: tf.Tensor) -> Any:
    """Zeros, each of them `zero`: what TensorFlow knows before it runs, it makes on the parameter
    server instead of sending it there."""
    if gradient is None:
        return None
    if not isinstance(gradient, tf.IndexedSlices):
        return _filled(gradient, variable, zero)
    values = _filled(gradient.values, variable, zero)
    dense_shape = tf.constant(variable.shape.as_list())
    return tf.IndexedSlices(values, _rows(gradient, variable), dense_shape)


def _rows(gradient: tf.IndexedSlices, variable: Any) -> tf.Tensor:
    return tf.range(gradient.values.shape[0], dtype=gradient.indices.dtype) % variable.shape[0]


def _filled(gradient: tf.Tensor, variable: Any, zero: tf.Tensor) -> tf.Tensor:
    if not gradient.shape.is_fully_defined():
        raise ValueError(
            f"emulate.accelerator: the gradient of {variable.name} has no fixed shape, so nothing "
            "can stand in for it"
        )
    return tf.fill(gradient.shape, tf.cast(zero, gradient.dtype))


def _kept_back(gradient: Any) -> Any:
    """The same, but not before the control dependencies that it is called under."""
    if gradient is None:
        return None
    if isinstance(gradient, tf.IndexedSlices):
        values, rows = tf.identity(gradient.values), tf.identity(gradient.indices)
        return tf.IndexedSlices(values, rows, gradient.dense_shape)
    return tf.identity(gradient)
