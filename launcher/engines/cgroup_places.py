"""Where a process can make control groups: which hierarchies there are, and which of their folders
is one that it may write and that has the controllers.

Read from `/proc/self/cgroup` and `/proc/self/mountinfo` (cgroups(7), proc(5)).
"""

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

CPU, MEMORY = "cpu", "memory"
PROC = Path("/proc/self")
_UNIFIED = "cgroup2"


@dataclass(frozen=True)
class Place:
    """Where the folders of runs are made."""

    unified: bool
    """Whether that is version 2."""
    folders: dict[str, Path]
    """By controller; equal ones in version 2."""


def place_of(controllers: Sequence[str], proc: Path = PROC) -> Place:
    """For groups with all of these controllers. Raises OSError where there is no such place."""
    mounts = list(_mounts(proc))
    if not mounts:
        raise OSError("no control groups are mounted")
    unified = next((each for each in mounts if each.kind == _UNIFIED), None)
    if unified is not None and set(controllers) <= unified.controllers:
        return Place(True, dict.fromkeys(controllers, _unified_place(unified, controllers)))
    found: dict[str, Path] = {}
    for name in controllers:
        mount = next((m for m in mounts if m.kind != _UNIFIED and name in m.controllers), None)
        if mount is None:
            raise OSError(f"its control groups have no controller {name}")
        if not os.access(mount.own, os.W_OK):
            raise OSError(f"{mount.own} can't be written")
        found[name] = mount.own
    return Place(False, found)


def _unified_place(mount: "_Mount", controllers: Sequence[str]) -> Path:
    """The nearest group above this process that hands the controllers down: a group that has
    processes of its own, as this process's has, can't begin to, but for the one at the top."""
    above = _up_to_the_top(mount)
    for folder in above:
        handed_down = (folder / "cgroup.subtree_control").read_text().split()
        if set(controllers) <= set(handed_down) and os.access(folder, os.W_OK):
            return folder
    hand_down(mount.own, controllers)
    return mount.own


def hand_down(folder: Path, controllers: Iterable[str]) -> None:
    """Lets groups in `folder` have these controllers (version 2). Raises OSError."""
    path = folder / "cgroup.subtree_control"
    try:
        path.write_text(" ".join(f"+{name}" for name in controllers))
    except OSError as error:
        named = " and ".join(controllers)
        raise OSError(f"{path} doesn't take {named} ({error.strerror})") from error


def parents(proc: Path = PROC) -> Iterator[Path]:
    """Every folder in which this process, or an earlier one like it, may have made a run's."""
    for mount in _mounts(proc):
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


def _mounts(proc: Path) -> Iterator[_Mount]:
    """Those that have a controller of interest; none where the system has no control groups."""
    if not (proc / "cgroup").is_file():
        return
    mine: dict[str, str] = {}
    for line in (proc / "cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        mine |= dict.fromkeys(controllers.split(","), path)  # version 2 names none
    for line in (proc / "mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        (root, mounted), (kind, _, options) = before.split()[3:5], after.split()
        top = Path(mounted)
        if kind == _UNIFIED and os.access(top / "cgroup.controllers", os.R_OK):
            controllers = (top / "cgroup.controllers").read_text()
            own, has = mine.get("", "/"), set(controllers.split()) & {CPU, MEMORY}
        elif kind == "cgroup":
            has = set(options.split(",")) & {CPU, MEMORY}
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
