"""Agents in one step of a job: what `srun` reads reaches all of them, what they print it labels.

What Slurm 22.05 was seen to do, and this relies on: a line written to srun's standard input is with
every task in a millisecond. With `--label` lines of less than 1,024 bytes come back whole; longer
ones are cut, and without the label lines of different tasks are torn into each other. A node that
dies is not noticed by srun before the controller gives it up, which takes minutes: the group's own
beats are faster. When srun is killed its tasks live on and hear nothing of it, until the job ends.
"""

import collections
import contextlib
import os
import re
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from launcher.engines import EngineError
from launcher.engines.agents import Channel
from launcher.paths import python_path
from results.text import last_line

_OPTIONS = (
    "--label",
    "--input=all",
    "--kill-on-bad-exit=0",
    "--no-kill",
    "--overlap",  # what a batch script holds itself is no less there
    "--mpi=none",
    "--export=ALL",
)
_AGENT = 'exec "$0" -P -m launcher.engines.agent "$SLURM_PROCID" "$@" "$SLURM_LAUNCH_NODE_IPADDR"'
_LABELLED = re.compile(rb"\s*(\d+): ?(.*)", re.DOTALL)
_TASKS_ENDED = re.compile(r"srun: error: \S+: tasks? (?P<numbers>[\d,-]+): (?P<how>.+)")
_TOLD_TO_LEAVE = re.compile(r"\*\*\* STEP \S+ ON \S+ CANCELLED AT .*? \*\*\*")
_LINES_KEPT = 50
_LEAVE_SECONDS, _KILL_SECONDS = 3.0, 1.0
"""For agents that are told to leave, and then for those that are killed; after that only a node
that doesn't answer is waited for."""
_POLL_SECONDS = 0.1


class StepChannel(Channel):
    """A step of a job that this process is part of, with one agent for each task of a run.

    When Slurm tells the step to leave, this process is sent SIGUSR2: of a preemption a job's steps
    hear first, and its script only when its time is up.
    """

    def __init__(self, job: str, folder: Path, count: int, method: str) -> None:
        """Starts the step; returns without waiting for its agents. Raises EngineError."""
        self._job, self._count = job, count
        self._pending = {"out": b"", "err": b""}
        self._said: collections.deque[str] = collections.deque(maxlen=_LINES_KEPT)
        self._ended: dict[int, str] = {}
        # From 22.05 on a step doesn't take this over from its job.
        cpus = os.environ.get("SLURM_CPUS_PER_TASK")
        own = [
            f"--jobid={job}",
            f"--ntasks={count}",
            *([f"--cpus-per-task={cpus}"] if cpus else []),
        ]
        agent = ["sh", "-c", _AGENT, sys.executable, str(folder), method]
        try:
            self._srun = subprocess.Popen(
                ["srun", *own, *_OPTIONS, *agent],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": python_path()},
            )
        except OSError as error:
            raise EngineError(f"srun can't be started: {error}") from error
        self._selector = selectors.DefaultSelector()
        for name, stream in (("out", self._srun.stdout), ("err", self._srun.stderr)):
            self._selector.register(_pipe(stream), selectors.EVENT_READ, data=name)

    def send(self, line: str) -> None:
        stream = _pipe(self._srun.stdin)
        try:
            stream.write(line.encode() + b"\n")
            stream.flush()
        except (BrokenPipeError, ValueError) as error:
            raise EngineError(self._gone()) from error

    def receive(self, timeout: float) -> Sequence[tuple[int, str]]:
        if not self._selector.get_map():
            time.sleep(timeout)
            return ()
        found = []
        for key, _ in self._selector.select(timeout):
            for line in self._lines_of(key):
                labelled = _LABELLED.fullmatch(line)
                if key.data == "err" or labelled is None:
                    self._take_remark(line.decode(errors="replace"))
                elif labelled[2].startswith(b"{"):
                    found.append((int(labelled[1]), labelled[2].decode()))
        return found

    def ended(self) -> Mapping[int, str]:
        if self._srun.poll() is None:
            return self._ended
        return {number: self._ended.get(number, self._gone()) for number in range(self._count)}

    def close(self) -> None:
        """Agents leave when their input ends; srun waits for those of a node that is gone, too."""
        stdin = _pipe(self._srun.stdin)
        if stdin.closed:
            return
        with contextlib.suppress(BrokenPipeError):
            stdin.close()
        if not self._has_left_within(_LEAVE_SECONDS):
            self._srun.terminate()  # it ends the step then
            if not self._has_left_within(_KILL_SECONDS):
                self._srun.kill()
        self._srun.wait()
        for stream in (self._srun.stdout, self._srun.stderr):
            _pipe(stream).close()
        self._selector.close()

    def _has_left_within(self, seconds: float) -> bool:
        """Reads on meanwhile: srun would wait for a reader, too."""
        limit = time.monotonic() + seconds
        while self._srun.poll() is None and time.monotonic() < limit:
            self.receive(_POLL_SECONDS)
        return self._srun.poll() is not None

    def _lines_of(self, key: selectors.SelectorKey) -> list[bytes]:
        data = os.read(key.fd, 1 << 16)
        if not data:
            self._selector.unregister(key.fileobj)
        *lines, self._pending[key.data] = (self._pending[key.data] + data).split(b"\n")
        return lines

    def _take_remark(self, line: str) -> None:
        """Something that srun, Slurm or an agent says to people."""
        self._said.append(line)
        print(line, file=sys.stderr)
        if _TOLD_TO_LEAVE.search(line):
            os.kill(os.getpid(), signal.SIGUSR2)
        ended = _TASKS_ENDED.match(line)
        if ended:
            for number in numbers(ended["numbers"]):
                self._ended[number] = f"ended its agent ({ended['how']})"

    def _gone(self) -> str:
        code, said = self._srun.poll(), last_line("\n".join(self._said))
        return f"lost its step of job {self._job}: srun ended with code {code}: {said}"


def numbers(text: str) -> list[int]:
    """Of Slurm's lists: `0,2-4` is 0, 2, 3, 4."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # all of them are pipes
    return stream
