"""The synchronous loop: every replica takes the same step at the same time.

One plain `tf.data` iterator a replica (a DistributedIterator can't be checkpointed or profiled);
several steps inside one call of a `tf.function`, which returns the time stamps of each and one
packed sum of `[loss, stop]`, so that all tasks stop at the same step whatever the reason.
"""

from pathlib import Path
from typing import Any

import tensorflow as tf

from input_pipelines.build import training_dataset
from input_pipelines.draining import with_small_buffers
from input_pipelines.profiling.model_nodes import buffered_bytes
from input_pipelines.sharding import settled
from strategies import checkpoints
from strategies.batch_statistics import average_over_replicas
from strategies.diagnosing import diagnose
from strategies.evaluation import Evaluator
from strategies.failures import check_finite
from strategies.job import TrainingJob
from strategies.milestones import Milestones
from strategies.model import Training
from strategies.placed import on_replicas
from strategies.stamped import before_first, begins, synchronous_parts
from strategies.stopping import Stopping
from strategies.synchronous_call import Called, SynchronousCall


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
        self.stopping = Stopping(job)
        found = checkpoints.find(job)
        self.iterators = self._fresh(0) if found is None else self._restored(*found)
        job.recorder.event("data_ready")
        if job.chief:
            self._tell_sharding()
        self.evaluator = Evaluator(job, strategy, training.model)
        self.milestones = Milestones(
            job,
            training,
            self.stopping,
            quality=self._quality,
            barrier=self._barrier,
            iterators=self.iterators,
            position=lambda: None,
            diagnose=self._diagnose if job.diagnose else None,
        )
        self.last_end: float | None = None
        self.last_agreed = 0.0

    @property
    def feeding(self) -> list[Any]:
        """This task's iterators, one a replica."""
        return list(self.iterators.values())

    def run(self) -> str:
        job = self.job
        job.recorder.state("tracing")
        self.call = SynchronousCall(job, self.strategy, self.training, self.feeding)
        job.recorder.event("traced")
        job.recorder.state("training")
        self.stopping.begin()
        reason = self.stopping.reached(self.step)
        while reason is None:
            reason = self._train_once() or self.milestones.reached(self.step)
        job.recorder.event("input_buffered", bytes=buffered_bytes(self.feeding))
        self.milestones.finish(self.step, reason)
        return reason

    def _train_once(self) -> str | None:
        """One call; returns the reason where a task asked to stop."""
        job, count = self.job, self.job.loop.steps_per_call
        halt = self.milestones.next_after(self.step)
        if halt is not None:
            count = min(count, halt - self.step)
        asked = self.stopping.asked
        with self.milestones.profiled.marked(self.step + 1):
            called = self.call(count, asked is not None, self.feeding)
        check_finite(job.task, self.step + 1, called.steps.losses)
        self._record(called)
        self.step += count
        if called.stops > 0:
            return asked or "stopped by another task"
        return None

    def _record(self, called: Called) -> None:
        job, steps = self.job, called.steps
        loss = called.losses / len(steps.moments)
        if self.last_end is None:
            self.milestones.begun(
                self.step + len(steps.moments), self.call.graph, self.call.gradient_bytes
            )
            self.milestones.resume()
        elif self.milestones.resumed is not None:
            self.last_end = max(self.last_end, self.milestones.resumed)
        began = begins(steps, self.last_end)
        # After a pause, which belongs to no step, nothing is left of the sum before it.
        agreeing = calling = 0.0
        if self.last_end is not None:
            agreeing = self.last_agreed - self.last_end
            calling = float(steps.starts[0]) - max(self.last_agreed, self.last_end)
        self.last_end, self.last_agreed = float(steps.ends[-1]), called.agreed
        parts = synchronous_parts(steps) if job.devices == "cpu" else {}
        job.recorder.steps(
            self.step + 1,
            began,
            steps.ends - began,
            steps.fed - steps.starts,
            job.batch_per_replica * job.placement.replicas,
            None if job.emulated else loss,
            parts=parts
            | {
                "agree_seconds": before_first(agreeing, steps),
                "call_seconds": before_first(calling, steps),
            },
        )
        if job.measure.examples:
            job.recorder.examples(self.step + 1, steps.numbers)
        self.milestones.summarize(self.step + len(began), loss)

    def _quality(self, step: int) -> float:
        averaged = average_over_replicas(self.strategy, self.training.model)
        if averaged:
            self.job.recorder.event("statistics_averaged", step=step, variables=averaged)
        return self.evaluator.quality()

    def _diagnose(self) -> None:
        diagnose(
            self.job,
            self.strategy,
            self.training,
            self.call,
            self.feeding,
            self.stopping,
            self._barrier,
        )

    def _barrier(self) -> None:
        """Returns once every task is here."""
        if self.strategy.num_replicas_in_sync > 1:
            zero = on_replicas(self.strategy, [tf.constant(0.0)] * self.job.placement.replicas)
            self.strategy.reduce(tf.distribute.ReduceOp.SUM, zero, axis=None)

    def _tell_sharding(self) -> None:
        """Which way examples are shared out, where a person has to know. Functions of a person's
        own share out theirs."""
        feed = self.job.feed
        if feed.pipeline._target_ is not None:
            return
        readers = self.job.replicas * max(1, len(feed.service))
        sharding = settled(feed.pipeline.sharding, feed.train, readers)
        if sharding.why is not None:
            self.job.recorder.event("sharding", kind=sharding.kind, why=sharding.why)

    def _fresh(self, batches: int) -> dict[str, Any]:
        """This task's iterators, one a replica, `batches` batches after the beginning."""
        job = self.job
        datasets = {
            f"replica_{local}": training_dataset(
                job.feed, job.first_replica + local, job.replicas, job.batch_per_replica
            )
            for local in range(job.placement.replicas)
        }
        if job.diagnose:
            datasets = {name: with_small_buffers(of) for name, of in datasets.items()}
        if batches:
            datasets = {name: dataset.skip(batches) for name, dataset in datasets.items()}
        return {name: iter(dataset) for name, dataset in datasets.items()}

    def _restored(self, path: Path, manifest: dict[str, Any]) -> dict[str, Any]:
        """The iterators where the checkpoint left them; skipped ahead where it has no such ones."""
        job = self.job
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
