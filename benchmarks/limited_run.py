"""One run of the launcher with a limit on each task's memory, and the peak that it reached.

The launcher lies in a room above, so it is started as a person starts it: a process of its own.
Whatever signal asks this process to end is handed on to it, and it ends its tasks; where this
process is killed, it is killed too, and its tasks with it.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from results.errors import UserError
from results.run_folder import PLAN, STATUS, SUMMARY, RunFolder
from results.text import one_line

USUAL = {
    "until.steps": "8",
    "measure.warmup_steps": "2",
    "loop.steps_per_call": "2",
    "report": "false",
    "quiet.seconds": "0",
}
"""What a run is told unless a person says otherwise. All buffers are full and every step has been
traced after a few steps; a call of two shows what a loop within a call holds."""
OURS = ("batch.per_replica", "batch.total", "watch.memory_mb", "restarts", "hydra.run.dir")
"""Keys that each run gets a value of its own for."""
NO_RUN = {
    "dry_run": "starts nothing",
    "attach": "follows another run",
    "resume": "goes on with a sweep",
}
"""Keys of the launcher that make no new run, and what they do."""
_DONE, _FAILED, _REFUSED = 0, 1, 2
_MEMORY = "memory"
"""The kind of failure (`cause.kind` in status.json) of a task that memory ended."""


@dataclass(frozen=True)
class LimitedRun:
    """How a run ended that came to its end, or met its limit."""

    folder: Path
    batch: int
    """Per replica."""
    peak_mb: float | None
    """Most resident memory of one task; None where the run met its limit."""
    summary: Mapping[str, Any]
    tasks: int
    replicas: int
    train_examples: int | None


class RunFailed(Exception):
    """A run failed for another reason than memory: says which."""


def run_under(words: Mapping[str, str], batch: int, limit_mb: int, folder: Path) -> LimitedRun:
    """Runs the launcher with `words` at one batch; no task may hold more than `limit_mb`.

    Args:
      words: of the command line, by key; none of `OURS`.
      folder: of the run; made by the launcher.

    Raises:
      UserError: the launcher refused the words, with what it said.
      RunFailed: a task failed, and not for want of memory.
      KeyboardInterrupt: a signal asked for the end; the run has ended by now.
    """
    asked = _unless_given(words) | {
        "batch.per_replica": str(batch),
        "watch.memory_mb": str(limit_mb),
        "restarts": "0",
        "hydra.run.dir": str(folder),
    }
    code, said = _ended([f"{key}={value}" for key, value in asked.items()])
    if code == _REFUSED:
        raise UserError(said.removeprefix("error: ") or f"batch.per_replica={batch}: refused")
    if code not in (_DONE, _FAILED):
        raise RunFailed(f"the launcher ended with code {code}: {said}; see {folder}")
    return _read(RunFolder(folder), batch, code, said)


def _unless_given(words: Mapping[str, str]) -> dict[str, str]:
    usual = dict(USUAL)
    if any(key.startswith("until.") for key in words):
        del usual["until.steps"]
    return usual | dict(words)


def _read(folder: RunFolder, batch: int, code: int, said: str) -> LimitedRun:
    status = folder.read_if_there(STATUS) or {}
    plan = folder.read_if_there(PLAN) or {}
    summary = folder.read_if_there(SUMMARY) or {}
    if code == _FAILED and (status.get("cause") or {}).get("kind") != _MEMORY:
        raise RunFailed(f"{status.get('reason') or said}; see {folder.path}")
    peak = summary.get("peak_rss_mb_task_max")
    if code == _DONE and peak is None:
        raise RunFailed(f"this system doesn't tell how much memory a task held; see {folder.path}")
    return LimitedRun(
        folder=folder.path,
        batch=batch,
        peak_mb=peak if code == _DONE else None,
        summary=summary,
        tasks=max(1, len(plan.get("tasks") or [])),
        replicas=int(summary.get("workers") or 1),
        train_examples=status.get("train_examples"),
    )


def _ended(words: Sequence[str]) -> tuple[int, str]:
    """Exit code of the launcher, and the last line that it said on standard error."""
    with _handing_on() as (listeners, seen):
        with subprocess.Popen(
            [sys.executable, "-m", "launcher.dependent", str(os.getpid()), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,  # a terminal's Ctrl-C reaches it once, through this process
        ) as process:
            listeners.append(process)
            for number in seen:
                process.send_signal(number)
            _, said = process.communicate()
        if seen:
            raise KeyboardInterrupt
    lines = [line for line in said.splitlines() if line.strip()]
    told = next((line for line in lines if line.startswith(("error: ", "failed: "))), None)
    return process.returncode, one_line(told or (lines[-1] if lines else "it said nothing"))


@contextlib.contextmanager
def _handing_on() -> Iterator[tuple[list[subprocess.Popen[str]], list[int]]]:
    """While it lasts, signals that ask for the end go to the processes in the first list instead,
    and their numbers into the second."""
    listeners: list[subprocess.Popen[str]] = []
    seen: list[int] = []

    def hand_on(number: int, frame: FrameType | None) -> None:
        seen.append(number)
        for process in listeners:
            process.send_signal(number)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, hand_on) for number in numbers}
    try:
        yield listeners, seen
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
