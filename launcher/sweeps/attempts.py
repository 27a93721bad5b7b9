"""A run's folder from one attempt at it to the next: nothing measured is lost, nothing is mixed up.

The folder of run 3 holds its last attempt; what the first left behind is moved to `3/attempts/1`,
and so on, before the next begins. Each step may be cut off and is then done again by whoever
resumes.
"""

import os
import time
from pathlib import Path

import psutil

from launcher.abandoned import remove_working_files
from launcher.failure_kinds import DISK
from launcher.sweeps.journal import Ending
from results.errors import UserError
from results.run_folder import STATUS, SUMMARY, RunFolder, force_to_disk, now, unix_seconds
from results.sweep_folder import DONE, FAILED, INTERRUPTED, RUNNING

ATTEMPTS = "attempts"
_ENGINES = "launcher.engines."
_LEFTOVER_SECONDS = 30.0
_POLL_SECONDS = 0.1


def set_aside(run: Path, attempt: int) -> None:
    """Move what attempt number `attempt` (from 1) left in the folder `run` to `attempts/<n>`."""
    if not run.is_dir():
        return
    left = [entry for entry in run.iterdir() if entry.name != ATTEMPTS]
    if not left:
        return
    remove_working_files(run)
    target = run / ATTEMPTS / str(attempt)
    target.mkdir(parents=True, exist_ok=True)
    for entry in left:
        if entry.exists() or entry.is_symlink():
            entry.replace(target / entry.name)


def finished(run: Path) -> Ending | None:
    """The outcome that the folder holds in full: the run had ended, though no one wrote that into
    the journal any more. What is worked out afterwards is made up for."""
    folder = RunFolder(run)
    try:
        status = folder.read_if_there(STATUS) or {}
        if status.get("state") not in (DONE, FAILED):
            return None
        if (status.get("cause") or {}).get("kind") == DISK:
            return None  # no fault of the run's; what stopped the sweep couldn't be written down
        if folder.read_if_there(SUMMARY) is None:
            from benchmarks.summary import summarize

            folder.write(SUMMARY, summarize(folder))
        seconds = unix_seconds(status["ended"]) - unix_seconds(status["started"])
    except (KeyError, TypeError, ValueError, UserError):
        return None  # half of it is no outcome: it is run again, and this is kept as an attempt
    return Ending(status["state"], status.get("reason"), seconds)


def is_whole(run: Path) -> bool:
    """Whether the folder still holds all that makes a finished run."""
    try:
        status = RunFolder(run).read_if_there(STATUS) or {}
        return status.get("state") == DONE and RunFolder(run).read_if_there(SUMMARY) is not None
    except UserError:
        return False


def mark_interrupted(run: Path, reason: str) -> None:
    """The folder of a run whose launcher was killed says so instead of "running" for ever."""
    folder = RunFolder(run)
    try:
        status = folder.read_if_there(STATUS) or {}
    except UserError:
        return
    if status.get("state") == RUNNING:
        folder.write(STATUS, {**status, "state": INTERRUPTED, "reason": reason, "ended": now()})


def keep_for_good(run: Path) -> None:
    """Returns when the finished run would outlast a power cut: the journal may then say so."""
    for place, _, names in os.walk(run):
        for name in names:
            if (Path(place) / name).is_file():
                force_to_disk(Path(place) / name)
        force_to_disk(Path(place))


def wait_for_leftovers(sweep: Path, launcher: int | None) -> None:
    """Returns when nothing that an earlier launcher started is left: what it leads ends a moment
    after it, and must not write into the next attempt's folder.

    Args:
      launcher: its process id, where that is known.
    """
    limit = time.monotonic() + _LEFTOVER_SECONDS
    while left := _leftovers(sweep, launcher):
        if time.monotonic() > limit:
            raise UserError(
                f"resume={sweep}: process {left[0]} of an earlier launcher still works there; "
                "end it first"
            )
        time.sleep(_POLL_SECONDS)


def _leftovers(sweep: Path, launcher: int | None) -> list[int]:
    """Processes that have a file below `sweep` open for writing (each task has its log), or that
    are named as those that the launcher's engine starts are."""
    below = str(sweep.resolve()) + os.sep
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            of_it = str(launcher) in words and any(_ENGINES in word for word in words)
            if of_it or any(
                each.path.startswith(below) and each.mode != "r" for each in process.open_files()
            ):
                found.append(process.pid)
        except psutil.Error:
            continue  # gone, or someone else's
    return [pid for pid in found if pid != os.getpid()]
