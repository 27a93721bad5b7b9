"""The launcher inside a job: supervises the run, and sees to what follows when Slurm ends it early.

The job's script becomes this process, on the job's first node. It is told to leave by SIGUSR1 ahead
of the time limit, by SIGUSR2 of its own step (of a preemption, say), and by SIGTERM at the end.
"""

import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType

from launcher import marks
from launcher.earlier import earlier_starts, failures
from launcher.engines.slurm import JOB_VARIABLE
from launcher.engines.slurm.commands import SlurmError
from launcher.engines.slurm.job import JobLook, look, queue_again
from launcher.jobs import write_report
from launcher.queued.files import (
    AGAIN,
    ENDED,
    Asked,
    Start,
    read_asked,
    read_starts,
    write_asked,
    write_starts,
)
from launcher.queued.next_start import Told, is_queued_already, may_lose_hosts, why_again
from launcher.run import run_one
from launcher.session import Interrupts, Session
from results.errors import UserError
from results.run_folder import STATUS, RunFolder, now
from results.sweep_folder import FAILED, INTERRUPTED

_TOLD = (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)
_TOO_SHORT = (
    "the job's time limit came near before its tasks were started; give a longer engine.time"
)
_SAME_SECONDS = 5.0
"""One message comes as several signals within moments: to the step, and to the script."""


class SlurmInterrupts(Interrupts):
    """Counts messages to leave, and keeps how the first came."""

    def __init__(self) -> None:
        super().__init__()
        self.told: Told | None = None
        self._last = float("-inf")

    def listen(self) -> None:
        super().listen()
        for number in (signal.SIGUSR1, signal.SIGUSR2):
            self._before[number] = signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        moment = time.monotonic()
        if self.told is None:
            self.told = Told(at=time.time(), early=number == signal.SIGUSR1)
        if moment - self._last > _SAME_SECONDS:
            super()._on_signal(number, frame)
        self._last = moment


def main(words: Sequence[str]) -> int:
    """Runs what `<folder>/job.json` asks for; returns the exit code of the job."""
    folder, job = Path(words[0]), os.environ[JOB_VARIABLE]
    restarts = int(os.environ.get("SLURM_RESTART_COUNT") or 0)
    for number in _TOLD:  # what Slurm tells when the run is over changes nothing, nor may it hit
        signal.signal(number, signal.SIG_IGN)  # the commands that queue the job again
    asked, starts = read_asked(folder), read_starts(folder)
    start = Start(began=now(), host=os.environ.get("SLURMD_NODENAME") or socket.gethostname())
    write_starts(folder, [*starts, start])
    if asked.job is None:  # who submitted it was killed before it could write this down
        write_asked(folder, replace(asked, job=job))
    end = _end_of(_look(job))
    interrupts = SlurmInterrupts()
    state = _run(interrupts, asked, folder)
    why, without = _why_again(folder, asked, state, interrupts.told, _look(job), end)
    if why is not None:
        write_starts(folder, [*starts, replace(start, then=AGAIN, why=why)])
        if _is_queued(job, restarts, without):
            return 0
    if asked.experiment.report and state is not None:
        write_report(folder)
    write_starts(folder, [*starts, replace(start, then=ENDED, refused=state is None)])
    return 0 if state == "done" else 1


def _run(interrupts: SlurmInterrupts, asked: Asked, folder: Path) -> str | None:
    """How the run ended; None where it was refused."""
    session = Session()
    session.interrupts = interrupts
    try:
        with session:
            return run_one(session, asked.experiment, folder, list(asked.overrides)).state
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        print(getattr(error, "log", ""), file=sys.stderr)
        marks.record(folder, FAILED, str(error))
        return None
    except KeyboardInterrupt:
        if _has_begun(folder):
            return INTERRUPTED
        if interrupts.told is not None and interrupts.told.early:  # it would be the same again
            marks.record(folder, FAILED, _TOO_SHORT)
            return FAILED
        marks.record(folder, INTERRUPTED, "interrupted before it started")
        return INTERRUPTED
    except Exception as error:  # the edge of a job
        traceback.print_exc()
        marks.record(folder, FAILED, f"{type(error).__name__}: {error}")
        return FAILED


def _why_again(
    folder: Path,
    asked: Asked,
    state: str | None,
    told: Told | None,
    seen: JobLook | None,
    end: float | None,
) -> tuple[str | None, str | None]:
    """Why the job begins again, if it does, and the nodes that it shall not get then."""
    if state == INTERRUPTED and told is not None:
        return why_again(told, seen, end), None
    if state == FAILED:
        run = RunFolder(folder)
        lost, earlier = run.read(STATUS).get("lost_hosts", []), earlier_starts(run)
        failed = 0 if earlier is None else failures(earlier.attempts)
        if may_lose_hosts(lost, failed, asked.experiment.restarts):
            return f"{', '.join(lost)} was lost", ",".join(lost)
    return None, None


def _has_begun(folder: Path) -> bool:
    """Whether this start, or an earlier one, has come so far as to start tasks."""
    return earlier_starts(RunFolder(folder)) is not None


def _is_queued(job: str, restarts: int, without: str | None) -> bool:
    """Queues the job again; False where that can't be done."""
    try:
        if not is_queued_already(_look(job), restarts):
            queue_again(job, without)
    except SlurmError as error:
        print(f"job {job} can't be queued again: {error}", file=sys.stderr)
        return False
    return True


def _look(job: str) -> JobLook | None:
    """None also where nobody answers: then the clock alone has to do."""
    try:
        return look(job)
    except SlurmError as error:
        print(f"job {job}: {error}", file=sys.stderr)
        return None


def _end_of(seen: JobLook | None) -> float | None:
    return None if seen is None else seen.end


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
