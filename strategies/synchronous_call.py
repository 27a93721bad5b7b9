"""The compiled function of the synchronous loop: several steps, and one packed sum over tasks."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from strategies.emulated_accelerator import local_wait
from strategies.job import TrainingJob
from strategies.model import Training, make_step
from strategies.model_size import gradient_bytes
from strategies.placed import on_replicas
from strategies.stamped import Steps, stamped_steps
from strategies.stamps import clock, stamped
from strategies.straggler import Straggler
from strategies.waiting import overshoot_of_sleep_us

_COUNT = tf.TensorSpec([], tf.int32)
_STOP = tf.TensorSpec([], tf.float32)


class Called(NamedTuple):
    """What one call gives."""

    steps: Steps
    """Its steps, as arrays."""
    losses: float
    """Sum of the steps' losses over all replicas."""
    stops: float
    """Sum over all tasks of what each was told."""
    agreed: float
    """Unix seconds when this task had these sums."""


class SynchronousCall:
    """Takes steps on whichever iterators it is given, as long as their elements look alike."""

    gradient_bytes: int | None
    """What one replica sends into the sum over replicas in a step; None where it can't be told."""

    def __init__(
        self,
        job: TrainingJob,
        strategy: tf.distribute.Strategy,
        training: Training,
        iterators: list[Any],
        *,
        batch_per_replica: int | None = None,
        reduce: bool | None = None,
    ) -> None:
        """Traces the function.

        Args:
          iterators: one a replica of this task, of (number, x, y), or others that look like them.
          batch_per_replica: examples in their elements; the job's where None.
          reduce: whether gradients are summed over replicas; where there are several, if None.
        """
        batch = batch_per_replica or job.batch_per_replica
        reduce = job.replicas > 1 if reduce is None else reduce
        wire = tf.as_dtype(job.loop.gradient_dtype)

        def told(gradients: list[Any]) -> None:
            self.gradient_bytes = gradient_bytes(gradients, wire)

        call = _compiled(job, strategy, training, batch, reduce, told)
        self._traced = call.get_concrete_function(_COUNT, _STOP, iterators)
        self._captured = self._traced.captured_inputs

    @property
    def graph(self) -> tf.Graph:
        """What was traced."""
        return self._traced.graph

    def __call__(self, count: int, stop: float, iterators: list[Any]) -> Called:
        """Takes `count` steps; every task of the cluster has to do so, and tell its `stop`."""
        given = [_constant(count, tf.int32), _constant(stop, tf.float32)]
        given += tf.nest.flatten(iterators, expand_composites=True)
        # Matching what is given with the signature is most of what Python does between two calls.
        found = self._traced.inference_fn.call_flat(*given, *self._captured)
        *parts, packed, agreed = (tensor.numpy() for tensor in found)
        steps, (losses, stops) = Steps(*parts), packed
        return Called(steps, float(losses), float(stops), float(agreed))


def _compiled(
    job: TrainingJob,
    strategy: tf.distribute.Strategy,
    training: Training,
    batch: int,
    reduce: bool,
    told: Callable[[list[Any]], None],
) -> Any:
    replicas, stamp = job.placement.replicas, clock(job.deterministic)
    local = strategy.experimental_local_results
    step = make_step(
        training,
        job.workload,
        job.loop,
        examples_per_update=batch * job.replicas,
        replicas=job.replicas,
        reduce=reduce,
        clock=stamp,
        told=told,
        wait=local_wait(job.compute_seconds[job.task]) if job.emulated else None,
        straggler=_straggler(job),
    )

    def train(batches: list[Any]) -> tuple[tf.Tensor, list[tf.Tensor]]:
        share, moments = strategy.run(step, args=on_replicas(strategy, batches))
        return tf.add_n(local(share)), [_last(local(each)) for each in moments]

    @tf.function(autograph=False)
    def call(
        count: tf.Tensor, stop: tf.Tensor, iterators: list[Any]
    ) -> tuple[Steps, tf.Tensor, tf.Tensor]:
        def take() -> tuple[tf.Tensor, Any]:
            batches = [next(iterator) for iterator in iterators]
            numbers = tf.concat([number for number, _, _ in batches], 0)
            return numbers, [(x, y) for _, x, y in batches]

        examples = replicas * batch if job.measure.examples else None
        steps = stamped_steps(count, examples, stamp, take, train)
        packed = tf.stack([tf.reduce_sum(steps.losses), stop])
        if job.replicas > 1:
            # Every replica of a task would hold the task's sum: one gives it, the others nothing.
            given = [packed] + [tf.zeros_like(packed)] * (replicas - 1)
            placed = on_replicas(strategy, given)
            packed = strategy.reduce(tf.distribute.ReduceOp.SUM, placed, axis=None)
        agreed, packed = stamped(stamp, packed)
        return steps, packed, agreed

    return call


@functools.lru_cache(maxsize=16)
def _constant(value: float, dtype: tf.DType) -> tf.Tensor:
    """Made once: most calls are told what the one before was."""
    return tf.constant(value, dtype)


def _last(moments: tuple[tf.Tensor, ...]) -> tf.Tensor:
    return moments[0] if len(moments) == 1 else tf.reduce_max(tf.stack(moments))


def _straggler(job: TrainingJob) -> Straggler | None:
    factor = job.slower.get(job.task)
    return None if factor is None else Straggler(factor, overshoot_of_sleep_us())
