"""The trace of `profile.steps`: every task traces the same steps, each into a file of its own.

TensorFlow 2.21 sometimes aborts a task (SIGABRT) while it collects the trace: memory is freed twice
in `SplitEventTracker::FindStartAndMerge`, which joins the two ends of operations that begin on one
thread and end on another, as collectives do. Nothing done here prevents it.

TensorFlow names a trace by host, and the tasks of one machine would overwrite each other's; so each
writes into a folder of its own, and its file is then put where all of them are converted together.
"""

import contextlib
import shutil
from contextlib import AbstractContextManager

import tensorflow as tf

from results.profiles import trace_of_task
from strategies.job import TrainingJob


class ProfiledSteps:
    """Starts and stops the profiler of one task; nothing happens where no step is asked for."""

    def __init__(self, job: TrainingJob) -> None:
        self._job = job
        self._steps = job.profile.steps
        self._raw = job.folder.task_folder(job.task) / "profile"
        self._running = False

    def next_halt(self, step: int) -> int | None:
        """The next step after which the profiler has something to do: it sees single steps only
        where each is a call of its own."""
        if self._steps is None or step >= self._steps[-1]:
            return None
        return max(self._steps[0] - 1, step + 1)

    def start_after(self, step: int) -> bool:
        """Starts the profiler where the next step is the first to be traced; whether it did."""
        if self._steps is None or step != self._steps[0] - 1:
            return False
        self._job.recorder.state("profiling")
        tf.profiler.experimental.start(str(self._raw))
        self._running = True
        return True

    def marked(self, step: int) -> AbstractContextManager[object]:
        """What the call that makes `step` runs in, so that the trace knows it as a step."""
        if not self._running:
            return contextlib.nullcontext()
        return tf.profiler.experimental.Trace("train", step_num=step, _r=1)

    def stop_after(self, step: int) -> None:
        """Stops the profiler where `step` was the last to be traced."""
        if self._steps is not None and step == self._steps[-1]:
            self.stop()

    def stop(self) -> None:
        """Stops the profiler, wherever the run has got to, and keeps what it has seen."""
        if not self._running:
            return
        self._running = False
        tf.profiler.experimental.stop()
        (trace,) = self._raw.glob("plugins/profile/*/*.xplane.pb")
        kept = trace_of_task(self._job.folder.path, self._job.task)
        kept.parent.mkdir(exist_ok=True)
        trace.replace(kept)
        shutil.rmtree(self._raw)
        self._job.recorder.event("profiled", file=kept.name)
