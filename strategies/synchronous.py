"""The synchronous loop: every replica takes the same step at the same time.

One plain `tf.data` iterator a replica (a DistributedIterator can't be checkpointed or profiled);
several steps inside one call of a `tf.function`, which returns the time stamps of each and one
packed sum of `[loss, stop]`, so that all tasks stop at the same step whatever the reason.
"""

import time
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from input_pipelines.build import training_dataset
from strategies import checkpoints
from strategies.batch_statistics import average_over_replicas
from strategies.evaluation import Evaluator
from strategies.failures import check_finite
from strategies.finishing import finish, reaches_quality
from strategies.job import TrainingJob
from strategies.model import Training, make_step, operation_count, updates_since
from strategies.placed import on_replicas
from strategies.stopping import Stopping
from strategies.summaries import Summaries

_SUMMARY_SECONDS = 1.0


class Call(NamedTuple):
    """What one call of the compiled function gives; k is the number of its steps."""

    starts: tf.Tensor
    """Unix seconds before each step's input, float64 [k]."""
    fed: tf.Tensor
    """Unix seconds when each step's input was there, float64 [k]."""
    ends: tf.Tensor
    """Unix seconds when each step's variables were updated, float64 [k]."""
    shares: tf.Tensor
    """This task's share of each step's loss, float32 [k]."""
    numbers: tf.Tensor
    """Numbers of the examples that this task trained on, int64 [k, examples]."""
    packed: tf.Tensor
    """Over all replicas: the sum of losses over the k steps, and of stop flags; float32 [2]."""


def train(job: TrainingJob, strategy: tf.distribute.Strategy, training: Training) -> str:
    """Trains until the job says stop; returns the reason (`steps`, `examples`, `seconds`,
    `quality` or `interrupted`). Every task of the cluster runs it."""
    return _Loop(job, strategy, training).run()


class _Loop:
    def __init__(
        self, job: TrainingJob, strategy: tf.distribute.Strategy, training: Training
    ) -> None:
        self.job, self.strategy, self.training = job, strategy, training
        self.step = 0
        restore = job.checkpoint.restore
        self.iterators = self._fresh(0) if restore is None else self._restored(restore)
        job.recorder.event("data_ready")
        self.call = _make_call(job, strategy, training, list(self.iterators.values()))
        self.stopping = Stopping(job)
        self.summaries = Summaries(job.folder.path, chief=job.chief)
        self.evaluator = Evaluator(job, strategy, training.model)
        self.evaluated: dict[int, float] = {}
        self.checkpointed: int | None = None
        self.last_end: float | None = None
        self.summarized = 0.0

    def run(self) -> str:
        job = self.job
        job.recorder.state("tracing")
        graph = self.call.get_concrete_function(*_CALL_SIGNATURE).graph
        job.recorder.event("traced")
        if job.chief:
            self.summaries.graph(graph)
        job.recorder.state("training")
        self.stopping.begin()
        reason = self.stopping.reached(self.step)
        while reason is None:
            reason = self._train_once() or self._between_calls() or self.stopping.reached(self.step)
        if self.step not in self.evaluated:
            self._evaluate()
        if self.checkpointed != self.step:
            self._checkpoint()
        self.summaries.close()
        finish(job, self.training, self.step, reason, self._barrier)
        return reason

    def _train_once(self) -> str | None:
        job = self.job
        halt = self.stopping.next_halt(self.step, [job.evaluate_every, job.checkpoint.every_steps])
        count = job.loop.steps_per_call
        if halt is not None:
            count = min(count, halt - self.step)
        asked = self.stopping.asked
        result = Call(
            *(part.numpy() for part in self.call(np.int32(count), np.float32(asked is not None)))
        )
        check_finite(job.task, self.step + 1, result.shares)
        self._record(result)
        self.step += count
        if result.packed[1] > 0:
            return asked or "stopped by another task"
        return None

    def _record(self, result: Any) -> None:
        job = self.job
        begins = np.concatenate([result.starts[:1], result.ends[:-1]])
        if self.last_end is None:
            job.recorder.event("first_call_done", step=self.step + len(begins))
        else:
            begins[0] = self.last_end
        self.last_end = result.ends[-1]
        seconds = result.ends - begins
        loss = float(result.packed[0]) / len(begins)
        job.recorder.steps(
            self.step + 1,
            begins,
            seconds,
            result.fed - result.starts,
            job.batch_per_replica * job.placement.replicas,
            loss,
        )
        if job.measure.examples:
            job.recorder.examples(self.step + 1, result.numbers)
        if time.perf_counter() - self.summarized > _SUMMARY_SECONDS:
            self.summarized = time.perf_counter()
            rate = job.batch_total * len(seconds) / float(seconds.sum())
            self.summaries.scalars(self.step + len(begins), loss=loss, examples_per_second=rate)

    def _between_calls(self) -> str | None:
        job, reason = self.job, None
        if job.evaluate_every and self.step % job.evaluate_every == 0:
            quality = self._evaluate()
            reason = "quality" if reaches_quality(job, quality) else None
        if job.checkpoint.every_steps and self.step % job.checkpoint.every_steps == 0:
            self._checkpoint()
        return reason

    def _evaluate(self) -> float:
        job = self.job
        job.recorder.state("evaluating")
        began = time.perf_counter()
        averaged = average_over_replicas(self.strategy, self.training.model)
        if averaged:
            job.recorder.event("statistics_averaged", step=self.step, variables=averaged)
        quality = self.evaluator.quality()
        self.evaluated[self.step] = quality
        job.recorder.event(
            "evaluated",
            step=self.step,
            quality=quality,
            quality_name=job.workload.quality.name,
            quality_direction=job.workload.quality.direction,
            seconds=time.perf_counter() - began,
            training_seconds=self.stopping.seconds,
        )
        self.summaries.scalars(self.step, quality=quality)
        self._resume()
        return quality

    def _checkpoint(self) -> None:
        job = self.job
        job.recorder.state("saving")
        began = time.perf_counter()
        checkpoints.save(job, self.training, self.step, self.iterators, self._barrier)
        self.checkpointed = self.step
        seconds = time.perf_counter() - began
        job.recorder.event("checkpoint", step=self.step, seconds=seconds)
        self._resume()

    def _resume(self) -> None:
        """The pause that has just ended belongs to no step."""
        self.last_end = None if self.last_end is None else time.time()
        self.job.recorder.state("training")

    def _barrier(self) -> None:
        """Returns once every task is here."""
        if self.strategy.num_replicas_in_sync > 1:
            zero = on_replicas(self.strategy, [tf.constant(0.0)] * self.job.placement.replicas)
            self.strategy.reduce(tf.distribute.ReduceOp.SUM, zero, axis=None)

    def _fresh(self, batches: int) -> dict[str, Any]:
        """This task's iterators, one a replica, `batches` batches after the beginning."""
        job = self.job
        datasets = {
            f"replica_{local}": training_dataset(
                job.feed, job.first_replica + local, job.replicas, job.batch_per_replica
            )
            for local in range(job.placement.replicas)
        }
        if batches:
            datasets = {name: dataset.skip(batches) for name, dataset in datasets.items()}
        return {name: iter(dataset) for name, dataset in datasets.items()}

    def _restored(self, restore: str) -> dict[str, Any]:
        job = self.job
        path, manifest = checkpoints.find(restore)
        checkpoints.restore_state(path, self.training)
        self.step = manifest["step"]
        iterators = self._fresh(0)
        same = (manifest["replicas"], manifest["batch_per_replica"], manifest["inputs"]) == (
            job.replicas,
            job.batch_per_replica,
            len(iterators),
        )
        exact = same and checkpoints.restore_iterators(path, job.task, iterators)
        if not exact:
            seen = self.step * manifest["replicas"] * manifest["batch_per_replica"]
            iterators = self._fresh(seen // job.batch_total)
        job.recorder.event("restored", step=self.step, exact=exact)
        return iterators


_CALL_SIGNATURE = (tf.TensorSpec([], tf.int32), tf.TensorSpec([], tf.float32))


def _make_call(
    job: TrainingJob,
    strategy: tf.distribute.Strategy,
    training: Training,
    iterators: list[Any],
) -> Any:
    """The compiled function of several steps: (steps int32 [], stop float32 []) to `Call`."""
    step = make_step(
        training,
        job.workload,
        job.loop,
        examples_per_update=job.batch_total,
        replicas=job.replicas,
        reduce=job.replicas > 1,
    )

    @tf.function(input_signature=_CALL_SIGNATURE)
    def call(steps: tf.Tensor, stop: tf.Tensor) -> tuple[tf.Tensor, ...]:
        starts = tf.TensorArray(tf.float64, steps)
        fed = tf.TensorArray(tf.float64, steps)
        ends = tf.TensorArray(tf.float64, steps)
        shares = tf.TensorArray(tf.float32, steps)
        numbers = tf.TensorArray(tf.int64, steps)
        last_end = tf.timestamp()
        for k in tf.range(steps):
            with tf.control_dependencies([last_end]):
                start = tf.timestamp()
            with tf.control_dependencies([start]):
                batches = [next(iterator) for iterator in iterators]
            with tf.control_dependencies(tf.nest.flatten(batches)):
                ready = tf.timestamp()
            with tf.control_dependencies([ready]):
                batches = tf.nest.map_structure(tf.identity, batches)
            first = operation_count()
            x, y = on_replicas(strategy, [(x, y) for _, x, y in batches])
            share = strategy.run(step, args=(x, y))
            share = tf.add_n(strategy.experimental_local_results(share))
            with tf.control_dependencies([share, *updates_since(first)]):
                last_end = tf.timestamp()
            starts = starts.write(k, start)
            fed = fed.write(k, ready)
            ends = ends.write(k, last_end)
            shares = shares.write(k, share)
            numbers = numbers.write(k, tf.concat([number for number, _, _ in batches], 0))
        losses = shares.stack()
        packed = tf.stack([tf.reduce_sum(losses), stop])
        if job.replicas > 1:
            # Every replica of a task holds the task's sum: give it once.
            zero = tf.zeros_like(packed)
            packed = strategy.reduce(
                tf.distribute.ReduceOp.SUM,
                on_replicas(strategy, [packed] + [zero] * (job.placement.replicas - 1)),
                axis=None,
            )
        return Call(starts.stack(), fed.stack(), ends.stack(), losses, numbers.stack(), packed)

    return call
