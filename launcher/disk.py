"""A disk that is full, or about to be: told in one line, before it costs a measurement."""

import os
from pathlib import Path

from launcher.failure_kinds import is_full_disk

_LEAST_FREE_BYTES = 1_000_000
"""Less than this holds not even a run's logs."""
_PEAK = 2
"""While it goes on, a run holds a checkpoint or the model twice for a moment, and a reserve."""
_BLOCK_BYTES = 4096
"""Of common file systems; each file takes whole ones."""
_MB = 1e6


class DiskFull(Exception):
    """There is no room for another run; what is finished is whole."""


def full_disk(error: BaseException | None) -> DiskFull | None:
    """This error, or what caused it, as a full disk; None where it is something else."""
    while error is not None:
        if isinstance(error, DiskFull):
            return error
        if isinstance(error, OSError) and is_full_disk(error):
            place = f" ({error.filename})" if error.filename else ""
            return DiskFull(f"the disk is full{place}; make space")
        error = error.__cause__ or error.__context__
    return None


def check_room(folder: Path, run_bytes: int) -> None:
    """Raise DiskFull where the disk of `folder` may not hold another run.

    Args:
      run_bytes: what the largest run so far has left behind.
    """
    needed, free = max(_PEAK * run_bytes, _LEAST_FREE_BYTES), free_bytes(folder)
    if free < needed:
        raise DiskFull(
            f"the disk is full ({folder}: {free / _MB:,.1f} MB are free, a run needs up to "
            f"{needed / _MB:,.1f} MB); make space"
        )


def free_bytes(folder: Path) -> int:
    """What this user can still write there."""
    told = os.statvfs(folder)
    return told.f_bavail * told.f_frsize


def used_bytes(folder: Path) -> int:
    """What the files below `folder` take on the disk."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                size = os.lstat(os.path.join(place, name)).st_size
                total += -(-size // _BLOCK_BYTES) * _BLOCK_BYTES
            except FileNotFoundError:
                continue
    return total
