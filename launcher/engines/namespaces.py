"""Users, network and processes of its own for a run: nobody outside reaches its ports, and nothing
of it outlives its first process. Linux, with nothing installed and, where the system lets ordinary
users have namespaces, without root.

A process with one thread is needed: a child forked from a server with many has one.
"""

import ctypes
import fcntl
import os
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_CLONE_NEWNS = 0x0002_0000
_CLONE_NEWUSER = 0x1000_0000
_CLONE_NEWPID = 0x2000_0000
_CLONE_NEWNET = 0x4000_0000
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 2, 4, 8
_MS_REC, _MS_PRIVATE = 0x4000, 1 << 18
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1
_OWN_NETWORK = "/proc/self/ns/net"


def why_not() -> str | None:
    """Why this process can't have namespaces of its own; None where it can. Tried in a child."""
    if sys.platform != "linux":
        return f"{sys.platform} has no namespaces"
    reason = tried(_enter_and_fork)
    return f"this system forbids namespaces ({reason})" if reason else None


def tried(act: Callable[[], None]) -> str | None:
    """The OSError that a child of this process met in `act`; None where it met none."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            act()
        except OSError as error:
            os.write(writing, str(error).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        reason = told.read().decode()
    os.waitpid(child, 0)
    return reason or None


def enter() -> None:
    """Gives this process a network with a loopback only; its next child is process 1 of a process
    namespace. Raises OSError, and the process is then of no use any more."""
    kinds = _CLONE_NEWNET | _CLONE_NEWPID | _CLONE_NEWNS
    user, group = os.getuid(), os.getgid()
    try:
        _unshare(kinds)  # root needs no users of its own
    except PermissionError:
        _unshare(kinds | _CLONE_NEWUSER)
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{user} {user} 1")
        _write("/proc/self/gid_map", f"{group} {group} 1")
    _raise_loopback()


def new_network() -> int:
    """Descriptor of a new network with a loopback only; this process stays where it is. Needs root.
    Raises OSError."""
    with _returning():
        _unshare(_CLONE_NEWNET)
        _raise_loopback()
        return os.open(_OWN_NETWORK, os.O_RDONLY)


@contextmanager
def in_network(network: int) -> Iterator[None]:
    """This process, and those that it starts meanwhile, are in that network. Raises OSError."""
    with _returning():
        join_network(network)
        yield


def join_network(network: int) -> None:
    """Puts this process, which has one thread, into that network for good. Raises OSError."""
    if ctypes.CDLL(None, use_errno=True).setns(network, _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"setns: {os.strerror(number)}")


def see_own_processes() -> None:
    """In process 1: a `/proc` that calls processes what `os.getpid()` calls them.

    Where the system forbids that (a container that hides parts of `/proc`), the old one stays.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None) == 0:
        libc.mount(b"proc", b"/proc", b"proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, None)


def _enter_and_fork() -> None:
    enter()
    first = os.fork()  # fails where the new process namespace can't be used
    if first == 0:
        os._exit(0)
    os.waitpid(first, 0)


@contextmanager
def _returning() -> Iterator[None]:
    here = os.open(_OWN_NETWORK, os.O_RDONLY)
    try:
        yield
    finally:
        join_network(here)
        os.close(here)


def _unshare(kinds: int) -> None:
    if ctypes.CDLL(None, use_errno=True).unshare(kinds) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"unshare: {os.strerror(number)}")


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH14s", b"lo", _IFF_UP, b"")
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, request)
