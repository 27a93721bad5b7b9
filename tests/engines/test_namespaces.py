"""Namespaces as root has them and as an ordinary user has them, in children of this process."""

import ctypes
import encodings.idna  # noqa: F401  nobody could not read it later
import os
import socket
import sys
import traceback
from collections.abc import Callable

import pytest

from launcher.engines import namespaces

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")
_PR_SET_DUMPABLE = 4
_NOBODY = 65534


def in_child(act: Callable[[], object]) -> str:
    """What `act()` returns in a child of its own, as text."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            told = str(act())
        except BaseException:
            told = traceback.format_exc()
        os.write(writing, told.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        found = answer.read()
    os.waitpid(child, 0)
    return found


def become_nobody() -> None:
    os.setgroups([])
    os.setgid(_NOBODY)
    os.setuid(_NOBODY)
    # Changing users took away this process's own /proc files; a login would have given them.
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)


def seen_inside() -> tuple[int, int, bool, bool]:
    """Of process 1: its number, its user, whether loopback works, whether /proc agrees."""
    namespaces.enter()

    def first() -> tuple[int, int, bool, bool]:
        namespaces.see_own_processes()
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname(), timeout=1).close()
        return os.getpid(), os.getuid(), True, os.readlink("/proc/self") == "1"

    return in_child(first)  # type: ignore[return-value]


def test_process_1_has_a_loopback_and_a_proc_of_its_own():
    if (reason := namespaces.why_not()) is not None:
        pytest.skip(reason)
    assert in_child(seen_inside) == str((1, os.getuid(), True, True))


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_ordinary_user_keeps_the_user_and_needs_no_right():
    def as_nobody() -> object:
        become_nobody()
        return namespaces.why_not() or seen_inside()

    told = in_child(as_nobody)
    if "forbids" in told:
        pytest.skip(told)
    assert told == str((1, _NOBODY, True, True))
