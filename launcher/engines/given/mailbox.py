"""How launchers on several hosts hear of each other: a small file of each in the run's folder.

A launcher rewrites its own file twice a second, in place: what a network file system knows of a
renamed file may be half a minute old, while opening one that stayed asks the server (nfs(5),
close-to-open). A reader meets half of a record now and then, and keeps what it had.

Clocks of hosts differ, so nobody compares them: a launcher is alive as long as its file changes,
seen on the reader's own clock.
"""

import contextlib
import json
import os
import secrets
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = "launchers"
"""Below the run's folder; one file for each task."""
BEAT_SECONDS = 0.5
LOST_SECONDS = 10.0
"""A launcher whose file has not changed for so long is taken for lost: twenty beats."""
_BEATS_KEPT = 30
_LONGEST_PAUSE_SECONDS = 1.0
"""Between two looks; what a reader's own pause is longer than that is no silence of the other's."""


class Mailbox:
    """What this launcher says, until it is closed. Thread-safe."""

    def __init__(self, folder: Path, task: str, first: Mapping[str, Any]) -> None:
        """Says `first` at once. Raises OSError where nothing can be written below `folder`, the
        run's."""
        self._path = path_of(folder, task)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._record = {"task": task, **first}
        self._process, self._beats = secrets.token_hex(4), 0
        self.sent: dict[str, float] = {}
        """When the newest beats were written, by this host's clock."""
        self._lock = threading.Lock()
        self._left = threading.Event()
        self._write()
        self._thread = threading.Thread(target=self._keep_beating, daemon=True)
        self._thread.start()

    def say(self, **record: Any) -> None:
        """Add these to what is said, or change them; at once."""
        with self._lock:
            self._record |= record
        self._write_or_try_again_later()

    def close(self) -> None:
        """Say nothing more; the last words stay. May be repeated."""
        self._left.set()
        self._thread.join()

    def _keep_beating(self) -> None:
        while not self._left.wait(BEAT_SECONDS):
            self._write_or_try_again_later()

    def _write_or_try_again_later(self) -> None:
        # The next beat tries again; where none comes through, the others take it for lost.
        with contextlib.suppress(OSError):
            self._write()

    def _write(self) -> None:
        with self._lock:
            self._beats += 1
            beat = f"{self._process} {self._beats}"
            self.sent = dict([*self.sent.items(), (beat, time.time())][-_BEATS_KEPT:])
            text = json.dumps({**self._record, "beat": beat}) + "\n"
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o644)
            try:
                os.pwrite(descriptor, text.encode(), 0)
                os.ftruncate(descriptor, len(text.encode()))
            finally:
                os.close(descriptor)


class Peer:
    """Another task's launcher, as its file shows it."""

    def __init__(self, folder: Path, task: str) -> None:
        self.task = task
        self.record: Mapping[str, Any] = {}
        """What it said last, while this process was there to hear it; empty: nothing yet."""
        self._path = path_of(folder, task)
        self._beat: Any = _read(self._path).get("beat")
        self._looked = time.monotonic()
        self._silent = 0.0
        self.host = "an unknown host"
        """Its host's name, once it has said."""
        self.heard_ns = 0
        """`time.monotonic_ns()` when it was heard of last; 0: never."""

    @property
    def silent_seconds(self) -> float:
        """How long its file has not changed, of the time in which this process looked."""
        return self._silent

    def look(self) -> bool:
        """Read its file; whether it has changed since the last look."""
        now = time.monotonic()
        self._silent += min(now - self._looked, _LONGEST_PAUSE_SECONDS)
        self._looked = now
        record = _read(self._path)
        if not record or record["beat"] == self._beat:
            return False
        self._beat, self.record, self._silent = record["beat"], record, 0.0
        self.host = record.get("host", self.host)
        self.heard_ns = time.monotonic_ns()
        return True

    def await_again(self) -> None:
        """From now on as if nothing had been heard: whoever starts its process may do so again."""
        self.record, self._silent = {}, 0.0


def path_of(folder: Path, task: str) -> Path:
    """The file of `task`'s launcher in the run's folder."""
    return folder / FOLDER / f"{task}.json"


def _read(path: Path) -> dict[str, Any]:
    """The record in the file; empty where it isn't there, or not whole at this moment."""
    try:
        record = json.loads(path.read_bytes())
    except FileNotFoundError:
        with contextlib.suppress(OSError):
            os.listdir(path.parent)  # so that a network file system asks for new names next time
        return {}
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) and "beat" in record else {}
