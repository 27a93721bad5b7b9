"""Emulated hosts' share of the cores and their memory: a control group for each, which the kernel
holds to its limits. Version 2 where it has the controllers, else version 1.

    where the launcher's own group allows ── distribute-bench-… ── host-0, host-1, …

The kernel ends a process for want of its host's memory and counts that; it does not take away
groups whose processes have ended. So a run's groups are locked (flock) by the process that leads
it, and whoever sees that process gone removes what nobody holds: the server, the launcher, or the
next run that makes groups.
"""

import contextlib
import fcntl
import functools
import os
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from launcher.engines import Host, namespaces

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
_CPU, _MEMORY = "cpu", "memory"
_UNIFIED = "cgroup2"


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

    def __init__(self) -> None:
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
                remove_left()
            places = _places(controllers)
            folders = {name: self._of_run(place, controllers) for name, place in places.items()}
            name = f"host-{len(self._hosts)}"
            made = tuple(dict.fromkeys(folder / name for folder in folders.values()))
            for folder in made:
                folder.mkdir()
            if host.cores is not None:
                _limit_cores(folders[_CPU] / name, host.cores)
            if host.memory_mb is not None:
                _limit_memory(folders[_MEMORY] / name, host.memory_mb * 1_000_000 - held_bytes)
            self._hosts[host] = HostGroup(made)
        return self._hosts.get(host)

    def remove(self) -> None:
        """Once all processes have ended; a group that still holds one is left to the next run."""
        for folder in self._folders.values():
            _remove(folder)
        for lock in self._locks:
            os.close(lock)
        self._hosts, self._folders, self._locks = {}, {}, []

    def _of_run(self, place: Path, controllers: Sequence[str]) -> Path:
        if place not in self._folders:
            folder, lock = _locked_folder(place)
            self._folders[place] = folder
            self._locks.append(lock)
            if _is_unified(folder):
                _enable(folder, controllers)
        return self._folders[place]


def remove_left() -> None:
    """Removes the groups of runs whose leaders are gone; does nothing where there are none."""
    for parent in _parents():
        for folder in parent.glob(f"{_PREFIX}*"):
            with contextlib.suppress(FileNotFoundError):  # somebody else removes it
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
        return str(error)
    finally:
        groups.remove()


def _controllers(host: Host) -> tuple[str, ...]:
    wanted = {_CPU: host.cores, _MEMORY: host.memory_mb}
    return tuple(name for name, limit in wanted.items() if limit is not None)


def _limit_cores(folder: Path, cores: float) -> None:
    quota = max(_LEAST_QUOTA_SECONDS, cores * _PERIOD_SECONDS)
    quota_us, period_us = round(quota * 1e6), round(quota / cores * 1e6)
    if _is_unified(folder):
        (folder / "cpu.max").write_text(f"{quota_us} {period_us}")
    else:
        (folder / "cpu.cfs_period_us").write_text(str(period_us))
        (folder / "cpu.cfs_quota_us").write_text(str(quota_us))


def _limit_memory(folder: Path, limit: int) -> None:
    """Nothing of it is swapped out, where the kernel counts what is."""
    if limit <= 0:
        raise OSError("the framework alone holds more than its memory")
    if _is_unified(folder):
        (folder / "memory.max").write_text(str(limit))
        (folder / "memory.oom.group").write_text("1")
        if (folder / "memory.swap.max").exists():
            (folder / "memory.swap.max").write_text("0")
    else:
        (folder / "memory.limit_in_bytes").write_text(str(limit))
        if (folder / "memory.memsw.limit_in_bytes").exists():
            (folder / "memory.memsw.limit_in_bytes").write_text(str(limit))


def _places(controllers: Sequence[str]) -> dict[str, Path]:
    """The folder in which a run's is made, by controller. Raises OSError where there is none."""
    mounts = list(_mounts())
    if not mounts:
        raise OSError("no control groups are mounted")
    unified = next((each for each in mounts if each.kind == _UNIFIED), None)
    if unified is not None and set(controllers) <= unified.controllers:
        return dict.fromkeys(controllers, _unified_place(unified, controllers))
    found: dict[str, Path] = {}
    for name in controllers:
        mount = next((m for m in mounts if m.kind != _UNIFIED and name in m.controllers), None)
        if mount is None:
            raise OSError(f"its control groups have no controller {name}")
        if not os.access(mount.own, os.W_OK):
            raise OSError(f"{mount.own} can't be written")
        found[name] = mount.own
    return found


def _unified_place(mount: "_Mount", controllers: Sequence[str]) -> Path:
    """The nearest group above this process that hands the controllers down: a group that has
    processes of its own, as this process's has, can't begin to, but for the one at the top."""
    above = _up_to_the_top(mount)
    for folder in above:
        handed_down = (folder / "cgroup.subtree_control").read_text().split()
        if set(controllers) <= set(handed_down) and os.access(folder, os.W_OK):
            return folder
    _enable(mount.own, controllers)
    return mount.own


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


def _enable(folder: Path, controllers: Sequence[str]) -> None:
    path = folder / "cgroup.subtree_control"
    try:
        path.write_text(" ".join(f"+{name}" for name in controllers))
    except OSError as error:
        named = " and ".join(controllers)
        raise OSError(f"{path} doesn't take {named} ({error.strerror})") from error


def _parents() -> Iterator[Path]:
    """Every folder in which this process, or an earlier one like it, may have made a run's."""
    for mount in _mounts():
        yield from _up_to_the_top(mount) if mount.kind == _UNIFIED else [mount.own]


def _up_to_the_top(mount: "_Mount") -> list[Path]:
    above = [mount.own, *mount.own.parents]
    return above[: above.index(mount.top) + 1]


@dataclass(frozen=True)
class _Mount:
    """A hierarchy that this process can see, and its own group there."""

    kind: str
    top: Path
    own: Path
    controllers: frozenset[str]


def _mounts() -> Iterator[_Mount]:
    """Those that have a controller of interest; none where the system has no control groups."""
    if not Path("/proc/self/cgroup").is_file():
        return
    mine: dict[str, str] = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        mine |= dict.fromkeys(controllers.split(","), path)  # version 2 names none
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        (root, mounted), (kind, _, options) = before.split()[3:5], after.split()
        top = Path(mounted)
        if kind == _UNIFIED:
            controllers = (top / "cgroup.controllers").read_text()
            own, has = mine.get("", "/"), set(controllers.split()) & {_CPU, _MEMORY}
        elif kind == "cgroup":
            has = set(options.split(",")) & {_CPU, _MEMORY}
            own = mine.get(min(has, default=""), "/")
        else:
            continue
        if has:
            yield _Mount(kind, top, _own_folder(top, root, own), frozenset(has))


def _own_folder(top: Path, root: str, path: str) -> Path:
    """Where the group `path` lies below a mount of `root`; at the top where it doesn't."""
    with contextlib.suppress(ValueError):
        folder = top / PurePosixPath(path).relative_to(root)
        if folder.is_dir():
            return folder
    return top


def _is_unified(folder: Path) -> bool:
    return (folder / "cgroup.controllers").exists()


def _remove(folder: Path) -> None:
    """The run's folder and its hosts'; not what still holds processes after a while."""
    limit = time.monotonic() + _REMOVING_SECONDS
    for each in [*(path for path in folder.iterdir() if path.is_dir()), folder]:
        while True:
            try:
                each.rmdir()
                break
            except OSError:
                if time.monotonic() > limit:
                    return
            time.sleep(_REMOVING_PAUSE_SECONDS)


def _pairs(text: str) -> dict[str, str]:
    return {name: value for name, _, value in (line.partition(" ") for line in text.splitlines())}
