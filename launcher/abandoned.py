"""What a run's folder is told when its launcher was killed: that it was, and by what it is left.

Called by the engine's leader, which notices first, or by the witness of a run on other hosts;
TensorFlow and the configuration aren't needed.
"""

import contextlib
import shutil
from pathlib import Path

from results.run_folder import STATUS, RunFolder, now

TEMPORARY = "temporary"
"""Temporary files of a run's processes."""
RESERVE = ".reserve"
"""Space that a full disk can't take from the run's last words."""
_HALVES = (".*.tmp", "*.writing-*")
"""Files under the names that they have until they are whole."""


def close_folder(folder: Path) -> None:
    """Writes down how the run ended, and removes what only its launcher needed."""
    remove_working_files(folder)
    run = RunFolder(folder)
    with contextlib.suppress(OSError):  # nobody is left to be told
        status = run.read_if_there(STATUS)
        if status is not None and status.get("state") == "running":
            ended = {"state": "interrupted", "reason": "the launcher was killed", "ended": now()}
            run.write(STATUS, {**status, **ended})


def remove_working_files(folder: Path) -> None:
    """Temporary files, halves of files that a killed task was writing, and the reserve."""
    shutil.rmtree(folder / TEMPORARY, ignore_errors=True)
    (folder / RESERVE).unlink(missing_ok=True)
    for pattern in _HALVES:
        for half in folder.rglob(pattern):
            half.unlink(missing_ok=True)
