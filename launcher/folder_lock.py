"""One launcher at a time in a folder: a lock that the kernel lets go of when its holder ends,
however it ends, and that leaves no file behind."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from launcher.errors import FolderTaken


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Holds the folder. Raises FolderTaken where another process does.

    Where the file system knows no locks (some network ones) nobody is kept out.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(_Unknown):
            _take(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


class _Unknown(Exception):
    """Locks are not known here."""


def _take(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = _holder(descriptor)
        who = f"process {owner}" if owner else "a process that can't be seen"
        raise FolderTaken(
            f"hydra.run.dir={folder}: another launcher ({who}) is at work there; "
            "give another folder"
        ) from None
    except OSError as error:
        raise _Unknown from error


def _holder(descriptor: int) -> str | None:
    """The process that holds the lock, as Linux lists it."""
    inode = str(os.fstat(descriptor).st_ino)
    try:
        lines = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        words = line.split()
        if words[1] == "FLOCK" and words[5].rpartition(":")[2] == inode:
            return words[4]
    return None
