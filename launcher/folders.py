"""Folders of runs and sweeps: claimed by an atomic mkdir, given back when nothing was run.

Two commands that start in the same second get two folders. A folder that held something before
is never removed.
"""

import functools
import os
import shutil
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from results.errors import UserError


@functools.cache
def claimed_folder(parent: str) -> str:
    """A new folder `<parent>/<date>/<time>` (UTC) that belongs to this process alone.

    The same one each time that it is asked for. Raises UserError where it can't be made.
    """
    moment = datetime.now(UTC)
    time_of_day = moment.strftime("%H-%M-%S")
    day = Path(parent) / moment.strftime("%Y-%m-%d")
    try:
        day.mkdir(parents=True, exist_ok=True)
        for number in count(1):
            folder = day / (time_of_day if number == 1 else f"{time_of_day}-{number}")
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            return str(folder)
    except OSError as error:
        raise UserError(
            f"{parent}: can't be written ({error.strerror}); give another with "
            f"{_key_of(parent)}=<folder>"
        ) from error
    raise AssertionError("count() never ends")


def register() -> None:
    """Makes `${claimed_folder:<parent>}` known to OmegaConf."""
    from omegaconf import OmegaConf

    OmegaConf.register_new_resolver("claimed_folder", claimed_folder, replace=True)


class RunPlace:
    """Where a run or a sweep will be written, and how to leave the disk as it was."""

    def __init__(self, folder: Path) -> None:
        """Notes what is there before `folder` is made."""
        self.folder = folder
        self._first_made = _first_missing(folder)

    def remove(self) -> None:
        """Removes the folder and those above it that weren't there before, unless others now
        use them. A folder that was there before is left alone."""
        if self._first_made is None:
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        above = self.folder
        while above != self._first_made:
            above = above.parent
            try:
                above.rmdir()
            except OSError:
                return  # another run lives there


def writable(folder: Path) -> bool:
    """Whether `folder` exists and can be written, or can be made."""
    place = folder.absolute()
    while not place.exists() and not place.is_symlink():
        place = place.parent
    return place.is_dir() and os.access(place, os.W_OK | os.X_OK)


def _first_missing(folder: Path) -> Path | None:
    missing = None
    for each in (folder, *folder.parents):
        if each.exists():
            break
        missing = each
    return missing


def _key_of(parent: str) -> str:
    return "hydra.sweep.dir" if parent == "multirun" else "hydra.run.dir"
