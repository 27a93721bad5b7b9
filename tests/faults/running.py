"""A real run that goes on while a test does something to it, and what it may leave behind."""

import os
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from launcher.run import Outcome
from launcher.session import Session
from results.run_folder import LOG, PLAN, STATUS, RunFolder
from tests.runs import run

PATIENCE_SECONDS = 120


class Running:
    """One run of a session, in a thread of its own."""

    def __init__(self, session: Session, folder: Path, *overrides: str) -> None:
        session.interrupts.count = 0
        self.folder = RunFolder(folder)
        self._outcome: Outcome | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(session, folder, *overrides))
        self._thread.start()

    def _run(self, session: Session, folder: Path, *overrides: str) -> None:
        try:
            self._outcome, _ = run(session, folder, *overrides)
        except BaseException as error:
            self._error = error

    def wait_for(self, task: str, event: str, count: int = 1) -> None:
        """Returns once `task` has written that event so often."""
        until(lambda: self.count(task, event) >= count or not self.goes_on())
        assert self.goes_on(), (self._outcome, self._error)

    def goes_on(self) -> bool:
        """Whether the run has not ended yet."""
        return self._thread.is_alive()

    def count(self, task: str, event: str) -> int:
        """How often `task` has written that event."""
        return sum(each["event"] == event for each in self.folder.events(task))

    def pid(self, task: str) -> int:
        """Of the task's process, as this process sees it."""
        log = self.folder.task_folder(task) / LOG
        until(lambda: bool(pids_printing_to(log)))
        return pids_printing_to(log)[0]

    def end(self, seconds: float = PATIENCE_SECONDS) -> Outcome:
        """How the run ended; it has to within `seconds`."""
        self._thread.join(seconds)
        assert not self._thread.is_alive(), f"still running after {seconds} s"
        if self._error is not None:
            raise self._error
        assert self._outcome is not None
        return self._outcome

    @property
    def cause(self) -> dict[str, Any]:
        """What `status.json` says of the cause."""
        cause: dict[str, Any] = self.folder.read(STATUS)["cause"]
        return cause

    def left_behind(self) -> list[str]:
        """Files that only a launcher at work needs, and ports and processes of the run."""
        path = self.folder.path
        names = ("temporary", ".reserve")
        found = [name for name in names if (path / name).exists()]
        found += [str(half) for half in path.rglob(".*.tmp")]
        found += [
            str(saved)
            for saved in path.glob("checkpoints/*")
            if not (saved / "manifest.json").is_file()
        ]
        for task in self.folder.read(PLAN)["tasks"]:
            pids = pids_printing_to(self.folder.task_folder(task["task"]) / LOG)
            found += [f"{task['task']} is process {pid}" for pid in pids]
            addresses = [task["address"], *task["more_addresses"]] if task["address"] else []
            found += [address for address in addresses if listens(address)]
        return found


def until(met: Any, seconds: float = PATIENCE_SECONDS) -> None:
    """Returns once `met()` holds."""
    limit = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < limit, "it never came to that"
        time.sleep(0.02)


def pids_printing_to(log: Path) -> list[int]:
    """Processes whose standard output is this file: of a task, and of what it started."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                target = os.readlink(f"/proc/{entry}/fd/1")
            except OSError:
                continue
            if target == str(log):
                found.append(int(entry))
    return sorted(found)


def listens(address: str) -> bool:
    """Whether anybody here listens on the address's port, on whatever interface."""
    port = int(address.rpartition(":")[2])
    return any(
        connection.laddr.port == port and connection.status == psutil.CONN_LISTEN
        for connection in psutil.net_connections("tcp")
    )
