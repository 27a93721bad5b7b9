"""Folders of runs and sweeps: claimed by an atomic mkdir, given back when nothing was run.

Two commands that start in the same second get two folders. What lay there before is never removed.
Hydra calls the resolver and the callback by name, so this module remembers what the process made.
"""

import functools
import os
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from results.errors import UserError
from results.new_folder import claimed
from results.run_folder import is_run

_RESOLVER = "claimed_folder"
_first_missing_above: dict[Path, Path | None] = {}
"""For each folder of this process: the uppermost one that was made for it, None if it was there."""


def register() -> None:
    """Makes `${claimed_folder:<parent>}` known to OmegaConf."""
    OmegaConf.register_new_resolver(_RESOLVER, claimed_folder, replace=True)


@functools.cache
def claimed_folder(parent: str) -> str:
    """A new folder `<parent>/<date>/<time>` (UTC) that belongs to this process alone.

    The same one each time that it is asked for. Raises OSError where it can't be made.
    """
    moment = datetime.now(UTC)
    time_of_day = moment.strftime("%H-%M-%S")
    day = Path(parent) / moment.strftime("%Y-%m-%d")
    missing = _first_missing(day)
    folder = claimed(day, time_of_day)
    _first_missing_above[folder.absolute()] = missing or folder
    return str(folder)


def check(key: str, node: DictConfig) -> Path:
    """The folder that `hydra.run` or `hydra.sweep` names, usable; ours is claimed now.

    Raises UserError where it can't be written or holds a run already.
    """
    written = OmegaConf.to_container(node, resolve=False)["dir"]  # type: ignore[index,call-overload]
    ours = str(written).startswith(f"${{{_RESOLVER}:")
    asked = Path(str(written).partition(":")[2].rstrip("}")) if ours else Path(node.dir)
    if not writable(asked):
        here = asked.absolute()
        raise UserError(f"{key}={here}: can't be written; give another with {key}=<folder>")
    if ours:
        return Path(node.dir)
    if is_run(asked):
        raise UserError(f"{key}={asked}: holds a run already; give another folder")
    _first_missing_above[asked.absolute()] = _first_missing(asked)
    return asked


def check_shared(key: str, node: DictConfig, leads: bool) -> Path:
    """The folder that `hydra.run` names, where launchers on several hosts share it.

    Args:
      leads: whether this process's launcher is the one that leads the run.

    Raises UserError where none is named, it can't be written, or holds a run already.
    """
    written = str(OmegaConf.to_container(node, resolve=False)["dir"])  # type: ignore[index,call-overload]
    if written.startswith(f"${{{_RESOLVER}:"):
        raise UserError(
            f"{key}: engine=given needs one folder that all processes share, and each would make "
            f"its own; give {key}=<folder>, the same everywhere"
        )
    asked = Path(node.dir)
    if not writable(asked):
        raise UserError(f"{key}={asked.absolute()}: can't be written; give another")
    if leads and is_run(asked):
        raise UserError(f"{key}={asked}: holds a run already; give another folder")
    return asked


def remove(folder: Path) -> None:
    """Removes a folder that this process made, and those above it made with it, unless others use
    them by now. A folder that was there before is left."""
    folder = folder.absolute()
    uppermost = _first_missing_above.get(folder)
    if uppermost is None:
        return
    shutil.rmtree(folder, ignore_errors=True)
    while folder != uppermost.absolute():
        folder = folder.parent
        try:
            folder.rmdir()
        except OSError:
            return  # another run lives there


def writable(folder: Path) -> bool:
    """Whether `folder` can be written, or made: tried, as permissions don't tell for root."""
    place = folder.absolute()
    while not os.path.lexists(place):
        place = place.parent
    try:
        with tempfile.TemporaryDirectory(prefix=".distribute-bench-", dir=place):
            return True
    except OSError:
        return False


def _first_missing(folder: Path) -> Path | None:
    """The uppermost of `folder` and those above it that doesn't exist."""
    missing = None
    for each in (folder.absolute(), *folder.absolute().parents):
        if each.exists():
            break
        missing = each
    return missing
