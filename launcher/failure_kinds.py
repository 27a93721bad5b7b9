"""What kind of failure an exception in a task is, written down before the task dies of it."""

import errno
import time

from results.errors import described
from results.run_folder import FAILURE, RunFolder

USER = "user"
"""An exception or a crash in what the task runs."""
DATA = "data"
MEMORY = "memory"
DISK = "disk"
PREEMPTED = "preempted"
"""Told to leave by somebody who isn't this launcher."""
PLATFORM = "platform"
"""A lost connection, a missed heartbeat: as a rule the consequence of another task's end."""
ADDRESS_TAKEN = "AddressTakenError"
DISK_FULL_CODE = 74
"""Exit code of a task that can't even write down why it ends (EX_IOERR of sysexits.h)."""

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
    raised_ns = time.monotonic_ns()
    kind, message = described(error)
    folder.write(
        f"tasks/{task}/{FAILURE}",
        {
            "kind": kind_of(error),
            "type": kind,
            "message": message,
            "step": getattr(error, "step", None),
            "time": time.time(),
            "raised_ns": raised_ns,
        },
    )


def kind_of(error: BaseException) -> str:
    """`user`, `data`, `memory`, `disk` or `platform`."""
    name = type(error).__name__
    if is_full_disk(error) or name == "FolderRemovedError":
        return DISK
    if isinstance(error, MemoryError) or name == "ResourceExhaustedError":
        return MEMORY
    if name in ("DataLossError", "CorruptDataError"):
        return DATA
    if name == ADDRESS_TAKEN:
        return PLATFORM
    if name in _PLATFORM_ERRORS or any(words in str(error) for words in _PLATFORM_WORDS):
        return PLATFORM
    return USER


def is_full_disk(error: BaseException) -> bool:
    """Whether the disk took no more, as Python or as TensorFlow's file system says it."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
    return "No space left on device" in str(error)
