"""Engines start the tasks of a plan and say how they end; they know nothing of training."""

import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Exit:
    """How a task ended."""

    code: int
    """What it returned; the negative number of the signal that ended it."""
    seen_ns: int
    """`time.monotonic_ns()` when its end was seen."""


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
    """Everything that the process prints."""
    preload: Sequence[str] = ()
    """Modules that a warm engine imports beforehand, so that they are there at once."""


class Engine(ABC):
    """Starts processes, watches them, ends them. Not thread-safe."""

    @abstractmethod
    def start(self, process: TaskProcess) -> None:
        """Start one process; returns without waiting for it.

        Raises EngineError where it can't be started.
        """

    @abstractmethod
    def poll(self, timeout: float) -> dict[str, Exit]:
        """How processes ended since the last call, by name; waits at most `timeout` seconds for
        the first. Raises EngineError where the engine itself is gone."""

    @abstractmethod
    def signal(self, name: str, number: int) -> None:
        """Send a signal to a process and all that it started; one that has ended is left alone."""

    @abstractmethod
    def close(self) -> None:
        """Kill whatever still runs and wait for it. May be repeated."""

    def stop(self, names: Sequence[str], grace_seconds: float) -> dict[str, Exit]:
        """End these processes: SIGTERM, and SIGKILL for what is still there after the grace."""
        waiting, exits = set(names), dict[str, Exit]()
        for number, seconds in ((signal.SIGTERM, grace_seconds), (signal.SIGKILL, 10.0)):
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
