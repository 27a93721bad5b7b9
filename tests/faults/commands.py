"""The launcher as a process of its own, to be killed, and what it may leave behind."""

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import psutil

from results.run_folder import RunFolder
from tests.launcher.command_line import REPOSITORY

_MARK = "DISTRIBUTE_BENCH_TEST"
LONG = ("until.steps=1000000", "hydra.run.dir=run", "report=false")


class Command:
    """`python -m launcher …` in `folder`, with whatever it starts."""

    def __init__(
        self,
        folder: Path,
        *words: str,
        terminal: int | None = None,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.mark = environment.get(_MARK, uuid.uuid4().hex)
        self.temporary = folder / "tmp"
        self.temporary.mkdir(exist_ok=True)
        self.run = RunFolder(folder / "run")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "launcher", *words],
            cwd=folder,
            env={
                **os.environ,
                "PYTHONPATH": str(REPOSITORY),
                "TMPDIR": str(self.temporary),
                _MARK: self.mark,
                **environment,
            },
            stdin=subprocess.DEVNULL if terminal is None else terminal,
            stdout=subprocess.PIPE if terminal is None else terminal,
            stderr=subprocess.STDOUT if terminal is None else terminal,
            start_new_session=terminal is not None,
            text=True,
        )

    def wait_for(self, task: str, event: str, seconds: float = 120) -> None:
        """Returns once `task` has written that event."""
        limit = time.monotonic() + seconds
        while not any(each["event"] == event for each in self.run.events(task)):
            assert self.process.poll() is None, self.process.communicate()[0]
            assert time.monotonic() < limit
            time.sleep(0.02)

    def end(self, seconds: float = 120) -> tuple[int, str]:
        """Exit code, and all that was printed."""
        said, _ = self.process.communicate(timeout=seconds)
        return self.process.returncode, said or ""

    def beside(self, folder: Path, *words: str, environment: Mapping[str, str]) -> None:
        """Starts the command once more, as a process of the same run; nobody reads what it says."""
        other = Command(folder, *words, environment={**environment, _MARK: self.mark})
        threading.Thread(target=other.process.communicate, daemon=True).start()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def processes(self) -> list[psutil.Process]:
        """Every process that lives and has this command's environment."""
        found = []
        for each in psutil.process_iter():
            try:
                if each.environ().get(_MARK) == self.mark and each.status() != "zombie":
                    found.append(each)
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
        return found

    def all_gone(self, seconds: float) -> bool:
        """Whether within `seconds` none of its processes lives."""
        limit = time.monotonic() + seconds
        while self.processes():
            if time.monotonic() > limit:
                return False
            time.sleep(0.05)
        return True

    def files_left(self) -> list[str]:
        """What lies about that only a launcher at work needs."""
        names = ("temporary", ".reserve")
        found = [name for name in names if (self.run.path / name).exists()]
        found += [str(half) for half in self.run.path.rglob(".*.tmp")]
        return found + [str(left) for left in self.temporary.iterdir()]
