"""A limit on how long a run may take (`sweep.timeout_minutes`)."""

import threading
from types import TracebackType
from typing import Self

from launcher.session import Interrupts


class Deadline:
    """Interrupts the run as Ctrl-C does when the time is over: it may save what it has, and is
    killed where that takes longer than `watch.grace_seconds`.

    A context manager; afterwards the interrupts are only those of a person.
    """

    def __init__(self, interrupts: Interrupts, seconds: float | None) -> None:
        self._interrupts = interrupts
        self._asked = 0
        self._timer = None if seconds is None else threading.Timer(seconds, self._interrupt)

    @property
    def passed(self) -> bool:
        """Whether the run was interrupted because of it."""
        return self._asked > 0

    def __enter__(self) -> Self:
        if self._timer is not None:
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
        self._interrupts.count -= self._asked

    def _interrupt(self) -> None:
        self._asked += 1
        self._interrupts.count += 1
