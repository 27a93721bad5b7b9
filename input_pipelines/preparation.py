"""Data written once, whoever needs it first. Free of TensorFlow itself; sources bring their own.

Prepared data lies in `<cache folder>/<source name>-<identity>`, and that folder exists only when it
is complete: it is written under a temporary name and renamed. A lock on a file beside it makes
others wait; the system drops the lock when its holder dies, so a temporary folder whose lock is
free is a dead process's, and is removed.
"""

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from results.errors import UserError

if TYPE_CHECKING:
    from input_pipelines.opening import Source

_TEMPORARY = ".writing-"
_LOCK = ".lock"


@dataclass(frozen=True)
class Prepared:
    """What preparation led to."""

    folder: Path | None
    """Holds the data; None where the source needs none."""
    seconds: float
    """Wall time, waiting for another process included."""
    made: bool
    """Whether this call wrote it."""


def prepare(source: "Source", name: str, cache_folder: Path | None) -> Prepared:
    """Makes sure that the source's data lies in the cache folder, writing it if need be.

    Raises `UserError` where the cache folder can't be written.
    """
    started = time.perf_counter()
    folder = prepared_folder(source, name, cache_folder)
    if folder is None or folder.is_dir():
        return Prepared(folder, time.perf_counter() - started, made=False)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _locked(folder.parent / (folder.name + _LOCK)):
            made = not folder.is_dir()
            if made:
                _remove_leftovers(folder.parent, folder.name)
                _write(source, folder)
    except (PermissionError, NotADirectoryError, FileExistsError) as error:
        raise UserError(
            f"cache_folder={folder.parent}: can't be written ({error.strerror}); give another"
        ) from error
    return Prepared(folder, time.perf_counter() - started, made)


def prepared_folder(source: "Source", name: str, cache_folder: Path | None) -> Path | None:
    """Where the source's prepared data lies or will lie; None where it needs none."""
    if source.identity is None:
        return None
    if cache_folder is None:
        raise UserError(f"cache_folder: source={name} has to be prepared, give a folder for it")
    return Path(cache_folder).absolute() / f"{name}-{source.identity}"


def _write(source: "Source", folder: Path) -> None:
    temporary = folder.parent / f"{folder.name}{_TEMPORARY}{os.getpid()}"
    temporary.mkdir()
    try:
        source.prepare(temporary)
        temporary.rename(folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _remove_leftovers(cache_folder: Path, held: str) -> None:
    """Removes temporary folders of processes that died; the lock of `held` is ours."""
    for leftover in cache_folder.glob(f"*{_TEMPORARY}*"):
        owner = leftover.name.rpartition(_TEMPORARY)[0]
        if owner == held:
            shutil.rmtree(leftover, ignore_errors=True)
            continue
        with (
            contextlib.suppress(BlockingIOError),
            _locked(cache_folder / (owner + _LOCK), wait=False),
        ):
            shutil.rmtree(leftover, ignore_errors=True)


@contextlib.contextmanager
def _locked(path: Path, wait: bool = True) -> Iterator[None]:
    """Holds the lock file; without `wait`, raises BlockingIOError where another process does."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
