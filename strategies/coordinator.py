"""The coordinator's loop: workers train on what it hands out by number, none waits for another.

A scheduled call carries the next block's numbers (`handing_out`) into queues on whichever worker
runs it, and trains on the block that this worker was given before: so the worker's long-lived
iterator always has something to read ahead, and the coordinator knows which examples are out.

A worker that is lost is TensorFlow's to take back once it serves again at its address: it puts the
call under way back into its queue, for whichever worker is free, and makes iterator and index anew
on the new process. The block that lay with the lost one is ours to hand out again. (A replaced
worker was back 1 to 2 seconds after it served: gRPC tries to connect once a second.)
"""

import functools
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from input_pipelines.build import requested_dataset
from strategies import checkpoints
from strategies.emulated_accelerator import chosen_wait, waits
from strategies.evaluation import Evaluator
from strategies.failures import check_finite
from strategies.handing_out import Block, Book
from strategies.job import TrainingJob
from strategies.milestones import Milestones
from strategies.model import Training, make_step
from strategies.model_size import gradient_bytes
from strategies.saving import local_copy, read_weights
from strategies.stamped import Steps, before_first, begins, remote_parts, stamped_steps
from strategies.stamps import clock
from strategies.stopping import Stopping
from strategies.straggler import Straggler
from strategies.waiting import overshoot_of_sleep_us

_CALLS_PER_WORKER = 3
"""Scheduled calls kept under way for each worker, so that none waits for the coordinator."""
_LOOK_AGAIN_SECONDS = 0.02
_NONE = -1
"""Number of a block where there is none."""


class Result(NamedTuple):
    """What one scheduled call gives."""

    worker: tf.Tensor
    """Index of the worker that ran it, int64 []."""
    given: tf.Tensor
    """Number of the block that this call brought to the worker, or -1; int64 []."""
    trained: tf.Tensor
    """Number of the block that this call trained on, or -1; int64 []."""
    when: tf.Tensor
    """When the call began, unix seconds on the worker's clock, float64 []."""
    emptied: tf.Tensor
    """Whether nothing that came before this call lies with the worker any more, bool []."""
    steps: tuple[Any, ...]
    """`Steps.tensors` of it, on the worker's clock; of no step where it trained on nothing."""


def train(
    job: TrainingJob, strategy: tf.distribute.ParameterServerStrategy, training: Training
) -> str:
    """Trains until the job says stop; returns the reason. Only the coordinator runs it."""
    return _Loop(job, strategy, training).run()


class _Loop:
    def __init__(self, job: TrainingJob, strategy: Any, training: Training) -> None:
        self.job, self.training = job, training
        self.step = 0
        self.stopping = Stopping(job)
        examples = job.feed.train.examples
        self.book = Book(examples, job.batch_per_replica)
        found = checkpoints.find(job)
        if found is not None:
            self._restore(*found)
        self.coordinator = _coordinator(strategy)
        self.workers = len(_workers(job))
        self.iterator = iter(self.coordinator.create_per_worker_dataset(lambda: _worker_input(job)))
        indices = [(tf.constant(index, tf.int64),) for index in range(self.workers)]
        self.indices = _per_worker(self.coordinator, tf.identity, indices)
        self.overshoots = None
        if job.slower:
            nothing = [()] * self.workers
            self.overshoots = _per_worker(self.coordinator, overshoot_of_sleep_us, nothing)
        self.waiting = [
            iter(self.coordinator.create_per_worker_dataset(functools.partial(waits, seconds)))
            for seconds in _distinct(job)
        ]
        job.recorder.event("data_ready")
        self.rows = -(-job.loop.steps_per_call * job.batch_per_replica // examples) + 1
        self.traced_as: list[tuple[tf.Graph, int | None]] = []
        self.call = _make_call(job, strategy, training, self.traced_as)
        self.under_way: deque[Any] = deque()
        self.local = local_copy(job.workload, read_weights(training.model))
        self.evaluator = Evaluator(job, tf.distribute.get_strategy(), self.local, alone=True)
        self.milestones = Milestones(
            job,
            training,
            self.stopping,
            quality=self._quality,
            barrier=lambda: None,
            iterators={},
            position=self.book.as_record,
        )
        self.last_ends: dict[int, float] = {}
        self.traced = self.trained = False

    def run(self) -> str:
        self.job.recorder.state("tracing")
        reason = self.stopping.reached(self.step)
        while reason is None:
            asked = self._train_to(self.milestones.next_after(self.step))
            reason = self.milestones.reached(self.step) or asked
        self.milestones.finish(self.step, reason)
        return reason

    def _train_to(self, halt: int | None) -> str | None:
        """Hands out blocks until the step `halt` (None: without end) and takes all of them back."""
        asked = None
        while asked is None and (block := self._next_block(halt)) is not None:
            self._schedule(block)
            while len(self.under_way) >= _CALLS_PER_WORKER * self.workers:
                self._take_oldest()
            asked = self.stopping.asked
        self._take_all()
        while self.book.unfinished:
            for worker in range(self.workers):
                self._hand_out_again(worker, self.book.missed_by(worker))
            self._give_up_on_the_dead()
            while self.book.again:
                self._schedule(self.book.next_block(0))
            for _ in range(self.workers):
                self._schedule(None)
            self._take_all()
        return asked

    def _next_block(self, halt: int | None) -> Block | None:
        """What was lost comes first; None where all steps up to `halt` are made or under way."""
        self._give_up_on_the_dead()
        steps = self.job.loop.steps_per_call
        if halt is not None:
            steps = min(steps, halt - self.step - self.book.steps_out)
        return self.book.next_block(steps) if steps > 0 or self.book.again else None

    def _schedule(self, block: Block | None) -> None:
        """One call on whichever worker is free: with a block to keep, or None to finish its own."""
        rows = np.zeros([self.rows, 3], np.int64)
        if block is not None:
            given = self.book.rows(block)
            rows[: len(given)] = given
        number, steps = (block.number, block.steps) if block else (_NONE, 0)
        told = tf.constant([number, steps], tf.int64), tf.constant(rows)
        arguments = (self.iterator, self.indices, *told, self.waiting, self.overshoots)
        self.under_way.append(self.coordinator.schedule(self.call, args=arguments))
        if not self.traced:
            self.traced = True
            self.job.recorder.event("traced")
            self.stopping.begin()
            self.job.recorder.state("training")

    def _take_all(self) -> None:
        while self.under_way:
            self._take_oldest()

    def _take_oldest(self) -> None:
        result = Result(*self._fetched(self.under_way.popleft()))
        worker, given, trained = (int(number) for number in result[:3])
        if given != _NONE:
            self.book.brought(given, worker, float(result.when))
        if trained == _NONE:
            # It had nothing to train on since it paused, or was replaced: that belongs to no step.
            if worker in self.last_ends:
                self.last_ends[worker] = max(self.last_ends[worker], float(result.when))
        else:
            steps = Steps(*result.steps)
            if self.book.finish(trained):
                self._record(worker, steps, float(result.when))
            else:
                examples = len(steps.moments) * self.job.batch_per_replica
                self.job.recorder.event("trained_twice", task=_task(worker), examples=examples)
        if result.emptied:
            self.book.emptied(worker, float(result.when))

    def _fetched(self, remote: Any) -> Any:
        """What a call gave. Where its worker is lost before that was copied from it, TensorFlow
        makes the call again; until then `remote` still names the copy that is gone."""
        while True:
            try:
                return remote.fetch()
            except tf.errors.OpError:
                if remote._error is not None:
                    raise
            self.coordinator.done()  # raises where a call has failed for good
            time.sleep(_LOOK_AGAIN_SECONDS)

    def _give_up_on_the_dead(self) -> None:
        """Others need not wait for a worker to come back, nor for what lay with it."""
        for index, worker in enumerate(self.coordinator._cluster.workers):
            held = self.book.held_by(index)
            if held and worker._is_dead_with_error:
                self._take_all()  # it may have trained on them before it died
                self._hand_out_again(index, held)

    def _hand_out_again(self, worker: int, numbers: list[int]) -> None:
        lost = self.book.lose(numbers)
        if lost:
            self.job.recorder.event(
                "handed_out_again",
                task=_task(worker),
                blocks=len(lost),
                examples=sum(block.steps for block in lost) * self.job.batch_per_replica,
            )

    def _record(self, worker: int, steps: Steps, called: float) -> None:
        job, task = self.job, _task(worker)
        check_finite(task, self.step + 1, steps.losses)
        if not self.trained:
            self.trained = True
            graph, sent = self.traced_as[0]
            self.milestones.begun(self.step + len(steps.moments), graph, sent)
        last_end, resumed = self.last_ends.get(worker), self.milestones.resumed
        if last_end is not None and resumed is not None:
            last_end = max(last_end, resumed)
        began = begins(steps, last_end)
        queued = 0.0 if last_end is None else called - last_end
        self.last_ends[worker] = float(steps.ends[-1])
        loss = float(np.mean(steps.losses))
        parts = remote_parts(steps) if job.devices == "cpu" else {}
        job.recorder.steps(
            self.step + 1,
            began,
            steps.ends - began,
            steps.fed - steps.starts,
            job.batch_per_replica,
            None if job.emulated else loss,
            task=task,
            parts=parts | {"queue_seconds": before_first(queued, steps)},
        )
        if job.measure.examples:
            job.recorder.examples(self.step + 1, steps.numbers, task=task)
        self.step += len(began)
        self.milestones.summarize(self.step, loss)

    def _quality(self, step: int) -> float:
        self.local.set_weights(read_weights(self.training.model))
        return self.evaluator.quality()

    def _restore(self, path: Path, manifest: dict[str, Any]) -> None:
        job = self.job
        checkpoints.restore_state(path, self.training)
        self.step = manifest["step"]
        position = manifest["position"]
        exact = position is not None and manifest["batch_per_replica"] == job.batch_per_replica
        if exact:
            self.book = Book.from_record(position, self.book.examples, self.book.batch)
        else:
            self.book.position = self.step * manifest["replicas"] * manifest["batch_per_replica"]
        job.recorder.event("restored", step=self.step, exact=exact)


def _workers(job: TrainingJob) -> list[str]:
    """Names of the tasks that compute, by their index."""
    return [task for task in job.tasks if task.startswith("worker-")]


def _task(worker: int) -> str:
    return f"worker-{worker}"


class _Queue:
    """A queue of int64 [width] rows on the worker that runs the graph, found by its name.

    `tf.queue.FIFOQueue` would be made on the coordinator: it leaves the function's graph.
    """

    def __init__(self, name: str, width: int) -> None:
        self._width = width
        self._handle = tf.raw_ops.FIFOQueueV2(
            component_types=[tf.int64], shapes=[[width]], capacity=1024, shared_name=name
        )

    def put(self, rows: tf.Tensor) -> tf.Operation:
        """Adds rows, int64 [n, width]."""
        return tf.raw_ops.QueueEnqueueManyV2(handle=self._handle, components=[rows])

    def take(self) -> tf.Tensor:
        """The oldest row; waits for it."""
        (row,) = tf.raw_ops.QueueDequeueV2(handle=self._handle, component_types=[tf.int64])
        return tf.ensure_shape(row, [self._width])

    def size(self) -> tf.Tensor:
        return tf.raw_ops.QueueSizeV2(handle=self._handle)


def _requested() -> _Queue:
    return _Queue("requested_rows", 3)


def _coordinator(strategy: Any) -> tf.distribute.coordinator.ClusterCoordinator:
    """TensorFlow would make up to three calls again on a living worker that lost its parameter
    server for a moment, and the worker's queue and iterator would then be out of step with what it
    is told. So the first such loss ends the run, which may start again from its checkpoint."""
    os.environ["TF_COORDINATOR_IGNORE_TRANSIENT_PS_FAILURES"] = "0"
    os.environ["TF_COORDINATOR_IGNORE_TRANSIENT_TIMEOUTS"] = "0"
    return tf.distribute.coordinator.ClusterCoordinator(strategy)


@tf.autograph.experimental.do_not_convert
def _worker_input(job: TrainingJob) -> tf.data.Dataset:
    requests = tf.data.Dataset.counter().map(lambda _: _requested().take(), name="requests")
    return requested_dataset(job.feed, requests, job.batch_per_replica)


def _per_worker(
    coordinator: tf.distribute.coordinator.ClusterCoordinator,
    function: Callable[..., tf.Tensor],
    arguments: Sequence[tuple[tf.Tensor, ...]],
) -> Any:
    """What `function` gives on each worker for its own of `arguments`, int64 [], as a per-worker
    value that a scheduled call can take.

    TensorFlow tells a scheduled function nothing about where it runs; a per-worker resource does,
    and only its private constructor takes a different argument for each worker.
    """
    values = []
    for worker, own in zip(coordinator._cluster.workers, arguments, strict=True):
        value = worker.create_resource(function, args=own)
        value._type_spec = tf.TensorSpec([], tf.int64)
        values.append(value)
    return tf.distribute.experimental.coordinator.PerWorkerValues(tuple(values))


def _distinct(job: TrainingJob) -> list[float]:
    """Every length of emulated computing, each once; empty where it is real."""
    return sorted(set(job.compute_seconds.values()))


def _choices(job: TrainingJob) -> list[int]:
    """Which of `_distinct` each worker takes, by its index."""
    distinct = _distinct(job)
    return [distinct.index(job.compute_seconds[task]) for task in _workers(job)]


def _factors(job: TrainingJob) -> list[float]:
    """How many times as long each worker computes, by its index."""
    return [job.slower.get(task, 1.0) for task in _workers(job)]


def _make_call(
    job: TrainingJob,
    strategy: Any,
    training: Training,
    traced_as: list[tuple[tf.Graph, int | None]],
) -> Any:
    """The function that is scheduled: (iterator, index, block int64 [2], rows int64 [n, 3],
    iterators of emulated computing, one for each of `_distinct`, and the overshoot of a straggler's
    waits, int64 [], or None) to `Result`. Its graph, and the bytes of the gradients that a step
    pushes, are added to `traced_as` when it is traced."""
    stamp = clock(job.deterministic)
    sent: list[int | None] = []

    @tf.function(autograph=False)
    def call(
        iterator: Any,
        index: tf.Tensor,
        block: tf.Tensor,
        rows: tf.Tensor,
        waiting: list[Any],
        overshoot_us: tf.Tensor | None,
    ) -> Any:
        step = make_step(
            training,
            job.workload,
            job.loop,
            examples_per_update=job.batch_per_replica,
            replicas=1,
            reduce=False,
            clock=stamp,
            told=lambda gradients: sent.append(gradient_bytes(gradients, tf.float32)),
            wait=chosen_wait(waiting, tf.gather(_choices(job), index)) if waiting else None,
            straggler=None
            if overshoot_us is None
            else Straggler(tf.gather(_factors(job), index), overshoot_us),
            remote=True,
        )

        def train(batch: Any) -> tuple[tf.Tensor, list[tf.Tensor]]:
            return strategy.run(step, args=batch)

        when = stamp()
        handed = _Queue("handed_blocks", 2)
        bringing = block[0] != _NONE

        def bring() -> tf.Tensor:
            with tf.control_dependencies([handed.put(block[tf.newaxis]), _requested().put(rows)]):
                return tf.constant(1)

        brought = tf.cond(bringing, bring, lambda: tf.constant(0))
        nothing = tf.constant([_NONE, 0], tf.int64)
        taken = tf.cond(handed.size() > brought, handed.take, lambda: nothing)
        emptied = handed.size() <= brought

        def take() -> tuple[tf.Tensor, Any]:
            number, x, y = next(iterator)
            return number, (x, y)

        count = tf.cast(taken[1], tf.int32)
        examples = job.batch_per_replica if job.measure.examples else None
        steps = stamped_steps(count, examples, stamp, take, train)
        traced_as.append((tf.compat.v1.get_default_graph(), sent[-1]))
        return Result(index, block[0], taken[0], when, emptied, steps.tensors)

    return call
