"""Engines start the tasks of a plan and say how they end; they know nothing of training."""

import math
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OVER_MEMORY = "memory"
"""`Exit.ended_for` of a process that held more than its limit."""
OVER_HOST_MEMORY = "host memory"
"""`Exit.ended_for` of a process that the system ended for want of its emulated host's memory."""
LOST_HOST = "host"
"""`Exit.ended_for` of a process whose host doesn't answer any more."""


@dataclass(frozen=True)
class Exit:
    """How a process ended."""

    code: int
    """What it returned; the negative number of the signal that ended it."""
    seen_ns: int
    """`time.monotonic_ns()` when its end was seen; of several, the order is that of their ends."""
    ended_for: str | None = None
    """What the engine knows of the reason: it ended the process itself (`memory`), the system did
    (`host memory`), or it was lost (`host`)."""
    said: str | None = None
    """More of the reason, in words that follow the process's name."""


@dataclass(frozen=True)
class Look:
    """What a process does at this moment."""

    stopped: bool
    """Whether a signal has stopped it (SIGSTOP), until another lets it go on."""
    rss_bytes: int
    """Resident memory."""


@dataclass(frozen=True)
class Isolation:
    """What stands between the processes of a run and everybody else."""

    kind: str
    """`namespace`: users, network and processes of their own. `none`: nothing."""
    why: str | None = None
    """Why not, where there is none."""


@dataclass(frozen=True)
class Host:
    """An emulated host; what it doesn't have of its own is this machine's."""

    address: str
    """IPv4, without a port. With a network of its own the others reach it there, and it reaches
    them alone; else this is but a name."""
    mbit_per_second: float | None = None
    """10^6 bits that it sends, and 10^6 bits that it receives, in a second; headers included."""
    cores: float | None = None
    """CPU seconds that its processes get in a second, whatever cores they run on."""
    memory_mb: int | None = None
    """10^6 bytes that its processes may hold in all."""


@dataclass(frozen=True)
class Place:
    """Where a task runs, on a machine that need not be this one."""

    host: str
    """The machine's name."""
    address: str
    """By which the tasks on other hosts reach it: IPv4, without a port."""
    ports: tuple[int, ...]
    """As many free ones as were asked for."""
    cores: tuple[int, ...]
    """Numbers of the cores that it may run on; equal for processes that share them."""


@dataclass(frozen=True)
class Clock:
    """Of another host, against this one's."""

    offset_seconds: float
    """What it is ahead."""
    error_seconds: float
    """The offset is right within this: half of the shortest round trip."""

    def or_nearer(self, sent: float, there: float, received: float) -> "Clock":
        """The better known of this and one more reading: by Cristian's method the one with the
        shorter round trip.

        Args:
          sent, received: when it was asked and answered, unix seconds by this host's clock.
          there: what the other host's clock showed in between.
        """
        error = (received - sent) / 2
        if error >= self.error_seconds:
            return self
        return Clock(offset_seconds=there - (sent + received) / 2, error_seconds=error)


UNREAD_CLOCK = Clock(offset_seconds=0.0, error_seconds=math.inf)


@dataclass(frozen=True)
class TaskProcess:
    """One process to start: a function of this project and what it is given."""

    name: str
    """Unique while it runs; a task's name (`worker-1`) or `preflight`."""
    function: str
    """`module:function`; called with `arguments`."""
    arguments: Sequence[str]
    environment: dict[str, str]
    """Set on top of the launcher's own environment."""
    log: Path
    """Everything that the process prints, added to what is there."""
    memory_bytes: int | None = None
    """Resident memory above which it is ended."""
    host: Host | None = None
    """Where it runs; processes with equal ones are on the same host, which has a network of its own
    in an isolated group only. None: this machine."""


class Engine(ABC):
    """Serves all runs of one command, one group of processes each."""

    @abstractmethod
    def open(
        self, folder: Path, tasks: Sequence[str], isolated: bool, given_up: Callable[[], bool]
    ) -> "Group":
        """A group for the run in `folder`; waits until processes can be started.

        Args:
          tasks: names of those that the run consists of; other processes go where the first goes.
          isolated: whether to isolate it where the system allows; the group says what became of it.
          given_up: asked now and then while it waits.

        Raises EngineError, UserError where a person can mend it, and KeyboardInterrupt where
        `given_up` says so.
        """

    @abstractmethod
    def close(self) -> None:
        """Kill whatever still runs and wait for it. May be repeated."""


class Group(ABC):
    """The processes of one run: starts them, watches them, ends them.

    Nothing that they started outlives it, nor the launcher where that is killed: then the run's
    folder is told so as well (`launcher.abandoned`). Not thread-safe.
    """

    isolation: Isolation
    replaces_hosts: bool = True
    """Whether `places` finds others for hosts that were lost."""
    warning: str | None = None
    """Why processes are not started as was asked; None where they are."""

    @abstractmethod
    def start(self, process: TaskProcess) -> None:
        """Start one process; returns without waiting for it. Raises EngineError, here or in the
        next `poll`, also where there can be no such host."""

    @abstractmethod
    def poll(self, timeout: float) -> dict[str, Exit]:
        """How processes ended since the last call, by name; waits at most `timeout` seconds for
        the first. Raises EngineError where the engine itself is gone."""

    @abstractmethod
    def look(self) -> dict[str, Look]:
        """Every process that runs, by name. Raises EngineError."""

    @abstractmethod
    def signal(self, name: str, number: int) -> None:
        """Send a signal to a process, SIGKILL to all of its process group; one that has ended is
        left alone."""

    @abstractmethod
    def close(self) -> None:
        """Kill whatever still runs and wait for it. May be repeated."""

    def places(self, ports: Mapping[str, int]) -> dict[str, Place] | None:
        """Where the run's tasks will be started, by name; None: all on this machine.

        What ran on a host that was lost gets another place.

        Args:
          ports: how many free ones each task needs, by its name.

        Raises EngineError where there are not enough hosts left.
        """
        return None

    def lost_hosts(self) -> Sequence[str]:
        """Names of hosts that don't answer any more, and have not been replaced."""
        return ()

    def can_start(self, name: str) -> bool:
        """Whether a task that has ended could be started again in the place that it had."""
        return True

    def silent(self) -> Sequence[str]:
        """Running tasks whose hosts owe an answer; they may turn out to be lost."""
        return ()

    def clocks(self) -> dict[str, Clock]:
        """Of the hosts of tasks, by the task's name; empty where all have this machine's."""
        return {}

    def hosts(self) -> dict[str, dict[str, Any]]:
        """The environment of each host that tasks are placed on, by its name, as
        `launcher.environment` tells it, with the names of its `tasks` and the memory that was free
        (`free_bytes`); empty where all run on this machine."""
        return {}

    def stop(self, names: Sequence[str], grace_seconds: float) -> dict[str, Exit]:
        """End these processes: SIGTERM, and SIGKILL for what is still there after the grace."""
        waiting, exits = set(names), dict[str, Exit]()
        stages = [(signal.SIGTERM, grace_seconds)] if grace_seconds > 0 else []
        for number, seconds in (*stages, (signal.SIGKILL, 10.0)):
            for name in waiting:
                self.signal(name, number)
            limit = time.monotonic() + seconds
            while waiting and time.monotonic() < limit:
                ended = self.poll(max(0.0, min(0.1, limit - time.monotonic())))
                exits |= ended
                waiting -= set(ended)
        return exits


class EngineError(Exception):
    """The engine can't do its work."""
