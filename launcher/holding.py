"""Locks that name who holds them: one launcher in a sweep's folder, one measurement on a host.

The kernel keeps the lock (`flock`) and takes it back when its holder ends, however it ends; the
file beside it only says who that is. Processes that the launcher starts don't inherit it.
"""

import fcntl
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from results.errors import UserError
from results.run_folder import now
from results.sweep_folder import LOCK, Holder, holder, this_process

LOCK_VARIABLE = "DISTRIBUTE_BENCH_LOCK"
"""Names another lock file than the host's: for tests, or for measurements on hardware of their own
that don't disturb each other."""

_POLL_SECONDS = 0.2
_DYING_SECONDS = 10.0
"""How long a holder that was killed may take until the kernel has done away with it."""


class Held(Exception):
    """Another process holds the lock; `by` is None where it hasn't said yet who it is."""

    def __init__(self, by: Holder | None) -> None:
        super().__init__()
        self.by = by

    def __str__(self) -> str:
        if self.by is None:
            return "another process"
        return f"process {self.by.process} (in {self.by.folder}, since {self.by.since[:19]} UTC)"


@contextmanager
def the_host(wait: bool) -> Iterator[Callable[[Path], None]]:
    """This host for oneself: what measures at the same time disturbs and is disturbed.

    Gives a function that says in which folder this process measures.

    Raises UserError where another launcher measures here and this one is not to wait for it.
    """
    try:
        held = _acquire(host_lock(), wait)
    except Held as held_by:
        raise UserError(
            f"wait=false: {held_by} measures on this machine; give wait=true to queue behind it"
        ) from None
    try:
        _name(held, Path.cwd())
        yield partial(_name, held)
    finally:
        os.close(held)


@contextmanager
def the_sweep(folder: Path, key: str) -> Iterator[Holder | None]:
    """A sweep's folder for oneself; gives who held it before.

    Raises UserError where another launcher is at work in it.
    """
    before = holder(folder / LOCK)
    try:
        held = _acquire(folder / LOCK, wait=False)
    except Held as held_by:
        raise UserError(
            f"{key}={folder}: {held_by} is at work in this sweep; wait for its end or stop it"
        ) from None
    try:
        _name(held, folder)
        yield before
    finally:
        os.close(held)


def host_lock() -> Path:
    """The file that all launchers of this host lock, whoever's they are."""
    named = os.environ.get(LOCK_VARIABLE)
    return Path(named) if named else Path(tempfile.gettempdir()) / "distribute-bench-measures.lock"


def _acquire(lock: Path, wait: bool) -> int:
    """The open file that holds the lock until it is closed. Raises Held."""
    descriptor = _opened(lock)
    patience, told = time.monotonic() + _DYING_SECONDS, False
    with _given_up_on_ctrl_c():
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return descriptor
            except BlockingIOError:
                by = holder(lock)
            dying = by is not None and not by.alive and time.monotonic() < patience
            if not wait and not dying:
                os.close(descriptor)
                raise Held(by) from None
            if wait and not told:
                print(f"waiting: {Held(by)} measures on this machine", file=sys.stderr)
                told = True
            time.sleep(_POLL_SECONDS)


@contextmanager
def _given_up_on_ctrl_c() -> Iterator[None]:
    """Signals that ask for the end raise KeyboardInterrupt, whatever they do at other times."""
    asking = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.default_int_handler) for number in asking}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _name(held: int, folder: Path) -> None:
    """Writes down who holds the lock."""
    said = json.dumps(vars(this_process(folder.absolute(), since=now())))
    os.ftruncate(held, 0)
    os.pwrite(held, said.encode(), 0)


def _opened(lock: Path) -> int:
    """Open for all users of the host; one that exists is not created again, which the kernel
    forbids for other users' files in /tmp (`fs.protected_regular`)."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    for _ in range(3):  # between the two another launcher may make it
        try:
            return os.open(lock, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            pass
        try:
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        except FileExistsError:
            continue
        os.fchmod(descriptor, 0o666)
        return descriptor
    raise FileNotFoundError(lock)
