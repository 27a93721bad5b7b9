"""A limit on how long a run may take (`sweep.timeout_minutes`)."""

import threading
from types import TracebackType
from typing import Self

from launcher.session import Interrupts

_GRACE_SECONDS = 30.0
"""Between asking a run to end, which saves a checkpoint, and ending it."""


class Deadline:
    """Interrupts the run as Ctrl-C does when the time is over, and again when that didn't help.

    A context manager; afterwards the interrupts are only those of a person.
    """

    def __init__(self, interrupts: Interrupts, seconds: float | None) -> None:
        self._interrupts = interrupts
        self._asked = 0
        moments = () if seconds is None else (seconds, seconds + _GRACE_SECONDS)
        self._timers = [threading.Timer(moment, self._interrupt) for moment in moments]

    @property
    def passed(self) -> bool:
        """Whether the run was interrupted because of it."""
        return self._asked > 0

    def __enter__(self) -> Self:
        for timer in self._timers:
            timer.daemon = True
            timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for timer in self._timers:
            timer.cancel()
            timer.join()
        self._interrupts.count -= self._asked

    def _interrupt(self) -> None:
        self._asked += 1
        self._interrupts.count += 1
