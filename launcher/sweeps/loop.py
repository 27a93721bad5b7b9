"""A sweep from its first run to its last: which run is next, and when there is none.

The journal is written before each run begins and after it has ended. So wherever the launcher is
cut off, the next one knows what to do.
"""

import contextlib
import dataclasses
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from hydra.core.utils import run_job
from hydra.types import HydraContext
from omegaconf import DictConfig, open_dict
from rich.text import Text

from launcher import disk, marks
from launcher.disk import DiskFull, full_disk
from launcher.engines.slurm.commands import SlurmError
from launcher.hydra_errors import HYDRA_ERRORS, as_user_error
from launcher.jobs import EXIT_DONE, EXIT_FAILED, GOES_ON, IN_QUEUE, Job, Jobs, write_report
from launcher.queued.following import end, has_ended, seconds_at_work
from launcher.quiet import wait_until_quiet
from launcher.sweeps import journal as rules
from launcher.sweeps.attempts import keep_for_good, set_aside
from launcher.sweeps.cells import Manner
from launcher.sweeps.journal import Ending
from launcher.sweeps.swept_run import followed_run, swept_run
from results.errors import UserError
from results.run_folder import now
from results.sweep_folder import (
    DONE,
    FAILED,
    INTERRUPTED,
    NOT_APPLICABLE,
    RUNNING,
    STOPPED,
    Journal,
    SweptRun,
    write_journal,
)
from results.sweep_progress import duration, expected_seconds, progress_line, repeats, what_they_are
from results.text import counted

_REPORT_SECONDS = 600.0
"""Least time between two reports while the sweep goes on."""


class SweepLoop:
    """A sweep that this process is at work in: its folder is locked, and so is the host."""

    def __init__(
        self,
        folder: Path,
        journal: Journal,
        manner: Manner,
        configuration: DictConfig,
        context: HydraContext,
        jobs: Jobs,
    ) -> None:
        self._folder = folder
        self._journal = journal
        self._manner = manner
        self._configuration = configuration
        self._context = context
        self._jobs = jobs
        self._names = what_they_are(journal.runs)
        self._largest_bytes = 0
        self._reported = time.monotonic()

    def run(self) -> None:
        """Runs what is left, and tells what the sweep came to.

        Raises KeyboardInterrupt where a person interrupted it.
        """
        budget = self._manner.budget_seconds
        ends_before = None if budget is None else time.time() + budget
        interrupted, full = False, False
        try:
            self._write(rules.with_state(self._journal, RUNNING, ends_before=ends_before))
            self._settle_what_does_not_apply()
            stopped = self._run_all()
            state = STOPPED if stopped else rules.final_state(self._journal)
            self._write(rules.with_state(self._journal, state, stopped))
        except KeyboardInterrupt:
            interrupted, stopped = True, "interrupted"
            self._write(rules.with_state(self._journal, INTERRUPTED))
        except (DiskFull, OSError) as error:
            no_room = full_disk(error)
            if no_room is None:
                raise
            full, stopped = True, str(no_room)
            self._write_if_there_is_room(rules.with_state(self._journal, STOPPED, stopped))
        self._close(stopped, report=not full and self._jobs.interruptions < 2)
        if interrupted:
            raise KeyboardInterrupt
        self._jobs.exit_code = EXIT_FAILED if full or self._journal.count(FAILED) else EXIT_DONE

    def _settle_what_does_not_apply(self) -> None:
        """Their folders say why, as those of other runs do."""
        for run in self._journal.runs:
            if run.state == NOT_APPLICABLE and not (self._folder / run.folder).exists():
                self._announce(run)
                self._attempt(run, busy_share=None)

    def _run_all(self) -> str | None:
        """Why it stopped before the last run; None where there is none left."""
        in_queue = [run for run in self._journal.runs if run.state == RUNNING]
        over: str | None = None
        while True:
            run = None if over else rules.next_run(self._journal, self._manner.retries)
            if run is not None and len(in_queue) < self._manner.at_once:
                over = self._no_time_for(run)
                if over is None:
                    disk.check_room(self._folder, self._largest_bytes)
                    over = self._came_to(run, self._begin(run), in_queue)
            elif in_queue:
                run = in_queue.pop(self._first_to_follow(in_queue))
                over = self._came_to(run, self._follow(run, in_queue), in_queue) or over
            else:
                return over

    def _came_to(self, run: SweptRun, ending: Ending, in_queue: list[SweptRun]) -> str | None:
        """Keeps what an attempt at a run came to; why nothing is begun any more after it."""
        if ending.state in (IN_QUEUE, GOES_ON):
            in_queue.append(run)
        else:
            self._end(run, ending)
        if self._jobs.interruptions:
            self._end_all(in_queue)
            raise KeyboardInterrupt
        if ending.state == FAILED and self._manner.stop_on_failure and not self._is_retried(run):
            return f"sweep.stop_on_failure=true: run {run.number} failed"
        self._report_if_due()
        return None

    def _begin(self, run: SweptRun) -> Ending:
        if run.state == FAILED:  # so that no outcome is in the journal whose folder has moved
            self._write(rules.waiting_again(self._journal, run))
        set_aside(self._folder / run.folder, run.attempts)
        busy = self._wait_until_quiet()
        if self._jobs.interruptions:
            raise KeyboardInterrupt
        self._write(rules.begun(self._journal, self._now(run), now(), busy))
        self._announce(run)
        return self._interruptible(run, lambda: self._attempt(run, busy))

    def _follow(self, run: SweptRun, others: Sequence[SweptRun]) -> Ending:
        """Until it has ended, or another has."""
        folders = [self._folder / each.folder for each in others]
        name = f"run {run.number} " if self._manner.at_once > 1 else ""
        job = Job(self._folder / run.folder, list(run.overrides), name=name)
        ending = self._interruptible(
            run, lambda: followed_run(self._jobs, job, lambda: any(map(has_ended, folders)))
        )
        return dataclasses.replace(ending, seconds=seconds_at_work(job.folder))

    def _first_to_follow(self, in_queue: Sequence[SweptRun]) -> int:
        ended = [has_ended(self._folder / run.folder) for run in in_queue]
        return ended.index(True) if True in ended else 0

    def _end_all(self, in_queue: list[SweptRun]) -> None:
        """A person wants the end: all jobs are told before the first is waited for. Where only the
        terminal has gone they go on, and `resume` finds them."""
        if self._jobs.hung_up:
            return
        for run in in_queue:
            with contextlib.suppress(SlurmError):  # following it says so
                end(self._folder / run.folder)
        for run in in_queue:
            self._end(run, self._follow(run, ()))

    def _interruptible(self, run: SweptRun, attempt: Callable[[], Ending]) -> Ending:
        try:
            return attempt()
        except KeyboardInterrupt:
            self._write(rules.ended(self._journal, self._now(run), Ending(INTERRUPTED)))
            raise
        except DiskFull as full:
            self._journal = rules.ended(
                self._journal, self._now(run), Ending(INTERRUPTED, str(full))
            )
            raise

    def _end(self, run: SweptRun, ending: Ending) -> None:
        keep_for_good(self._folder / run.folder)
        self._largest_bytes = max(self._largest_bytes, disk.used_bytes(self._folder / run.folder))
        self._write(rules.ended(self._journal, self._now(run), ending))
        self._say(f"  {progress_line(self._journal)}")

    def _wait_until_quiet(self) -> float | None:
        """The busy share of this machine, where that is too much and runs are measured here."""
        if self._configuration.engine.elsewhere:
            return None
        return wait_until_quiet(self._manner.quiet_seconds, lambda: self._jobs.interruptions > 0)

    def _attempt(self, run: SweptRun, busy_share: float | None) -> Ending:
        folder, loader = (self._folder / run.folder).absolute(), self._context.config_loader
        try:
            configuration = loader.load_sweep_config(self._configuration, list(run.overrides))
        except HYDRA_ERRORS as error:  # composed when it began; a file of it has changed since
            reason = str(as_user_error(error, run.overrides) or error)
            marks.record(folder, FAILED, reason)
            self._say(f"  failed: {reason}")
            return Ending(FAILED, reason)
        with open_dict(configuration):
            configuration.hydra.job.id = configuration.hydra.job.num = run.number
        job = Job(
            folder=folder,
            overrides=list(run.overrides),
            busy_share=busy_share,
            timeout_seconds=self._manner.timeout_seconds,
            timeout_said=self._manner.timeout_said,
            followed=self._manner.at_once == 1,
        )
        ended = run_job(
            hydra_context=self._context,
            task_function=partial(swept_run, self._jobs, job),
            config=configuration,
            job_dir_key="hydra.sweep.dir",
            job_subdir_key="hydra.sweep.subdir",
        )
        ending: Ending = ended.return_value
        return ending

    def _no_time_for(self, run: SweptRun) -> str | None:
        """Why the run isn't begun any more: it would end too late."""
        ends_before = self._journal.ends_before
        if ends_before is None:
            return None
        left = ends_before - time.time()
        takes = expected_seconds(run, self._journal.runs) or 0.0
        if takes <= left:
            return None
        hours = (self._manner.budget_seconds or 0.0) / 3600
        return (
            f"sweep.hours={hours:g}: the next run takes about {duration(takes)}, "
            f"{duration(max(0.0, left))} are left"
        )

    def _is_retried(self, run: SweptRun) -> bool:
        following = rules.next_run(self._journal, self._manner.retries)
        return following is not None and following.number == run.number

    def _now(self, run: SweptRun) -> SweptRun:
        """The run as the journal has it by now."""
        return next(each for each in self._journal.runs if each.number == run.number)

    def _report_if_due(self) -> None:
        if time.monotonic() - self._reported >= _REPORT_SECONDS:
            write_report(self._folder)
            self._reported = time.monotonic()

    def _announce(self, run: SweptRun) -> None:
        told = [f"run {run.number}"]
        if (of := repeats(self._journal)) > 1:
            told.append(f"repeat {run.repeat + 1} of {of}")
        if run.attempts:
            told.append(f"attempt {run.attempts + 1}")
        self._say(f"{', '.join(told)}: {self._names[run.number]}", style="bold")

    def _close(self, stopped: str | None, report: bool) -> None:
        """The table, the report, and how to go on where something is left."""
        from results.commands import list_runs

        with contextlib.suppress(UserError):  # it has no run to show yet
            list_runs.run({"folder": str(self._folder)})
            page = write_report(self._folder) if report else None
            if page is not None:
                self._say(f"Report  {page}")
        if stopped is not None:
            left = len(self._journal.runs) - self._journal.count(DONE, FAILED, NOT_APPLICABLE)
            print(
                f"stopped: {stopped}; {counted(left, 'run')} left, go on with them by "
                f"resume={self._folder}",
                file=sys.stderr,
            )

    def _write(self, journal: Journal) -> None:
        self._journal = journal
        write_journal(self._folder, journal)

    def _write_if_there_is_room(self, journal: Journal) -> None:
        try:
            self._write(journal)
        except OSError as error:
            if full_disk(error) is None:
                raise

    def _say(self, text: str, style: str = "") -> None:
        self._jobs.console.print(Text(text, style=style), soft_wrap=True)
