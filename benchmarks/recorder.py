"""Writes what a task measures into the run folder while it trains, at a cost that does not show.

The training loop only appends arrays to a queue. A thread of its own wakes twice a second to sample
what the process uses, and once a second builds one batch of rows per task, writes it out and
replaces `progress.json`. After `kill -9` all but the last second can be read.
"""

import json
import os
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np

from benchmarks.resources import Sample, Sampler
from results.run_folder import EVENTS, PROGRESS, RunFolder, as_json
from results.streams import EXAMPLES, RESOURCES, STEP_PARTS, STEPS, StreamWriter

SAMPLE_SECONDS = 0.5
SAMPLES_PER_FLUSH = 2

_Parts = Mapping[str, np.ndarray]

_Call = tuple[str, int, np.ndarray, np.ndarray, np.ndarray, int, float | None, _Parts]


class FolderRemovedError(OSError):
    """Somebody removed the folder that a task writes into."""


class Recorder:
    """Records one task. A context manager; leaving it without an exception is a clean end.

    Thread-safe: a coordinator may add steps from several threads. Where the disk refuses a write,
    the next call of `steps`, `event` or `close` raises that OSError in the training loop.
    """

    def __init__(self, folder: RunFolder, task: str) -> None:
        self.folder = folder
        self.task = task
        self._calls: deque[_Call] = deque()
        self._numbers: deque[tuple[str, int, np.ndarray]] = deque()
        self._writers: dict[str, StreamWriter] = {}
        self._number_writers: dict[str, StreamWriter] = {}
        self._trained: dict[str, _Trained] = {}
        self._state = "starting"
        self._beats = 0
        self._samples: list[Sample] = []
        self._last_sample: Sample | None = None
        self._sampler = Sampler()
        self._trouble: OSError | None = None
        self._writing = threading.Lock()
        self._stop = threading.Event()
        own_folder = folder.task_folder(task)
        own_folder.mkdir(parents=True, exist_ok=True)
        self._events = (own_folder / EVENTS).open("a", encoding="utf-8")
        self._resources = StreamWriter(own_folder, RESOURCES)
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def steps(
        self,
        first_step: int,
        starts: np.ndarray,
        seconds: np.ndarray,
        waits: np.ndarray,
        examples: int,
        loss: float | None,
        task: str | None = None,
        parts: _Parts | None = None,
    ) -> None:
        """Add the rows of one call of the compiled function, k steps. Takes about a microsecond.

        `starts` (unix seconds), `seconds` (start to next start) and `waits` (for input, seconds)
        are float64 [k] and must not change afterwards; `examples` is what each step trained on in
        this task; `loss` belongs to the last step. A coordinator names the `task` that made them.
        `parts` are those of `results.streams.STEP_PARTS` that are known, each float64 [k].
        """
        if self._trouble is not None:
            raise self._trouble
        self.beat()
        self._calls.append(
            (task or self.task, first_step, starts, seconds, waits, examples, loss, parts or {})
        )

    def examples(self, first_step: int, numbers: np.ndarray, task: str | None = None) -> None:
        """Add which examples the steps of one call trained on: `numbers`, int64 [k, examples]."""
        if self._trouble is not None:
            raise self._trouble
        self._numbers.append((task or self.task, first_step, numbers))

    def event(self, name: str, **fields: Any) -> None:
        """Write down at once that something happened now."""
        if self._trouble is not None:
            raise self._trouble
        self.beat()
        line = json.dumps(as_json({"time": time.time(), "event": name, **fields}))
        with self._writing:
            self._events.write(line + "\n")
            self._events.flush()

    def state(self, name: str) -> None:
        """What the task is doing now ("training"), as the live view shows it."""
        self._state = name
        self.beat()

    def beat(self) -> None:
        """Say that the task gets on where nothing else shows it: within a long evaluation, say."""
        self._beats += 1

    def flush(self) -> None:
        """Write out everything added so far. Raises OSError."""
        with self._writing:
            self._write_out()

    def close(self, clean: bool = True) -> None:
        """Write out the rest; where the end is `clean`, also the Parquet files. May be repeated."""
        if self._stop.is_set():
            return
        self._stop.set()
        self._thread.join()
        try:
            if self._trouble is not None:
                raise self._trouble
            with self._writing:
                self._samples.append(self._sampler.sample())
                self._write_out()
        finally:
            self._events.close()
            streams = (*self._writers.values(), *self._number_writers.values(), self._resources)
            for writer in streams:
                writer.close(parquet=clean and self._trouble is None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(clean=error is None)

    def _run(self) -> None:
        wakes = 0
        try:
            while not self._stop.is_set():
                with self._writing:
                    self._check_folder()
                    self._samples.append(self._sampler.sample())
                    if wakes % SAMPLES_PER_FLUSH == 0:
                        self._write_out()
                wakes += 1
                self._stop.wait(SAMPLE_SECONDS)
        except OSError as error:
            self._trouble = error

    def _check_folder(self) -> None:
        """What is written into a file whose name was taken away is lost without a word."""
        if os.fstat(self._events.fileno()).st_nlink == 0:
            where = self.folder.task_folder(self.task)
            raise FolderRemovedError(f"{where}: was removed while the run went on")

    def _write_out(self) -> None:
        # Taken before the calls and written after them: no example is without its step, whenever a
        # call is added meanwhile, or the task killed.
        numbers = [self._numbers.popleft() for _ in range(len(self._numbers))]
        by_task: dict[str, list[_Call]] = {}
        while self._calls:
            call = self._calls.popleft()
            if len(call[2]):
                by_task.setdefault(call[0], []).append(call)
        for task, calls in by_task.items():
            if task not in self._writers:
                self._writers[task] = StreamWriter(self.folder.task_folder(task), STEPS)
                self._trained[task] = _Trained()
            columns = _step_columns(calls)
            self._writers[task].append(columns)
            self._trained[task].add(columns, calls[-1][6])
        for each in numbers:
            self._write_numbers(*each)
        samples, self._samples = self._samples, []
        if samples:
            rows = [asdict(sample) for sample in samples]
            self._resources.append({name: [row[name] for row in rows] for name in rows[0]})
            self._replace_progress(samples[-1])

    def _write_numbers(self, task: str, first_step: int, numbers: np.ndarray) -> None:
        if task not in self._number_writers:
            folder = self.folder.task_folder(task)
            self._number_writers[task] = StreamWriter(folder, EXAMPLES)
        steps = np.repeat(np.arange(len(numbers)) + first_step, numbers.shape[1])
        self._number_writers[task].append({"step": steps, "number": numbers.ravel()})

    def _replace_progress(self, sample: Sample) -> None:
        own = _together(list(self._trained.values())).record()
        others = {task: each.record() for task, each in self._trained.items() if task != self.task}
        self.folder.write(
            f"tasks/{self.task}/{PROGRESS}",
            {
                "state": self._state,
                "beats": self._beats,
                "written_bytes": sample.written_bytes,
                **own,
                "time": sample.time,
                "cpu_percent": _cpu_percent(self._last_sample, sample),
                "rss_mb": None if sample.rss_bytes is None else sample.rss_bytes / 1e6,
                "tasks": others,
            },
        )
        self._last_sample = sample


@dataclass
class _Trained:
    """How far a task has come; its rate is that of the rows written last, about a second's."""

    step: int | None = None
    examples: int = 0
    examples_per_second: float | None = None
    loss: float | None = None

    def add(self, columns: dict[str, np.ndarray], loss: float | None) -> None:
        self.step = int(columns["step"][-1])
        examples = int(columns["examples"].sum())
        seconds = float(columns["seconds"].sum())
        self.examples += examples
        self.examples_per_second = examples / seconds if seconds > 0 else None
        self.loss = loss if loss is not None else self.loss

    def record(self) -> dict[str, Any]:
        return asdict(self)


def _together(trained: list[_Trained]) -> _Trained:
    """All tasks that this recorder writes rows for as one: their rates and examples add up."""
    if not trained:
        return _Trained()
    furthest = max(trained, key=lambda each: each.step or 0)
    rates = [each.examples_per_second or 0.0 for each in trained]
    return _Trained(
        step=furthest.step,
        examples=sum(each.examples for each in trained),
        examples_per_second=sum(rates) or None,
        loss=furthest.loss,
    )


def _step_columns(calls: list[_Call]) -> dict[str, np.ndarray]:
    """The columns of `steps` for these calls of one task, one row a step."""
    counts = np.array([len(call[2]) for call in calls])
    ends = np.cumsum(counts)
    within = np.arange(ends[-1]) - np.repeat(ends - counts, counts)
    losses = np.full(ends[-1], np.nan)
    losses[ends - 1] = [np.nan if call[6] is None else call[6] for call in calls]
    return {
        "step": np.repeat([call[1] for call in calls], counts) + within,
        "start": np.concatenate([call[2] for call in calls]),
        "seconds": np.concatenate([call[3] for call in calls]),
        "wait_seconds": np.concatenate([call[4] for call in calls]),
        "examples": np.repeat([call[5] for call in calls], counts),
        "loss": losses,
        **{name: np.concatenate([_part(call, name) for call in calls]) for name in STEP_PARTS},
    }


def _part(call: _Call, name: str) -> np.ndarray:
    known: np.ndarray | None = call[7].get(name)
    return np.full(len(call[2]), np.nan) if known is None else known


def _cpu_percent(before: Sample | None, after: Sample) -> float | None:
    """Share of one core used between two samples; 200 is two cores."""
    if before is None or after.time <= before.time:
        return None
    return 100 * (after.cpu_seconds - before.cpu_seconds) / (after.time - before.time)
