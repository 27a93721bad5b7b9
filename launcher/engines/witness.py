"""Sees to it that a run's folder is closed where its launcher is killed.

Where a leader on the launcher's own machine does that, there is no need for it; agents on other
hosts only know that their channel has ended. So a process of its own waits at a pipe that ends with
the launcher, then for the agents to leave, each of which takes the file about its host away.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

from launcher.abandoned import close_folder
from launcher.paths import python_path

_PATIENCE_SECONDS = 15.0
"""For agents on hosts that still live to end their tasks."""
_POLL_SECONDS = 0.1
_LEAVING = b"."
_FILES_OF_AGENTS = ".host-*.json"
_FILES_FOR_AGENTS = ".start-*.json"


class Witness:
    """The process that waits; it is told when the launcher leaves well."""

    def __init__(self, folder: Path) -> None:
        module = "launcher.engines.witness"
        self._process = subprocess.Popen(
            # -P: a folder `results` where the user stands must not shadow ours
            [sys.executable, "-P", "-m", module, str(os.getpid()), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": python_path()},
            start_new_session=True,
        )

    def leave(self) -> None:
        """Ends it, and leaves the folder alone. May be repeated."""
        if self._process.returncode is None:
            self._process.communicate(_LEAVING)


def main(folder: Path) -> None:
    """Waits for the end of standard input; without a word before it the launcher was killed."""
    if sys.stdin.buffer.read():
        return
    limit = time.monotonic() + _PATIENCE_SECONDS
    while any(folder.glob(_FILES_OF_AGENTS)) and time.monotonic() < limit:
        time.sleep(_POLL_SECONDS)
    for pattern in (_FILES_OF_AGENTS, _FILES_FOR_AGENTS):
        for left in folder.glob(pattern):
            left.unlink(missing_ok=True)
    close_folder(folder)


if __name__ == "__main__":
    main(Path(sys.argv[2]))
