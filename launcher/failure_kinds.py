"""What kind of failure an exception in a task is, written down before the task dies of it."""

import errno
import time

from results.errors import described
from results.run_folder import FAILURE, RunFolder

PLATFORM = "platform"
"""A lost connection, a missed heartbeat: as a rule the consequence of another task's end."""

_PLATFORM_ERRORS = {
    "AbortedError",
    "CancelledError",
    "DeadlineExceededError",
    "UnavailableError",
    "PSUnavailableError",
}
_PLATFORM_WORDS = ("Collective ops is aborted", "Connection reset", "failed to connect")


class CorruptDataError(Exception):
    """A file of the input is damaged; says which, and where."""


class AddressTakenError(Exception):
    """Another process listens where a task of the cluster should."""


def record_failure(folder: RunFolder, task: str, error: BaseException) -> None:
    """Writes `tasks/<task>/failure.json`. Raises OSError where that can't be written."""
    kind, message = described(error)
    folder.write(
        f"tasks/{task}/{FAILURE}",
        {
            "kind": kind_of(error),
            "type": kind,
            "message": message,
            "step": getattr(error, "step", None),
            "time": time.time(),
        },
    )


def kind_of(error: BaseException) -> str:
    """`user`, `data`, `memory`, `disk` or `platform`."""
    name = type(error).__name__
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        return "disk"
    if isinstance(error, MemoryError) or name == "ResourceExhaustedError":
        return "memory"
    if name in ("DataLossError", "CorruptDataError"):
        return "data"
    if name == "AddressTakenError":
        return PLATFORM
    if name in _PLATFORM_ERRORS or any(words in str(error) for words in _PLATFORM_WORDS):
        return PLATFORM
    return "user"
