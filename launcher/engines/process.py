"""What a process of ours does about its parent, its children and its output. Linux and macOS."""

import contextlib
import ctypes
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_FIRST_OWN_DESCRIPTOR = 3
"""After standard input, output and error."""


def die_with_parent(parent: int | None = None) -> None:
    """Ask the kernel to kill this process when its parent ends (Linux; nothing elsewhere).

    Args:
      parent: process id of the parent, read before this process was made: where it has ended
        since, this one ends too. None where the parent has no id that this process could see.
    """
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if parent is not None and os.getppid() != parent:
            os._exit(1)


def outlive_parent() -> None:
    """Take back `die_with_parent`."""
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, 0)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends, so that they can be found."""
    if sys.platform == "linux":
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def children() -> list[int]:
    """Process ids of this process's direct children, adopted ones among them."""
    tasks = Path("/proc/self/task")
    if not tasks.is_dir():
        return []
    found = []
    for task in tasks.iterdir():
        found += [int(pid) for pid in (task / "children").read_text().split()]
    return found


def kill_children(but: Iterable[int] = ()) -> None:
    """End every child but these, and what it leaves to this process when it ends."""
    while running := set(children()).difference(but):
        for pid in running:
            kill_group(pid)
            os.kill(pid, signal.SIGKILL)
        for pid in running:
            os.waitpid(pid, 0)


def kill_group(pid: int) -> None:
    """SIGKILL for the process group that `pid` leads; nothing where it has gone."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def reap_orphans(but: set[int]) -> None:
    """Take leave of adopted children that have ended; those in `but` are somebody else's to see."""
    while hasattr(os, "waitid"):
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if ended is None or ended.si_pid in but:
            return
        os.waitpid(ended.si_pid, 0)


def close_descriptors(but: Iterable[int] = ()) -> None:
    """Close all that was inherited, except standard input, output, error, and these."""
    first = _FIRST_OWN_DESCRIPTOR
    for kept in sorted(but):
        os.closerange(first, kept)
        first = kept + 1
    os.closerange(first, os.sysconf("SC_OPEN_MAX"))


def call(function: str, arguments: Sequence[str]) -> int:
    """Run `module:function` as a program would run, and return its exit code."""
    module, _, name = function.partition(":")
    code = 1
    try:
        getattr(importlib.import_module(module), name)(*arguments)
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return code


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}, {value})")
