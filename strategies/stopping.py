"""When a run stops: what this task knows, to be summed with what the others know."""

import signal
import time
from types import FrameType

from strategies.job import TrainingJob

INTERRUPTED = "interrupted"


class Stopping:
    """Watches the clock and the signals of one task, and finds the next step to halt at."""

    def __init__(self, job: TrainingJob) -> None:
        self._job = job
        self._began: float | None = None
        self._signalled = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def begin(self) -> None:
        """Training begins now: `until.seconds` counts from here."""
        self._began = time.perf_counter()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._signalled = True

    @property
    def asked(self) -> str | None:
        """Why this task wants to stop: `interrupted`, `seconds` (by the chief's clock), or None."""
        if self._signalled:
            return INTERRUPTED
        limit = self._job.until.seconds
        if limit is not None and self._job.chief and self.seconds >= limit:
            return "seconds"
        return None

    @property
    def seconds(self) -> float:
        """Seconds since training began; 0 before."""
        return 0.0 if self._began is None else time.perf_counter() - self._began

    def reached(self, step: int) -> str | None:
        """Whether `step` is the last one that the job allows, and by which key."""
        last = self._job.last_step
        if last is None or step < last:
            return None
        return "steps" if self._job.until.steps == last else "examples"

    def next_halt(self, step: int, every: list[int | None]) -> int | None:
        """The first step after `step` at which something happens between two calls."""
        halts = [step - step % n + n for n in every if n]
        if self._job.last_step is not None:
            halts.append(self._job.last_step)
        return min(halts, default=None)
