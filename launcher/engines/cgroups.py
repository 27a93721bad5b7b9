"""Emulated hosts' share of the cores and their memory: a control group for each, which the kernel
holds to its limits. Version 2 where it has the controllers, else version 1.

    where the launcher's own group allows ── distribute-bench-… ── host-0, host-1, …

The kernel ends a process for want of its host's memory and counts that; it does not take away
groups whose processes have ended. So a run's groups are locked (flock) by the process that leads
it, and whoever sees that process gone ends and removes what nobody holds: the server, the launcher,
or the next run that makes groups.
"""

import contextlib
import errno
import fcntl
import functools
import os
import secrets
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from launcher.engines import Host, namespaces
from launcher.engines.cgroup_places import CPU, MEMORY, PROC, hand_down, parents, place_of

_PERIOD_SECONDS = 0.008
"""In which a host gets its share once. The shorter, the more evenly: a process that computes at
half a core ran for 2 ms and waited for 3 (medians; 8 and 8 at 20 ms). Below two ticks of a kernel
of 250 Hz it no longer got what was asked for."""
_LEAST_QUOTA_SECONDS = 0.001
"""The kernel takes no less in a period."""
_PREFIX = "distribute-bench-"
_REMOVING_SECONDS = 2.0
"""That processes which were killed may take to be gone."""
_REMOVING_PAUSE_SECONDS = 0.01
_MB = 1_000_000


@dataclass(frozen=True)
class HostGroup:
    """The group of one emulated host."""

    folders: tuple[Path, ...]
    """One of version 2, or one for each controller of version 1."""

    def admit(self) -> None:
        """Puts this process and those that it will start into the group. Raises OSError."""
        for folder in self.folders:
            (folder / "cgroup.procs").write_text("0")

    def kills(self) -> int:
        """Processes of it that the kernel has ended for want of its memory."""
        for folder in self.folders:
            for name in ("memory.events", "memory.oom_control"):
                if (folder / name).is_file():
                    return int(_pairs((folder / name).read_text()).get("oom_kill", 0))
        return 0


class RunGroups:
    """The groups of one run; made and used by the process that leads it."""

    def __init__(self, proc: Path = PROC) -> None:
        """`proc`: where the kernel tells of this process (`cgroup`, `mountinfo`)."""
        self._proc = proc
        self._hosts: dict[Host, HostGroup] = {}
        self._folders: dict[Path, Path] = {}
        """The run's folder by the one that it was made in."""
        self._locks: list[int] = []

    def group_of(self, host: Host, held_bytes: int = 0) -> HostGroup | None:
        """The group of `host`, made on first use; None where nothing of it is limited.

        Args:
          host: equal ones are the same.
          held_bytes: what its processes hold from their start and the kernel counts elsewhere.

        Raises OSError.
        """
        controllers = _controllers(host)
        if controllers and host not in self._hosts:
            if not self._hosts:
                remove_left(self._proc)
            self._hosts[host] = self._made(host, controllers, held_bytes)
        return self._hosts.get(host)

    def remove(self) -> None:
        """Once tasks have ended; what they left running ends too."""
        for folder in self._folders.values():
            _remove(folder)
        for lock in self._locks:
            os.close(lock)
        self._hosts, self._folders, self._locks = {}, {}, []

    def _made(self, host: Host, controllers: Sequence[str], held_bytes: int) -> HostGroup:
        place, name = place_of(controllers, self._proc), f"host-{len(self._hosts)}"
        folders = {each: self._of_run(place.folders[each]) / name for each in controllers}
        for folder in set(folders.values()):
            if place.unified:
                hand_down(folder.parent, controllers)
            folder.mkdir()
        if host.cores is not None:
            _limit_cores(folders[CPU], place.unified, host.cores)
        if host.memory_mb is not None:
            bytes_left = host.memory_mb * _MB - held_bytes
            _limit_memory(folders[MEMORY], place.unified, bytes_left)
        return HostGroup(tuple(dict.fromkeys(folders.values())))

    def _of_run(self, place: Path) -> Path:
        if place not in self._folders:
            folder, lock = _locked_folder(place)
            self._folders[place] = folder
            self._locks.append(lock)
        return self._folders[place]


def remove_left(proc: Path = PROC) -> None:
    """Removes the groups of runs whose leaders are gone, and ends what still runs there; does
    nothing where there are none."""
    for parent in parents(proc):
        for folder in parent.glob(f"{_PREFIX}*"):
            # Somebody else removes it, or it is another user's.
            with contextlib.suppress(FileNotFoundError, PermissionError):
                lock = os.open(folder, os.O_RDONLY)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    _remove(folder)
                except BlockingIOError:
                    pass  # its run is led
                finally:
                    os.close(lock)


@functools.cache
def why_not(cores: bool, memory: bool) -> str | None:
    """Why hosts can't have a share of the cores, or a memory, of their own; None where they can.
    Tried in a child."""
    if sys.platform != "linux":
        return f"{sys.platform} has no control groups"
    groups = RunGroups()
    host = Host("tried", cores=1.0 if cores else None, memory_mb=1000 if memory else None)
    try:
        group = groups.group_of(host)
        return namespaces.tried(group.admit) if group else None
    except OSError as error:
        named = f"{error.filename} can't be made or written ({error.strerror})"
        return named if error.filename else str(error)
    finally:
        groups.remove()


def _controllers(host: Host) -> tuple[str, ...]:
    wanted = {CPU: host.cores, MEMORY: host.memory_mb}
    return tuple(name for name, limit in wanted.items() if limit is not None)


def _limit_cores(folder: Path, unified: bool, cores: float) -> None:
    quota = max(_LEAST_QUOTA_SECONDS, cores * _PERIOD_SECONDS)
    quota_us, period_us = round(quota * 1e6), round(quota / cores * 1e6)
    if unified:
        (folder / "cpu.max").write_text(f"{quota_us} {period_us}")
    else:
        (folder / "cpu.cfs_period_us").write_text(str(period_us))
        (folder / "cpu.cfs_quota_us").write_text(str(quota_us))


def _limit_memory(folder: Path, unified: bool, limit: int) -> None:
    """Nothing of it is swapped out, where the kernel counts what is."""
    if limit <= 0:
        raise OSError("the framework alone holds more than its memory")
    if unified:
        (folder / "memory.max").write_text(str(limit))
        (folder / "memory.oom.group").write_text("1")
        if (folder / "memory.swap.max").exists():
            (folder / "memory.swap.max").write_text("0")
    else:
        (folder / "memory.limit_in_bytes").write_text(str(limit))
        if (folder / "memory.memsw.limit_in_bytes").exists():
            (folder / "memory.memsw.limit_in_bytes").write_text(str(limit))


def _locked_folder(place: Path) -> tuple[Path, int]:
    """A new one of a run, and the descriptor that holds its lock."""
    while True:
        folder = place / f"{_PREFIX}{secrets.token_hex(6)}"
        folder.mkdir()
        with contextlib.suppress(FileNotFoundError):  # taken for left before it was locked
            lock = os.open(folder, os.O_RDONLY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if folder.is_dir():
                return folder, lock
            os.close(lock)


def _remove(folder: Path) -> None:
    """The run's folder and its hosts', and whatever still runs there; after a while it gives up."""
    limit = time.monotonic() + _REMOVING_SECONDS
    for each in [*(path for path in folder.iterdir() if path.is_dir()), folder]:
        while True:
            try:
                each.rmdir()
                break
            except OSError as error:
                if error.errno != errno.EBUSY or time.monotonic() > limit:
                    return
            _kill_all(each)
            time.sleep(_REMOVING_PAUSE_SECONDS)


def _kill_all(folder: Path) -> None:
    for pid in map(int, (folder / "cgroup.procs").read_text().split()):
        if pid > 0:  # else it is one that this process can't see
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


def _pairs(text: str) -> dict[str, str]:
    return {name: value for name, _, value in (line.partition(" ") for line in text.splitlines())}
