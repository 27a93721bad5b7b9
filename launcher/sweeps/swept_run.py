"""One run of a sweep: whatever becomes of it, the sweep goes on, and hears of it in one word."""

import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig
from rich.text import Text

from launcher import marks
from launcher.disk import DiskFull, full_disk
from launcher.errors import NotApplicable
from launcher.failure_kinds import DISK
from launcher.jobs import GOES_ON, IN_QUEUE, Job, Jobs, tell_failure
from launcher.sweeps.journal import Ending
from results.errors import UserError
from results.run_folder import STATUS, RunFolder
from results.sweep_folder import FAILED, INTERRUPTED, NOT_APPLICABLE
from results.text import one_line

if TYPE_CHECKING:
    from launcher.run import Outcome


def swept_run(jobs: Jobs, job: Job, configuration: DictConfig) -> Ending:
    """Runs it and tells how it ended; `in queue` where its job is not to be followed yet.

    Raises:
      DiskFull: there was no room for what it measured.
      KeyboardInterrupt: a person interrupted it before its tasks were started.
    """
    return _ended(jobs, job, lambda: jobs.attempt(job, configuration))


def followed_run(jobs: Jobs, job: Job, is_enough: Callable[[], bool]) -> Ending:
    """Follows a run that a job does, and tells how it ended; `goes on` where that was enough.

    Raises as `swept_run`.
    """
    return _ended(jobs, job, lambda: jobs.follow(job, is_enough))


def _ended(jobs: Jobs, job: Job, run: "Callable[[], Outcome]") -> Ending:
    began = time.perf_counter()
    try:
        outcome = run()
    except UserError as error:
        if (full := full_disk(error)) is not None:
            raise full from error
        state = NOT_APPLICABLE if isinstance(error, NotApplicable) else FAILED
        marks.record(job.folder, state, str(error))
        _say(jobs, f"  {state.replace('_', ' ')}: {error}")
        return Ending(state, str(error))
    except KeyboardInterrupt:
        marks.record(job.folder, INTERRUPTED, "interrupted before it started")
        raise
    except Exception as error:  # the edge of a run: a sweep goes on after a fault of ours
        if (full := full_disk(error)) is not None:
            raise full from error
        traceback.print_exc()
        reason = f"{type(error).__name__}: {error}"
        marks.record(job.folder, FAILED, reason)
        return Ending(FAILED, reason)
    if outcome.state in (IN_QUEUE, GOES_ON):
        return Ending(outcome.state, outcome.reason)
    if outcome.state == INTERRUPTED and not jobs.interruptions:
        outcome = marks.failed(
            job.folder, outcome, str(outcome.reason)
        )  # not by who runs the sweep
    if outcome.state == FAILED and _kind_of_failure(job.folder) == DISK:
        raise DiskFull(f"the disk is full ({one_line(outcome.reason, 100)}); make space")
    _tell(jobs, outcome, job)
    return Ending(outcome.state, outcome.reason, time.perf_counter() - began)


def _kind_of_failure(folder: Path) -> str | None:
    cause = RunFolder(folder).read(STATUS).get("cause") or {}
    return cause.get("kind")


def _tell(jobs: Jobs, outcome: "Outcome", job: Job) -> None:
    if outcome.state == FAILED:
        tell_failure(outcome, job.folder)
    elif outcome.state == INTERRUPTED:
        print(f"interrupted; what was measured lies in {job.folder}", file=sys.stderr)
    elif outcome.summary is not None:
        notes = str(outcome.summary.get("notes") or "")
        told = _in_a_line(outcome.summary, "" if notes in jobs.notes_told else notes)
        _say(jobs, f"  {job.name}done: {told}")
        jobs.notes_told.add(notes)


def _in_a_line(summary: dict[str, Any], notes: str) -> str:
    told = []
    if summary.get("examples_per_second") is not None:
        told.append(f"{summary['examples_per_second']:,.0f} examples/s")
    if summary.get("quality") is not None:
        told.append(f"{summary.get('quality_name') or 'quality'} {summary['quality']:.4g}")
    if summary.get("total_seconds") is not None:
        told.append(f"{summary['total_seconds']:.1f} s")
    if notes:
        told.append(notes)
    return ", ".join(told)


def _say(jobs: Jobs, text: str) -> None:
    jobs.console.print(Text(text), soft_wrap=True)
