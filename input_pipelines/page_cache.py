"""The system's cache of file pages: emptied of a data set's files, so that reading is from storage.

Free of TensorFlow. What a hypervisor keeps below the system can't be emptied from here: whether
bytes came from storage, `read_bytes` of the process tells, and even that counts a host's cache.
"""

import contextlib
import ctypes
import mmap
import os
import threading
import time
from collections.abc import Iterator, Sequence

_PASSES_PER_BYTE = 1 / 400e6
"""No pipeline here goes through its files faster than at 400 MB/s: dropping as often as that finds
every page dropped before it is read again."""
_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.05, 2.0
"""What is dropped after it was read ahead is read twice: a shorter pause reads much too often."""
_MOST_SHARE_OF_A_CORE = 0.05
_READ_BYTES = "read_bytes:"


class Dropping:
    """What the thread that keeps files cold has cost so far."""

    def __init__(self) -> None:
        self.cpu_seconds = 0.0


def drop(files: Sequence[str]) -> None:
    """Asks the system to forget the pages of the files; what is being written stays.

    What is no file of this machine (`gs://…`) or has vanished is passed over: it can't be cached.
    """
    for path in files:
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except (FileNotFoundError, NotADirectoryError):
            continue
        try:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)


def cached_share(files: Sequence[str]) -> float | None:
    """Share of the files' pages that the system holds in memory, 0 to 1; None without any page.

    The system tells (`mincore`) only who owns a file or may write to it; of others all pages seem
    to be held.
    """
    held = total = 0
    for path in files:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size:
                pages = -(-size // mmap.PAGESIZE)
                held += _pages_held(file.fileno(), size, pages)
                total += pages
    return held / total if total else None


@contextlib.contextmanager
def kept_cold(files: Sequence[str]) -> Iterator[Dropping]:
    """Drops the files' pages, and again and again while the block runs.

    A data set smaller than memory would be warm after one pass. The thread that does it takes at
    most 5% of a core; what it took stands in the `Dropping` at the end.
    """
    cost, stopped = Dropping(), threading.Event()
    pause = _pause_seconds(files)

    def keep_dropping() -> None:
        began = time.thread_time()
        while True:
            before = time.thread_time()
            drop(files)
            spent = time.thread_time() - before
            cost.cpu_seconds = time.thread_time() - began
            if stopped.wait(max(pause, spent / _MOST_SHARE_OF_A_CORE)):
                return

    drop(files)
    thread = threading.Thread(target=keep_dropping, name="keep-cold", daemon=True)
    thread.start()
    try:
        yield cost
    finally:
        stopped.set()
        thread.join()


def storage_bytes_read() -> int | None:
    """Bytes that this process had the system fetch from storage so far; None where it isn't told.

    Pages found in memory are not among them, nor is what a network file system or `tmpfs` gave.
    """
    try:
        with open("/proc/self/io", encoding="ascii") as counters:
            for line in counters:
                if line.startswith(_READ_BYTES):
                    return int(line.removeprefix(_READ_BYTES))
    except (FileNotFoundError, PermissionError):
        return None
    return None


def _pause_seconds(files: Sequence[str]) -> float:
    size = sum(os.path.getsize(path) for path in files if os.path.isfile(path))
    return min(max(size * _PASSES_PER_BYTE, _SHORTEST_PAUSE_SECONDS), _LONGEST_PAUSE_SECONDS)


def _pages_held(descriptor: int, size: int, pages: int) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    library.mmap.restype = ctypes.c_void_p
    library.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    library.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    library.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]
    address = library.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, descriptor, 0)
    if address == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), "mmap")
    try:
        told = ctypes.create_string_buffer(pages)
        if library.mincore(address, size, told):
            raise OSError(ctypes.get_errno(), "mincore")
        return sum(byte & 1 for byte in told.raw[:pages])
    finally:
        library.munmap(address, size)
