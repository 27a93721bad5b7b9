"""What happens between two calls of training, under both loops: evaluation, checkpoint, the end."""

import time
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from strategies import checkpoints
from strategies.finishing import finish, reaches_quality
from strategies.job import TrainingJob
from strategies.model import Training
from strategies.profiled_steps import ProfiledSteps
from strategies.step_flops import step_flops
from strategies.stopping import Stopping
from strategies.summaries import Summaries

_SUMMARY_SECONDS = 1.0


class Milestones:
    """Knows what is due at which step, does it, and writes down that it was done.

    Every task that trains has one and calls it at the same steps.
    """

    def __init__(
        self,
        job: TrainingJob,
        training: Training,
        stopping: Stopping,
        quality: Callable[[int], float],
        barrier: Callable[[], None],
        iterators: dict[str, Any],
        position: Callable[[], dict[str, Any] | None],
        diagnose: Callable[[], None] | None = None,
    ) -> None:
        """See `checkpoints.save` for `barrier`, `iterators` and `position`, `finishing.finish` for
        `diagnose`; `quality(step)` evaluates on held-out data."""
        self._job, self._training, self._stopping = job, training, stopping
        self._quality, self._barrier = quality, barrier
        self._iterators, self._position = iterators, position
        self._diagnose = diagnose
        self._evaluated: int | None = None
        self._checkpointed: int | None = None
        self._summarized = time.perf_counter(), 0
        self.profiled = ProfiledSteps(job)
        self.summaries = Summaries(job.folder.path, chief=job.chief)
        self.resumed: float | None = None
        """Unix seconds when the last pause ended; the time of a pause belongs to no step."""

    def begun(self, step: int, graph: tf.Graph, gradient_bytes: int | None) -> None:
        """Writes down that the first call, up to `step`, is done, and what a step computes and
        sends; looks at the graph only now, for it would have kept the first step waiting. Where
        that kept this task's own steps waiting, `resume` has to follow."""
        self._job.recorder.event("first_call_done", step=step)
        flops = step_flops(graph, self._job.placement.replicas)
        self._job.recorder.event("step_counted", flops=flops, gradient_bytes=gradient_bytes)
        self.summaries.graph(graph)

    def next_after(self, step: int) -> int | None:
        """The next step at which training has to pause or end; None: none is known."""
        job = self._job
        every = [job.evaluate_every, job.checkpoint.every_steps]
        halts = [self._stopping.next_halt(step, every), self.profiled.next_halt(step)]
        return min((halt for halt in halts if halt is not None), default=None)

    def reached(self, step: int) -> str | None:
        """Does what is due after `step`; returns the reason where training has to end."""
        job, reason = self._job, None
        self.profiled.stop_after(step)
        if job.evaluate_every and step % job.evaluate_every == 0:
            reason = "quality" if reaches_quality(job, self._evaluate(step)) else None
        if job.checkpoint.every_steps and step % job.checkpoint.every_steps == 0:
            self._checkpoint(step)
        reason = reason or self._stopping.reached(step)
        if reason is None and self.profiled.start_after(step):
            self.resume()
        return reason

    def finish(self, step: int, reason: str) -> None:
        """Evaluates, saves a checkpoint and the model, and returns once every task is done."""
        self.profiled.stop()
        if self._evaluated != step:
            self._evaluate(step)
        if self._checkpointed != step:
            self._checkpoint(step)
        self.summaries.close()
        finish(self._job, self._training, step, reason, self._barrier, self._diagnose)

    def summarize(self, step: int, loss: float) -> None:
        """Loss and throughput for TensorBoard, about once a second."""
        now = time.perf_counter()
        before, last_step = self._summarized
        if now - before > _SUMMARY_SECONDS:
            rate = (step - last_step) * self._job.examples_per_step / (now - before)
            self.summaries.scalars(step, loss=loss, examples_per_second=rate)
            self._summarized = now, step

    def _evaluate(self, step: int) -> float:
        job = self._job
        job.recorder.state("evaluating")
        began = time.perf_counter()
        quality = self._quality(step)
        self._evaluated = step
        job.recorder.event(
            "evaluated",
            step=step,
            quality=quality,
            quality_name=job.workload.quality.name,
            quality_direction=job.workload.quality.direction,
            seconds=time.perf_counter() - began,
            training_seconds=self._stopping.seconds,
        )
        self.summaries.scalars(step, quality=quality)
        self.resume()
        return quality

    def _checkpoint(self, step: int) -> None:
        job = self._job
        job.recorder.state("saving")
        began = time.perf_counter()
        position = self._position()
        checkpoints.save(job, self._training, step, self._iterators, self._barrier, position)
        self._checkpointed = step
        job.recorder.event("checkpoint", step=step, seconds=time.perf_counter() - began)
        self.resume()

    def resume(self) -> None:
        """A pause ends now."""
        self.resumed = time.time()
        self._job.recorder.state("training")
