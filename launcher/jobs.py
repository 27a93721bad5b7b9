"""What becomes of each job that Hydra hands over: one run, its outcome kept and told.

One run that fails never ends a sweep.
"""

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig
from rich.console import Console
from rich.text import Text

from launcher import folders
from launcher.closing import print_summary
from launcher.errors import WANTS_TRACEBACK, FolderTaken, NotApplicable, print_refusal
from launcher.experiment import resolve
from launcher.session import Session
from results.errors import UserError
from results.run_folder import STATUS, RunFolder, now

if TYPE_CHECKING:
    from launcher.run import Outcome

DONE = "done"
FAILED = "failed"
INTERRUPTED = "interrupted"
NOT_APPLICABLE = "not_applicable"
REFUSED = "refused"
"""A single run that a person has to correct; nothing of it is kept."""

_EXIT_CODES = {DONE: 0, NOT_APPLICABLE: 0, FAILED: 1, REFUSED: 2, INTERRUPTED: 130}


@dataclass(frozen=True)
class _Job:
    folder: Path
    number: int | None
    """In its sweep; None for a single run."""
    overrides: list[str]

    @property
    def name(self) -> str:
        asked = " ".join(word for word in self.overrides if not word.startswith("hydra."))
        return f"run {self.number}: {asked}"


class Jobs:
    """The jobs of one command, in one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._states: list[str] = []
        self._sweep: Path | None = None
        self._console = Console(highlight=False)

    def run(self, configuration: DictConfig) -> None:
        """The function that Hydra calls for each job.

        Raises KeyboardInterrupt where the run was interrupted, so that a sweep ends there.
        """
        job = _current_job()
        if job.number is not None:
            self._sweep = Path(HydraConfig.get().sweep.dir)
            self._say(job.name, style="bold")
        with _environment_of_the_user():
            state = self._outcome(job, configuration)
        self._states.append(state)
        if state == INTERRUPTED and self._sweep is not None:
            self._close_sweep(self._sweep)
        if state == INTERRUPTED:
            raise KeyboardInterrupt

    def close(self) -> int:
        """Tells what a sweep came to; returns the exit code of the command."""
        if self._sweep is not None:
            self._close_sweep(self._sweep)
        return max((_EXIT_CODES[state] for state in self._states), default=0)

    def _outcome(self, job: _Job, configuration: DictConfig) -> str:
        """The state that the job ended in; whatever went wrong has been told."""
        single = job.number is None
        try:
            experiment = resolve(configuration, job.overrides)
            outcome = self._run(experiment, job)
        except UserError as error:
            if single:
                if not isinstance(error, FolderTaken):
                    folders.remove(job.folder)
                print_refusal(error, getattr(error, "log", ""))
                return REFUSED
            state = NOT_APPLICABLE if isinstance(error, NotApplicable) else FAILED
            _record(job.folder, state, str(error))
            self._say(f"  {state.replace('_', ' ')}: {error}")
            return state
        except KeyboardInterrupt:
            if single:
                folders.remove(job.folder)
            else:
                _record(job.folder, INTERRUPTED, "interrupted before it started")
            print("interrupted before anything started", file=sys.stderr)
            return INTERRUPTED
        except Exception as error:  # the edge of a job: a sweep goes on after a fault of ours
            traceback.print_exc()
            _record(job.folder, FAILED, f"{type(error).__name__}: {error}")
            return FAILED
        self._tell(outcome, job)
        return outcome.state

    def _run(self, experiment: Any, job: _Job) -> "Outcome":
        from launcher.run import run_one

        outcome = run_one(self._session, experiment, job.folder, job.overrides)
        hurried = self._session.interrupts.count > 1
        if experiment.report and not hurried:
            _write_report(job.folder)
        return outcome

    def _tell(self, outcome: "Outcome", job: _Job) -> None:
        if outcome.state == FAILED:
            if outcome.log_tail:
                print(outcome.log_tail, file=sys.stderr)
            print(f"failed: {outcome.reason}", file=sys.stderr)
            for line in outcome.consequences:
                print(f"  {line}", file=sys.stderr)
            print(f"see {job.folder}", file=sys.stderr)
        elif outcome.state == INTERRUPTED:
            print(f"interrupted; what was measured lies in {job.folder}", file=sys.stderr)
        elif outcome.summary is not None:
            if job.number is None:
                print_summary(outcome.summary, job.folder, self._console)
            else:
                self._say(_in_a_line(outcome.summary))

    def _close_sweep(self, folder: Path) -> None:
        from results.commands import list_runs

        list_runs.run({"folder": str(folder)})
        report = _write_report(folder)
        if report is not None:
            self._say(f"Report  {report}")

    def _say(self, text: str, style: str = "") -> None:
        self._console.print(Text(text, style=style), soft_wrap=True)


def _current_job() -> _Job:
    hydra = HydraConfig.get()
    return _Job(
        folder=Path(hydra.runtime.output_dir),
        number=hydra.job.num if hydra.mode == RunMode.MULTIRUN else None,
        overrides=list(hydra.overrides.task),
    )


def _record(folder: Path, state: str, reason: str) -> None:
    moment = now()
    RunFolder(folder).write(
        STATUS,
        {
            "state": state,
            "reason": reason,
            "cause": None,
            "started": moment,
            "ended": moment,
            "exit_codes": {},
        },
    )


def _write_report(folder: Path) -> Path | None:
    """The report's page; None, and a line about it, where it can't be written."""
    from results.report import write_report

    try:
        return write_report(folder)
    except (UserError, OSError) as error:
        print(f"no report: {error}", file=sys.stderr)
        return None


def _in_a_line(summary: dict[str, Any]) -> str:
    told = []
    if summary.get("examples_per_second") is not None:
        told.append(f"{summary['examples_per_second']:,.0f} examples/s")
    if summary.get("quality") is not None:
        told.append(f"{summary.get('quality_name') or 'quality'} {summary['quality']:.4g}")
    if summary.get("total_seconds") is not None:
        told.append(f"{summary['total_seconds']:.1f} s")
    return "  done: " + ", ".join(told)


@contextmanager
def _environment_of_the_user() -> Iterator[None]:
    """Without the variable that `launcher.command` sets for Hydra: tasks inherit the rest."""
    if not WANTS_TRACEBACK:
        os.environ.pop("HYDRA_FULL_ERROR", None)
    try:
        yield
    finally:
        os.environ["HYDRA_FULL_ERROR"] = "1"
