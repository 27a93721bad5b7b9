"""Follows a run that a job in a queue does, from whatever it is at to its end.

Only files of the run's folder tell how the run is; Slurm tells of the queue, and of jobs that ended
without a word. Nobody needs the follower: it may end and another begin.
"""

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from launcher.abandoned import close_folder
from launcher.causes import Cause
from launcher.engines.slurm.commands import ControllerSilent, SlurmError
from launcher.engines.slurm.job import JobLook, cancel, jobs_before, look, tell_to_leave
from launcher.jobs import GOES_ON
from launcher.marks import record
from launcher.progress import View, progress_view
from launcher.queued.files import ENDED, OUTPUT, STARTS, Asked, Start, read_asked, read_starts
from launcher.queued.patience import Patience
from launcher.session import Interrupts
from results.errors import UserError
from results.run_folder import PROGRESS, STATUS, SUMMARY, RunFolder, unix_seconds
from results.sweep_folder import FAILED, INTERRUPTED
from results.text import counted

if TYPE_CHECKING:
    from launcher.run import Outcome

_TICK_SECONDS = 0.25
_LOOK_SECONDS = 5.0
"""The controller of a big cluster has many to answer."""
_RUNNING_LOOK_SECONDS = 15.0
_LATE_SECONDS = 15.0
"""A shared file system may show the last files of a job that has ended late."""
_SILENT_SECONDS = 12.0
_TAIL_CHARACTERS = 2_000
TOLD = "told_by_follower"
"""In `status.json`: who followed the run wrote down how it ended, as nobody else was left to."""


def follow(
    folder: Path,
    interrupts: Interrupts,
    may_ask: bool,
    is_enough: Callable[[], bool] = lambda: False,
) -> "Outcome":
    """Returns when the run has ended, or is left alone to go on.

    Args:
      folder: of the run.
      may_ask: whether a person at a terminal may be asked what to do on Ctrl-C.
      is_enough: asked now and then, whether to leave it alone now.

    Raises UserError where there is no job, or the run was refused before any of its tasks was
    started.
    """
    asked = read_asked(folder)
    if asked.job is None:
        raise UserError(f"attach={folder}: no job was queued for this run; start it anew")
    return _Follower(folder, asked, asked.job, interrupts, may_ask).follow(is_enough)


def has_ended(folder: Path) -> bool:
    """Whether the run's own launcher, inside the job, has seen it to its end."""
    starts = read_starts(folder)
    return bool(starts) and starts[-1].then == ENDED


def seconds_at_work(folder: Path) -> float | None:
    """From the first time that the run's job began to the last word of its launcher; None where it
    never began."""
    starts = read_starts(folder)
    return (folder / STARTS).stat().st_mtime - unix_seconds(starts[0].began) if starts else None


def is_in_queue(folder: Path) -> bool:
    """Whether a job does the run in `folder`, or will; also where the controller is silent."""
    try:
        asked = read_asked(folder)
        if asked.job is None or has_ended(folder):
            return False
        seen = look(asked.job)
    except UserError:
        return False
    except SlurmError:
        return True
    return seen is not None and not seen.has_ended


def end(folder: Path) -> None:
    """Tells a run's job to leave, or takes it out of the queue; returns at once.

    Raises SlurmError.
    """
    job = read_asked(folder).job
    if job is not None and not has_ended(folder):
        (tell_to_leave if read_starts(folder) else cancel)(job)


class _Follower:
    def __init__(
        self, folder: Path, asked: Asked, job: str, interrupts: Interrupts, may_ask: bool
    ) -> None:
        self._folder, self._asked, self._job = folder, asked, job
        self._interrupts, self._may_ask = interrupts, may_ask and sys.stdin.isatty()
        self._patience = Patience()
        self._said: str | None = None
        self._next_look = 0.0
        self._over_since: float | None = None
        """When Slurm first said that the job has ended, though its launcher hasn't."""
        self._seen: JobLook | None = None
        self._starts_told, self._attempts_told = 0, 0
        self._newest: int | None = None
        self._newest_seen = 0.0
        """When the newest progress of a task was seen to be that, by this process's clock."""
        self._acted_on = 0
        """Of the interruptions."""
        self._left = False

    def follow(self, is_enough: Callable[[], bool]) -> "Outcome":
        with ExitStack() as shown:
            view: View | None = None
            while True:
                starts = read_starts(self._folder)
                if starts and starts[-1].then == ENDED:
                    break
                known = _known_end(self._folder)
                if known is not None:
                    return known
                running = bool(starts) and starts[-1].then is None
                if running and len(starts) > self._starts_told:
                    self._say(f"job {self._job} runs, led from {starts[-1].host}")
                    self._starts_told = len(starts)
                if running and view is None:
                    view = shown.enter_context(
                        progress_view(self._asked.experiment, RunFolder(self._folder))
                    )
                elif view is not None and not running:
                    shown.close()
                    view = None
                    self._say(f"job {self._job} is queued again: {starts[-1].why}")
                if view is not None:
                    self._tell_failures()
                    self._tell_silence(starts[-1].host)
                    view.update()
                ended = self._look_at_job(running)
                if ended is not None:
                    return ended
                if self._interrupts.count > self._acted_on:
                    if self._may_ask:
                        shown.close()
                        view = None
                    self._end_or_leave(running)
                if self._left or (is_enough() and not self._interrupts.count):
                    return _outcome(GOES_ON, None)
                time.sleep(_TICK_SECONDS)
        return _as_it_ended(self._folder, starts[-1])

    def _tell_failures(self) -> None:
        """Those after which it goes on, and the one that ends it, as soon as they are known."""
        attempts = (RunFolder(self._folder).read_if_there(STATUS) or {}).get("attempts", [])
        for attempt in attempts[self._attempts_told :]:
            if attempt["cause"] is not None:
                self._say(f"{attempt['cause']['task']} {attempt['cause']['message']}")
        self._attempts_told = max(self._attempts_told, len(attempts))

    def _tell_silence(self, leader: str) -> None:
        """Where nothing of the run has changed for long: nobody inside is left to name the cause
        when the node is lost that its launcher is on."""
        told = self._folder.glob(f"tasks/*/{PROGRESS}")
        newest = max((path.stat().st_mtime_ns for path in told), default=None)
        now = time.monotonic()
        if newest != self._newest:
            self._newest, self._newest_seen = newest, now
        elif newest is not None and now - self._newest_seen > _SILENT_SECONDS:
            self._say(
                f"nothing was heard of job {self._job} for {_SILENT_SECONDS:g} s, which {leader} "
                "leads; where that node is lost, Slurm begins the job again on others"
            )

    def _look_at_job(self, running: bool) -> "Outcome | None":
        """Asks Slurm now and then; how it ended where nobody else will say so any more."""
        now = time.monotonic()
        if now < self._next_look:
            return None
        try:
            with self._interrupts.awaiting(f"the controller to tell how job {self._job} is"):
                seen = look(self._job)
            self._patience.answered()
        except SlurmError as error:
            self._patience.silent()
            self._next_look = now + self._patience.pause_seconds
            said = " ".join(str(error).split())
            silent = isinstance(error, ControllerSilent)
            how = "doesn't answer" if silent else f"doesn't tell how job {self._job} is"
            self._say(f"the controller {how} ({said}); the job may well go on")
            if self._patience.is_over():
                return _outcome(GOES_ON, f"the controller {how}: {said}")
            return None
        self._next_look = now + (_RUNNING_LOOK_SECONDS if running else _LOOK_SECONDS)
        if seen is not None and not seen.has_ended:
            self._over_since, self._seen = None, seen
            if seen.waits:
                self._say(self._waiting(seen))
            return None
        self._over_since = self._over_since or now
        self._next_look = now + 1.0
        if now - self._over_since < _LATE_SECONDS and not (seen and seen.state == "CANCELLED"):
            return None
        return _without_a_word(self._folder, self._job, seen, self._seen)

    def _waiting(self, seen: JobLook) -> str:
        if seen.is_held:
            return (
                f"job {self._job} is held ({seen.reason}); scontrol release {self._job} lets it go"
            )
        if seen.waits_in_vain:
            return f"job {self._job} waits for ever ({seen.reason}); Ctrl-C cancels it"
        try:
            before = jobs_before(self._job, self._asked.experiment.engine.options["partition"])
        except SlurmError:
            before = None
        place = "" if before is None else f", {counted(before, 'job')} before it"
        why = "" if seen.reason is None else f" ({seen.reason})"
        return f"job {self._job} waits{place}{why}"

    def _say(self, line: str) -> None:
        if line != self._said:
            print(line, file=sys.stderr, flush=True)
            self._said = line

    def _end_or_leave(self, running: bool) -> None:
        """On Ctrl-C: the job is to end, or goes on; a terminal that has gone wants nothing."""
        first = self._acted_on == 0
        leaves = first and self._may_ask and not self._is_to_end()
        if leaves or self._interrupts.hung_up:  # also where it went while it was asked
            self._left = True
            self._say(f"job {self._job} goes on; attach={self._folder} follows it again")
            return
        self._acted_on = self._interrupts.count
        self._next_look = 0.0
        self._say(f"the controller is asked to end job {self._job}")
        try:
            if running and first:
                tell_to_leave(self._job)
                self._say(f"job {self._job} is told to leave; once more ends it at once")
            else:
                cancel(self._job)
                self._say(f"job {self._job} is cancelled")
        except SlurmError as error:
            self._left = True
            self._say(f"job {self._job} can't be cancelled: {error}")

    def _is_to_end(self) -> bool:
        """A second Ctrl-C is a yes."""
        question = f"\ncancel job {self._job}? [y: cancel, n: leave it running, Ctrl-C: cancel] "
        return _asked_at_terminal(question, lambda: self._interrupts.count > 1)


def _asked_at_terminal(question: str, decided: Callable[[], bool]) -> bool:
    """Whether the answer is yes; a terminal that has gone has answered no."""
    import select

    print(question, end="", file=sys.stderr, flush=True)
    while not decided():
        ready, _, _ = select.select([sys.stdin], [], [], _TICK_SECONDS)
        if not ready:
            continue
        try:
            answer = sys.stdin.readline()
        except OSError:
            return False
        if not answer or answer.strip().lower() in ("n", "no"):
            return False
        if answer.strip().lower() in ("y", "yes"):
            return True
        print(question.lstrip(), end="", file=sys.stderr, flush=True)
    return True


def _as_it_ended(folder: Path, last: Start) -> "Outcome":
    from launcher.run import consequences

    run = RunFolder(folder)
    status = run.read(STATUS)
    if last.refused:
        raise UserError(str(status["reason"]))
    cause = None if status["cause"] is None else Cause(**status["cause"])
    return _outcome(
        status["state"],
        status["reason"],
        cause.log_tail if cause else "",
        consequences(cause) if cause else (),
        run.read_if_there(SUMMARY),
    )


def _without_a_word(
    folder: Path, job: str, seen: JobLook | None, before: JobLook | None
) -> "Outcome":
    """Its launcher was killed, or never began: Slurm's word is all there is."""
    how = "is gone from the queue" if seen is None else f"ended as {seen.state}"
    if seen is not None and seen.reason is not None and seen.reason != seen.state.title():
        how += f" ({seen.reason})"
    state = INTERRUPTED if seen is not None and seen.state == "CANCELLED" else FAILED
    reason = f"job {job} {how}"
    if (folder / STATUS).exists():
        starts = read_starts(folder)
        if seen is not None and seen.signal and starts:
            reason += f": its launcher on {starts[-1].host} was killed (signal {seen.signal})"
        close_folder(folder)
        run = RunFolder(folder)
        run.write(STATUS, {**run.read(STATUS), "state": state, "reason": reason, TOLD: True})
        return _outcome(state, reason, _tail(folder))
    if state == FAILED:
        known = seen or before
        host = known.batch_host if known and known.batch_host else "its node"
        reason += f" before it began its run; see {OUTPUT} there, and whether {host} sees {folder}"
    record(folder, state, reason)
    run = RunFolder(folder)
    run.write(STATUS, {**run.read(STATUS), TOLD: True})
    return _outcome(state, reason, _tail(folder))


def _known_end(folder: Path) -> "Outcome | None":
    """What a follower has found out before, where the run's own launcher couldn't say it."""
    status = RunFolder(folder).read_if_there(STATUS) or {}
    if not status.get(TOLD):
        return None
    return _outcome(status["state"], status["reason"], _tail(folder))


def _tail(folder: Path) -> str:
    try:
        return (folder / OUTPUT).read_text(errors="replace")[-_TAIL_CHARACTERS:].strip()
    except OSError:
        return ""


def _outcome(
    state: str,
    reason: str | None,
    log_tail: str = "",
    consequences: tuple[str, ...] = (),
    summary: "dict[str, object] | None" = None,
) -> "Outcome":
    from launcher.run import Outcome

    return Outcome(state, reason, log_tail, consequences, summary)
