"""After training: the same steps with one thing left out at a time, in blocks that take turns.

Waiting at the iterator misleads where pipeline and model share cores, so what holds training back
is found by leaving parts out, in the same processes and the same minute.
`input_pipelines.diagnosis.blocks` names the variants, `.shares` makes shares of them. The model's
variables are of no use afterwards: whatever has to be kept of them is saved before.
"""

import contextlib
import resource
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.pressure import stalled_seconds
from input_pipelines.build import Feed, training_dataset
from input_pipelines.diagnosis.blocks import (
    APART,
    CACHED,
    COLD,
    INPUT,
    LARGER,
    LARGER_TIMES,
    WARM,
)
from input_pipelines.draining import Drain, buffered_batches, rest, with_small_buffers
from input_pipelines.page_cache import kept_cold, storage_bytes_read
from input_pipelines.settings import StorageSettings
from results.run_folder import BLOCKS
from strategies.job import TrainingJob
from strategies.model import Training
from strategies.stamped import Steps
from strategies.stopping import INTERRUPTED, Stopping
from strategies.synchronous_call import SynchronousCall

_SETTLING = 0.5
"""Of a block's length, before it."""
_CALL_SECONDS = 0.1
"""A call takes no longer, unless a step does: blocks end when they should."""
_FEWEST = 2
"""Steps of a block, however long they take; one settles it."""
_STOP_ALTOGETHER = 1e6
"""Beside the ones of tasks whose block is over: somebody wants to stop altogether."""


@dataclass(frozen=True)
class Block:
    """What one task saw in one block; seconds and bytes are the block's, not a step's."""

    round: int
    variant: str
    steps: int
    seconds: float
    wait_seconds: float
    """In which steps waited for their input."""
    inside_seconds: float
    """From a step's input to its updated variables, added up."""
    cpu_seconds: float
    read_bytes: int | None
    """From storage; None where the system doesn't tell."""
    major_faults: int
    """Pages that had to be read back from disk."""
    memory_stalled_seconds: float | None
    """In which somebody on this machine waited for memory; None where the kernel doesn't tell."""


def diagnose(
    job: TrainingJob,
    strategy: tf.distribute.Strategy,
    training: Training,
    call: SynchronousCall,
    iterators: list[Any],
    stopping: Stopping,
    barrier: Callable[[], None],
) -> None:
    """Measures all variants and writes the blocks down. Every task of the cluster runs it."""
    job.recorder.state("diagnosing")
    began = time.perf_counter()
    # Of training: batches four times as large would add to it.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    blocks = _Blocks(job, strategy, training, call, iterators, stopping, barrier).measured()
    job.folder.write(
        f"tasks/{job.task}/{BLOCKS}",
        {"blocks": [asdict(block) for block in blocks], "peak_rss_bytes": peak},
    )
    job.recorder.event("diagnosed", seconds=time.perf_counter() - began)


class _Blocks:
    def __init__(
        self,
        job: TrainingJob,
        strategy: tf.distribute.Strategy,
        training: Training,
        call: SynchronousCall,
        iterators: list[Any],
        stopping: Stopping,
        barrier: Callable[[], None],
    ) -> None:
        self._job, self._stopping, self._barrier = job, stopping, barrier
        self._tasks = job.replicas // job.placement.replicas
        warm = self._warm(iterators)
        batches = [next(iterator) for iterator in warm]
        cached = [_repeated(batch) for batch in batches]
        larger = [_repeated(_times(batch, LARGER_TIMES)) for batch in batches]
        self._inputs = {WARM: warm, INPUT: warm, CACHED: cached, LARGER: larger}
        self._calls = {WARM: call, CACHED: call}
        if job.feed.training_files:
            self._inputs[COLD], self._calls[COLD] = iterators, call
        if job.replicas > 1:
            self._inputs[APART] = cached
            self._calls[APART] = SynchronousCall(job, strategy, training, cached, reduce=False)
        self._calls[LARGER] = SynchronousCall(
            job,
            strategy,
            training,
            larger,
            batch_per_replica=LARGER_TIMES * job.batch_per_replica,
            reduce=False,
        )
        warm_drain = Drain(warm, job.recorder.beat)
        self._drains = {WARM: warm_drain, INPUT: warm_drain}
        if COLD in self._inputs:
            self._drains[COLD] = Drain(iterators, job.recorder.beat)
        self._step_seconds: dict[str, float] = {}

    def measured(self) -> list[Block]:
        """All rounds, or those until a signal came."""
        variants = list(self._inputs)
        blocks: list[Block] = []
        for variant in self._calls:
            self._estimate(variant)
        rng = np.random.default_rng(self._job.seed)
        for number in range(self._job.measure.rounds):
            # The same random order in every task: whatever drifts meets all variants alike.
            for place in rng.permutation(len(variants)):
                variant = variants[place]
                block = self._block(number, variant)
                if block is None:
                    return blocks
                # What data workers read is not among this process's own bytes.
                unknown = bool(self._job.feed.service)
                blocks.append(replace(block, read_bytes=None) if unknown else block)
        return blocks

    def _warm(self, iterators: list[Any]) -> list[Any]:
        """Iterators that no emulated storage keeps waiting."""
        job = self._job
        if not job.feed.storage.emulated:
            return iterators
        feed = replace(job.feed, storage=StorageSettings())
        warm = [
            iter(with_small_buffers(self._dataset(feed, job.first_replica + local)))
            for local in range(job.placement.replicas)
        ]
        if job.feed.pipeline.cache != "none":
            epoch = job.feed.train.examples // job.batch_per_replica
            Drain(warm, job.recorder.beat)(batches=epoch + 1)
        return warm

    def _dataset(self, feed: Feed, replica: int) -> tf.data.Dataset:
        job = self._job
        return training_dataset(feed, replica, job.replicas, job.batch_per_replica)

    def _estimate(self, variant: str) -> None:
        """Seconds of a step, the same in all tasks."""
        self._take(variant, 1, 0.0)
        began = time.perf_counter()
        self._take(variant, 1, 0.0)
        _, told = self._take(variant, 1, time.perf_counter() - began)
        self._step_seconds[variant] = told / self._tasks

    def _block(self, number: int, variant: str) -> Block | None:
        """None where somebody asked to stop."""
        if variant in self._drains:
            # Buffers fill while others have their turn: what lies ready would be had for nothing.
            inputs = self._inputs[variant]
            self._drains[variant](batches=max(buffered_batches(each) for each in inputs))
        else:
            rest()
        self._barrier()
        with self._cold() if variant == COLD else contextlib.nullcontext():
            if variant == INPUT:
                return self._block_of_input(number)
            return self._block_of_steps(number, variant)

    def _block_of_steps(self, number: int, variant: str) -> Block | None:
        length = self._job.measure.block_seconds
        settled = self._until(variant, length * _SETTLING, 1)
        if settled is None:
            return None
        used = _Used.now()
        measured = self._until(variant, length, _FEWEST)
        if measured is None:
            return None
        ends = np.concatenate([steps.ends for steps in measured])
        waits = np.concatenate([steps.fed - steps.starts for steps in measured])
        inside = np.concatenate([steps.ends - steps.fed for steps in measured])
        seconds = float(ends[-1] - settled[-1].ends[-1])
        return Block(
            number,
            variant,
            len(ends),
            seconds,
            float(waits.sum()),
            float(inside.sum()),
            *used.since(),
        )

    def _block_of_input(self, number: int) -> Block:
        length = self._job.measure.block_seconds
        drain = self._drains[INPUT]
        drain(length * _SETTLING)
        used = _Used.now()
        drained = drain(length)
        seconds = drained.seconds
        return Block(number, INPUT, drained.batches, seconds, seconds, 0.0, *used.since())

    def _until(self, variant: str, seconds: float, fewest: int) -> list[Steps] | None:
        """Calls for as long as any task needs, at least `fewest` steps; None where somebody asked
        to stop."""
        step_seconds = max(self._step_seconds[variant], 1e-6)
        count = int(min(self._job.loop.steps_per_call, max(1, _CALL_SECONDS / step_seconds)))
        calls: list[Steps] = []
        taken, began = 0, time.perf_counter()
        while True:
            passed, taken = time.perf_counter() - began, taken + count
            over = passed >= seconds and taken >= fewest
            asked = self._stopping.asked == INTERRUPTED
            found, told = self._take(variant, count, _STOP_ALTOGETHER if asked else float(over))
            calls.append(found)
            if told >= _STOP_ALTOGETHER:
                return None
            if told >= self._tasks:
                return calls

    def _take(self, variant: str, count: int, told: float) -> tuple[Steps, float]:
        self._job.recorder.beat()
        called = self._calls[variant](count, told, self._inputs[variant])
        return called.steps, called.stops

    def _cold(self) -> contextlib.AbstractContextManager[object]:
        """Emulated storage keeps its own readers waiting: nothing else is to be done for it."""
        if self._job.feed.storage.emulated:
            return contextlib.nullcontext()
        return kept_cold(self._job.feed.training_files)


@dataclass(frozen=True)
class _Used:
    cpu_seconds: float
    read_bytes: int | None
    major_faults: int
    memory_stalled_seconds: float | None

    @classmethod
    def now(cls) -> "_Used":
        usage = resource.getrusage(resource.RUSAGE_SELF)
        cpu_seconds = usage.ru_utime + usage.ru_stime
        return cls(
            cpu_seconds, storage_bytes_read(), usage.ru_majflt, stalled_seconds().get("memory")
        )

    def since(self) -> tuple[float, int | None, int, float | None]:
        """What was used since then, in the order of the fields."""
        now = _Used.now()
        return (
            now.cpu_seconds - self.cpu_seconds,
            _difference(now.read_bytes, self.read_bytes),
            now.major_faults - self.major_faults,
            _difference(now.memory_stalled_seconds, self.memory_stalled_seconds),
        )


def _difference(now: Any, before: Any) -> Any:
    return None if now is None or before is None else now - before


def _repeated(batch: Any) -> Any:
    """An iterator that gives the batch for ever."""
    return iter(tf.data.Dataset.from_tensors(batch).repeat())


def _times(batch: Any, times: int) -> Any:
    return tf.nest.map_structure(lambda tensor: tf.concat([tensor] * times, 0), batch)
