"""What Hydra calls for a single run, and what a sweep calls for each of its runs.

Both are attempts at one run, in one session that serves all of them.
"""

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig
from rich.console import Console

from launcher import folders, marks
from launcher.closing import as_seen_from_here, print_summary
from launcher.deadline import Deadline
from launcher.disk import full_disk
from launcher.engines.given import CHIEF, GIVEN
from launcher.errors import WANTS_TRACEBACK, FolderTaken, print_refusal
from launcher.experiment import resolve
from launcher.quiet import wait_until_quiet
from launcher.session import Session
from launcher.targets import named
from launcher.variables import as_typed
from results.errors import UserError
from results.sweep_folder import FAILED, INTERRUPTED
from results.terminal import terminal

if TYPE_CHECKING:
    from launcher.run import Outcome

EXIT_DONE, EXIT_FAILED, EXIT_REFUSED = 0, 1, 2
IN_QUEUE = "in queue"
"""`Outcome.state` of a run whose job was submitted, and isn't followed yet."""
GOES_ON = "goes on"
"""`Outcome.state` where only the following of a job has ended."""


@dataclass(frozen=True)
class Job:
    """One attempt at a run."""

    folder: Path
    overrides: list[str]
    busy_share: float | None = None
    """Of the machine's cores, busy with other things before it began, where that was too much."""
    timeout_seconds: float | None = None
    timeout_said: str = ""
    """The key and the value that the limit comes from."""
    followed: bool = True
    """Of a run that a job in a queue does: whether to wait for its end."""
    name: str = ""
    """Said before how it ended, where others are in the queue at the same time."""
    may_ask: bool = False
    """Whether a person at a terminal may be asked on Ctrl-C what becomes of it."""


class Jobs:
    """The jobs of one command. The object itself is the function that Hydra calls for a single
    run; a sweep calls `attempt`."""

    def __init__(self, session: Session) -> None:
        self.exit_code = EXIT_DONE
        """Of the command; an interruption is a KeyboardInterrupt instead."""
        self.notes_told: set[str] = set()
        """Of runs of a sweep, which mostly have the same."""
        self.console = terminal()
        self._session = session

    def __call__(self, configuration: DictConfig) -> None:
        """A single run. Raises KeyboardInterrupt where it was interrupted."""
        hydra = HydraConfig.get()
        folder, overrides = Path(hydra.runtime.output_dir), as_typed(hydra.overrides.task)
        given = configuration.engine.name == GIVEN
        if given and (code := self._followed(configuration, folder, overrides)) is not None:
            self.exit_code = code
            return
        try:
            busy = None
            if not configuration.engine.elsewhere:
                busy = wait_until_quiet(configuration.quiet.seconds, lambda: self.interruptions > 0)
            job = Job(folder, overrides, busy, may_ask=True)
            outcome = self.attempt(job, configuration)
        except UserError as error:
            if not isinstance(error, FolderTaken):
                folders.remove(folder)
            print_refusal(error, getattr(error, "log", ""))
            self.exit_code = EXIT_REFUSED
            return
        except KeyboardInterrupt:
            folders.remove(folder)
            print("interrupted before anything started", file=sys.stderr)
            raise
        except Exception as error:  # the edge of a command
            if (full := full_disk(error)) is not None:
                print(f"failed: {full}", file=sys.stderr)
            else:
                traceback.print_exc()
                marks.record(folder, FAILED, f"{type(error).__name__}: {error}")
            self.exit_code = EXIT_FAILED
            return
        self.exit_code = tell_end(outcome, folder, self.console)

    def _followed(
        self, configuration: DictConfig, folder: Path, overrides: list[str]
    ) -> int | None:
        """The exit code of a process whose task the chief's launcher leads; None where this is the
        chief's."""
        experiment = resolve(configuration, overrides)
        given = experiment.engine.given
        if given is None or given.task == CHIEF:
            return None
        from launcher.following import follow

        with _environment_of_the_user():
            return follow(self._session, experiment, given, folder)

    @property
    def interruptions(self) -> int:
        """How often a person has asked for the end: once is a request, twice an order."""
        return self._session.interrupts.count

    @property
    def hung_up(self) -> bool:
        """Whether that was only the terminal, which has gone."""
        return self._session.interrupts.hung_up

    def attempt(self, job: Job, configuration: DictConfig) -> "Outcome":
        """Runs it to its end, leaves everything in the job's folder and says how it ended.

        Raises:
          NotApplicable: what was asked for makes no sense together.
          UserError: something else that a person can mend; nothing was started.
          KeyboardInterrupt: interrupted before the tasks were started.
        """
        with _environment_of_the_user():
            return self._attempt(job, configuration)

    def _attempt(self, job: Job, configuration: DictConfig) -> "Outcome":
        experiment = resolve(configuration, job.overrides)
        from launcher.run import Outcome, run_one

        if experiment.engine.job is not None:
            with self._session.interrupts.awaiting("the queue to take the job"):
                named(experiment.engine.job)(experiment, job.folder, job.overrides)
            return self.follow(job) if job.followed else Outcome(IN_QUEUE, None)
        outcome = self._within_time(
            job, lambda: run_one(self._session, experiment, job.folder, job.overrides)
        )
        if job.busy_share is not None:
            outcome = marks.busy(job.folder, outcome, job.busy_share)
        if experiment.report and self.interruptions < 2:
            write_report(job.folder)
        return outcome

    def follow(self, job: Job, is_enough: Callable[[], bool] = lambda: False) -> "Outcome":
        """Follows a run that a job in a queue does, which writes its report itself.

        Args:
          is_enough: asked now and then, whether to leave it alone to go on.

        Raises UserError where it was refused on the cluster.
        """
        from launcher.queued.following import follow

        interrupts = self._session.interrupts
        return self._within_time(
            job, lambda: follow(job.folder, interrupts, job.may_ask, is_enough)
        )

    def _within_time(self, job: Job, run: "Callable[[], Outcome]") -> "Outcome":
        with Deadline(self._session.interrupts, job.timeout_seconds) as deadline:
            try:
                outcome = run()
            except KeyboardInterrupt:
                if deadline.passed:
                    raise UserError(_too_long(job)) from None
                raise
        if deadline.passed and outcome.state == INTERRUPTED and not self.interruptions:
            outcome = marks.failed(job.folder, outcome, _too_long(job))
        return outcome


def tell_end(outcome: "Outcome", folder: Path, console: Console) -> int:
    """Tells a person how a run ended; returns the exit code of the command.

    Raises KeyboardInterrupt where the run was interrupted, or only its following was.
    """
    if outcome.state == INTERRUPTED:
        where = as_seen_from_here(folder)
        if outcome.reason in (None, marks.SIGNALLED):
            print(f"interrupted; what was measured lies in {where}", file=sys.stderr)
        else:  # not by who reads this
            print(f"interrupted: {outcome.reason}", file=sys.stderr)
            print(f"what was measured lies in {where}", file=sys.stderr)
        raise KeyboardInterrupt
    if outcome.state == GOES_ON:
        if outcome.reason is None:
            raise KeyboardInterrupt
        print(f"{outcome.reason}; attach={folder} follows the run again", file=sys.stderr)
        return EXIT_FAILED
    if outcome.state == FAILED:
        tell_failure(outcome, folder)
        return EXIT_FAILED
    if outcome.summary is not None:
        print_summary(outcome.summary, folder, console)
    return EXIT_DONE


def tell_failure(outcome: "Outcome", folder: Path) -> None:
    """The end of the failed task's log, the reason, what followed from it, where to look."""
    if outcome.log_tail:
        print(outcome.log_tail, file=sys.stderr)
    print(f"failed: {outcome.reason}", file=sys.stderr)
    for line in outcome.consequences:
        print(f"  {line}", file=sys.stderr)
    print(f"see {as_seen_from_here(folder)}", file=sys.stderr)


def write_report(folder: Path) -> Path | None:
    """The report's page; None, and a line about it, where it can't be written."""
    from results.report import write_report

    try:
        return write_report(folder)
    except (UserError, OSError) as error:
        print(f"no report: {error}", file=sys.stderr)
    except Exception:  # the edge of a report: what is measured goes on without it
        traceback.print_exc()
    return None


def _too_long(job: Job) -> str:
    return f"{job.timeout_said}: it took longer"


@contextmanager
def _environment_of_the_user() -> Iterator[None]:
    """Without the variable that `launcher.command` sets for Hydra: tasks inherit the rest."""
    if not WANTS_TRACEBACK:
        os.environ.pop("HYDRA_FULL_ERROR", None)
    try:
        yield
    finally:
        os.environ["HYDRA_FULL_ERROR"] = "1"
