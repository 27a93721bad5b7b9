"""The compiled function of the synchronous loop: several steps, and one packed sum over tasks."""

from typing import Any

import tensorflow as tf

from strategies.emulated_accelerator import local_wait
from strategies.job import TrainingJob
from strategies.model import Training, make_step
from strategies.placed import on_replicas
from strategies.stamped import Steps, stamped_steps

_COUNT = tf.TensorSpec([], tf.int32)
_STOP = tf.TensorSpec([], tf.float32)


class SynchronousCall:
    """Takes steps on whichever iterators it is given, as long as their elements look alike."""

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
        call = _compiled(
            job, strategy, training, batch, job.replicas > 1 if reduce is None else reduce
        )
        self._traced = call.get_concrete_function(_COUNT, _STOP, iterators)

    @property
    def graph(self) -> tf.Graph:
        """What was traced."""
        return self._traced.graph

    def __call__(self, count: int, stop: float, iterators: list[Any]) -> tuple[Steps, float, float]:
        """Takes `count` steps; every task of the cluster has to do so.

        Returns the steps as arrays, and the sums over all replicas of the steps' losses and over
        all tasks of `stop`.
        """
        found, packed = self._traced(
            tf.constant(count, tf.int32), tf.constant(stop, tf.float32), iterators
        )
        losses, stops = packed.numpy()
        return Steps(*(part.numpy() for part in found)), float(losses), float(stops)


def _compiled(
    job: TrainingJob,
    strategy: tf.distribute.Strategy,
    training: Training,
    batch: int,
    reduce: bool,
) -> Any:
    replicas = job.placement.replicas
    step = make_step(
        training,
        job.workload,
        job.loop,
        examples_per_update=batch * job.replicas,
        replicas=job.replicas,
        reduce=reduce,
        wait=local_wait(job.compute_seconds[job.task]) if job.emulated else None,
    )

    def train(batches: list[Any]) -> tf.Tensor:
        x, y = on_replicas(strategy, batches)
        shares = strategy.run(step, args=(x, y))
        return tf.add_n(strategy.experimental_local_results(shares))

    @tf.function(autograph=False)
    def call(count: tf.Tensor, stop: tf.Tensor, iterators: list[Any]) -> tuple[Steps, tf.Tensor]:
        def take() -> tuple[tf.Tensor, Any]:
            batches = [next(iterator) for iterator in iterators]
            numbers = tf.concat([number for number, _, _ in batches], 0)
            return numbers, [(x, y) for _, x, y in batches]

        steps = stamped_steps(count, replicas * batch, job.deterministic, take, train)
        packed = tf.stack([tf.reduce_sum(steps.losses), stop])
        if job.replicas > 1:
            # Every replica of a task would hold the task's sum: one gives it, the others nothing.
            given = [packed] + [tf.zeros_like(packed)] * (replicas - 1)
            placed = on_replicas(strategy, given)
            packed = strategy.reduce(tf.distribute.ReduceOp.SUM, placed, axis=None)
        return steps, packed

    return call
