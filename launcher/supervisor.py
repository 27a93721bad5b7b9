"""Watches the tasks of one start of a plan until all have ended, and says what was the cause where
they didn't end well."""

import dataclasses
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from launcher import stalls
from launcher.causes import Cause, Limits, find_cause, log_tail
from launcher.engines import Exit, Group
from launcher.failure_kinds import PREEMPTED
from launcher.schema import WatchSettings
from launcher.session import Interrupts
from results.run_folder import RunFolder, now

_POLL_SECONDS = 0.1
_LOOK_SECONDS = 1.0
"""As often as tasks write down how far they are."""
_TELL_AGAIN_SECONDS = 1.0
"""A task that joins its cluster gives SIGTERM to TensorFlow, until its training loop listens."""
_EVIDENCE_SECONDS = 1.0
"""After the first failure the others get this long to write down theirs, and what they measured:
the first to be seen need not be the first to have happened."""
_HOST_SECONDS = 12.0
_ALONE_SECONDS = 0.2
"""Whoever can be replaced alone may have fallen with others that can't: those follow at once."""
_ENDED_BY_US = "ended by the launcher, as it could not go on"


@dataclass(frozen=True)
class Watchee:
    """One task to watch."""

    name: str
    serves: bool = False
    """It only serves, and is told to leave when the rest is done."""
    replaceable: bool = False
    """It can be started again alone while the others go on."""


@dataclass(frozen=True)
class Replacement:
    """A task that was started again alone."""

    task: str
    time: float
    """Unix seconds when its end was seen."""
    cause: Cause


@dataclass
class Watched:
    """How the tasks of a run ended."""

    exits: dict[str, Exit] = field(default_factory=dict)
    cause: Cause | None = None
    interrupted: bool = False
    replaced: list[Replacement] = field(default_factory=list)


class Supervisor:
    """Watches tasks that have been started."""

    def __init__(
        self,
        group: Group,
        folder: RunFolder,
        tasks: Sequence[Watchee],
        settings: WatchSettings,
        limits: Limits,
        interrupts: Interrupts,
        on_tick: Callable[[], None],
        replace: Callable[[str], bool],
    ) -> None:
        """See `Watchee` for `tasks`.

        Args:
          limits: what memory there is.
          on_tick: called a few times a second.
          replace: starts a replaceable task again; False where that is not allowed any more.
        """
        self._group, self._folder = group, folder
        self._settings, self._limits, self._interrupts = settings, limits, interrupts
        self._on_tick, self._replace = on_tick, replace
        self._names = [task.name for task in tasks]
        self._servers = [task.name for task in tasks if task.serves]
        self._replaceable = {task.name for task in tasks if task.replaceable}
        self._stalls = stalls.StallWatch(self._names, self._servers, settings)
        self._next_look = time.monotonic() + _LOOK_SECONDS
        self._told_to_leave: float | None = None
        self._tell_again = 0.0
        self.watched = Watched()

    def run(self) -> Watched:
        """Returns when every task has ended: well, or stopped after the first failure."""
        while self._running():
            self._poll(_POLL_SECONDS)
            if self._interrupts.count:
                self._end_on_request()
            elif self._failed():
                self._end_or_replace()
            elif self._only_servers_are_left():
                self._stop(self._running(), self._settings.grace_seconds)
            else:
                self._end_where_it_stands_still()
        if self.watched.cause is None and not self.watched.interrupted:
            self.watched.cause = self._preempted()
        self._on_tick()
        return self.watched

    def _running(self) -> list[str]:
        return [name for name in self._names if name not in self.watched.exits]

    def _poll(self, seconds: float) -> None:
        self.watched.exits |= self._group.poll(seconds)
        self._on_tick()

    def _stop(self, names: Sequence[str], grace_seconds: float) -> None:
        self.watched.exits |= self._group.stop(names, grace_seconds)

    def _only_servers_are_left(self) -> bool:
        running = self._running()
        return bool(running) and set(running) <= set(self._servers)

    def _failed(self) -> dict[str, Exit]:
        """The tasks that ended otherwise than they should."""
        computing = [name for name in self._names if name not in self._servers]
        done = all(name in self.watched.exits for name in computing)
        return {
            name: ended
            for name, ended in self.watched.exits.items()
            if ended.code != 0 or not (self._has_finished(name) and (done or name in computing))
        }

    def _has_finished(self, name: str) -> bool:
        events = self._folder.events(name)
        return bool(events) and events[-1]["event"] == "finished"

    def _end_or_replace(self) -> None:
        if set(self._failed()) <= self._replaceable:
            self._wait_for_evidence(_ALONE_SECONDS)
            if self._replaced_alone(self._failed()):
                return
        self._wait_for_evidence(_EVIDENCE_SECONDS)
        self._end_for(find_cause(self._folder, self._failed(), self._limits))

    def _replaced_alone(self, failed: dict[str, Exit]) -> bool:
        """Starts these tasks again where the others can go on without them meanwhile."""
        if not set(failed) <= self._replaceable or self._interrupts.count:
            return False
        causes = {
            name: find_cause(self._folder, {name: ended}, self._limits)
            for name, ended in failed.items()
        }
        for name, ended in failed.items():
            if not self._replace(name):
                return False
            seconds_ago = (time.monotonic_ns() - ended.seen_ns) / 1e9
            self.watched.replaced.append(Replacement(name, time.time() - seconds_ago, causes[name]))
            del self.watched.exits[name]
        return True

    def _wait_for_evidence(self, seconds: float) -> None:
        """Longer where a host doesn't answer: the others fail before it is known to be lost."""
        began = time.monotonic()
        while self._running():
            waited = time.monotonic() - began
            if waited > seconds and not (waited < _HOST_SECONDS and self._group.silent()):
                return
            self._poll(_POLL_SECONDS)

    def _end_for(self, cause: Cause) -> None:
        """Ends all that still runs: the others can't go on, nor save what they share."""
        running = self._running()
        self._stop(running, 0)
        ended = dict.fromkeys(running, _ENDED_BY_US)
        others = {name: said for name, said in ended.items() if name != cause.task}
        consequences = {**cause.consequences, **others}
        self.watched.cause = dataclasses.replace(cause, consequences=consequences)

    def _end_on_request(self) -> None:
        self.watched.interrupted = True
        running, at = self._running(), time.monotonic()
        if self._told_to_leave is None:
            self._told_to_leave = at
        if self._only_servers_are_left():
            self._stop(running, self._settings.grace_seconds)
        elif at >= self._tell_again:
            self._tell_again = at + _TELL_AGAIN_SECONDS
            for name in running:
                if name not in self._servers:
                    self._group.signal(name, signal.SIGTERM)
        seconds = at - self._told_to_leave
        hurried = self._interrupts.count > 1 or seconds > self._settings.grace_seconds
        if hurried or self._failed():  # the others would wait in vain for one that failed
            self._stop(running, 0)

    def _end_where_it_stands_still(self) -> None:
        at = time.monotonic()
        if at < self._next_look:
            return
        self._next_look = at + _LOOK_SECONDS
        idle = self._stalls.look(self._folder.progress(), self._group.look(), at)
        if idle is None:
            return
        sizes = stalls.log_sizes(self._folder, self._names)
        stalls.dump_stacks(self._group, self._running())
        self._end_for(stalls.explain(self._folder, self._stalls, idle, sizes))

    def _preempted(self) -> Cause | None:
        """The task that somebody else told to leave, so that all left well, but too early."""
        for name in self._names:
            events = self._folder.events(name)
            if events and events[-1].get("reason") == "interrupted":
                return Cause(
                    task=name,
                    kind=PREEMPTED,
                    message="was told to leave by somebody else (SIGTERM); all tasks kept their "
                    "state and left",
                    when=now(),
                    step=events[-1].get("step"),
                    log_tail=log_tail(self._folder, name),
                )
        return None
