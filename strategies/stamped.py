"""Several steps inside one call of a `tf.function`, each with the times of its parts."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from strategies.model import operation_count, updates_since
from strategies.stamps import Clock, stamped


class Steps(NamedTuple):
    """What k steps of one call give; tensors inside the graph, arrays outside."""

    moments: Any
    """Unix seconds of each step, float64 [k, 6]: before its input, and those named below."""
    losses: Any
    """This task's share of each step's mean loss, float32 [k]."""
    numbers: Any = None
    """Numbers of the examples that this task trained on, int64 [k, examples], where asked for."""

    @property
    def tensors(self) -> tuple[Any, ...]:
        """Those that there are, in their order."""
        return tuple(each for each in self if each is not None)

    @property
    def starts(self) -> Any:
        """Before each step's input, float64 [k]."""
        return self.moments[:, 0]

    @property
    def fed(self) -> Any:
        """When each step's input was there, float64 [k]."""
        return self.moments[:, 1]

    @property
    def pulled(self) -> Any:
        """When what it reads of remote variables was there, float64 [k]; NaN is not known."""
        return self.moments[:, 2]

    @property
    def ready(self) -> Any:
        """When the last of this task's replicas had its gradients, float64 [k]."""
        return self.moments[:, 3]

    @property
    def given(self) -> Any:
        """When the last of them had them summed over all replicas, or parameter servers had them,
        float64 [k]; NaN is not known."""
        return self.moments[:, 4]

    @property
    def ends(self) -> Any:
        """When each step's variables were updated, float64 [k]."""
        return self.moments[:, 5]


_MOMENTS = 6


def stamped_steps(
    count: tf.Tensor,
    examples: int | None,
    clock: Clock,
    take: Callable[[], tuple[tf.Tensor, Any]],
    train: Callable[[Any], tuple[tf.Tensor, list[tf.Tensor]]],
) -> Steps:
    """Takes `count` (int32 []) steps; to be called inside a `tf.function`.

    Args:
      examples: how many numbers `take` gives; None where nobody asks for them.
      clock: tells the time, see `strategies.stamps.clock`.
      take: reads the next input: its examples' numbers, int64 [examples], and what `train` wants.
      train: makes one step of it and returns the loss, float32 [], and when this task pulled, was
        ready and had given its gradients, three of float64 [].
    """
    arrays = {
        "moments": tf.TensorArray(tf.float64, count, element_shape=[_MOMENTS]),
        "losses": tf.TensorArray(tf.float32, count, element_shape=[]),
    }
    if examples is not None:
        arrays["numbers"] = tf.TensorArray(tf.int64, count, element_shape=[examples])

    def step(
        k: tf.Tensor, end: tf.Tensor, rows: dict[str, tf.TensorArray]
    ) -> tuple[tf.Tensor, tf.Tensor, dict[str, tf.TensorArray]]:
        with tf.control_dependencies([end]):
            start = clock()
        with tf.control_dependencies([start]):
            number, batch = take()
        fed, batch = stamped(clock, batch)
        first = operation_count()
        loss, within = train(batch)
        with tf.control_dependencies([loss, *updates_since(first)]):
            end = clock()
        row = Steps(tf.stack([start, fed, *within, end]), loss, number)
        written = {name: array.write(k, getattr(row, name)) for name, array in rows.items()}
        return k + 1, end, written

    _, _, filled = tf.while_loop(lambda k, *_: k < count, step, (0, clock(), arrays))
    return Steps(**{name: array.stack() for name, array in filled.items()})


def begins(steps: Steps, last_end: float | None) -> np.ndarray:
    """When each step began, unix seconds [k]: where the one before ended.

    So the way back to Python and the next call belong to the call's first step. `last_end` is None
    where no step came before.
    """
    first = steps.starts[:1] if last_end is None else np.array([last_end])
    return np.concatenate([first, steps.ends[:-1]])


def synchronous_parts(steps: Steps) -> dict[str, np.ndarray]:
    """Columns of `results.streams.STEP_PARTS` that the stamps of a synchronous step on a CPU tell;
    seconds, float64 [k]. An accelerator goes on working when the host's stamp is taken."""
    return {
        "compute_seconds": steps.ready - steps.fed,
        "communicate_seconds": steps.given - steps.ready,
        "update_seconds": steps.ends - steps.given,
    }


def remote_parts(steps: Steps) -> dict[str, np.ndarray]:
    """The same of a step on remote variables. What is not seen to be pulled lies within computing,
    what is not seen to be pushed within the update, and is NaN itself."""
    pulled = np.where(np.isnan(steps.pulled), steps.fed, steps.pulled)
    given = np.where(np.isnan(steps.given), steps.ready, steps.given)
    return {
        "pull_seconds": steps.pulled - steps.fed,
        "compute_seconds": steps.ready - pulled,
        "push_seconds": steps.given - steps.ready,
        "update_seconds": steps.ends - given,
    }


def before_first(seconds: float, steps: Steps) -> np.ndarray:
    """`seconds` that passed between two calls, which belong to the first of `steps`; [k]."""
    column = np.zeros(len(steps.moments))
    column[0] = max(0.0, seconds)
    return column
