"""Agents on this machine, reached through pipes: what every engine that has agents builds on,
without a cluster around it."""

import contextlib
import os
import selectors
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from launcher.engines import Engine, EngineError, Group
from launcher.engines.agents import AgentGroup, Channel


class PipedChannel(Channel):
    """One process for each agent."""

    def __init__(self, folder: Path, count: int, method: str) -> None:
        self._pending = [b""] * count
        self._selector = selectors.DefaultSelector()
        self.processes = [
            subprocess.Popen(
                [
                    sys.executable,
                    "-P",
                    "-m",
                    "launcher.engines.agent",
                    str(number),
                    str(folder),
                    method,
                    "127.0.0.1",
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
                start_new_session=True,
            )
            for number in range(count)
        ]
        for number, process in enumerate(self.processes):
            self._selector.register(process.stdout, selectors.EVENT_READ, data=number)

    def send(self, line: str) -> None:
        alive = [process for process in self.processes if process.poll() is None]
        if not alive:
            raise EngineError("no agent is left")
        for process in alive:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(line.encode() + b"\n")
                process.stdin.flush()

    def receive(self, timeout: float) -> Sequence[tuple[int, str]]:
        found = []
        for key, _ in self._selector.select(timeout):
            data = os.read(key.fd, 1 << 16)
            if not data:
                self._selector.unregister(key.fileobj)
                continue
            *lines, self._pending[key.data] = (self._pending[key.data] + data).split(b"\n")
            found += [(key.data, line.decode()) for line in lines]
        return found

    def ended(self) -> Mapping[int, str]:
        codes = {number: process.poll() for number, process in enumerate(self.processes)}
        return {
            number: f"left with code {code}" for number, code in codes.items() if code is not None
        }

    def close(self) -> None:
        for process in self.processes:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:  # it is stopped
                process.kill()
                process.wait()
            process.stdout.close()
        self._selector.close()


class PipedEngine(Engine):
    """An engine whose hosts are all this machine."""

    def __init__(self, method: str) -> None:
        self._method = method
        self.channels: list[PipedChannel] = []

    def open(
        self, folder: Path, tasks: Sequence[str], isolated: bool, given_up: Callable[[], bool]
    ) -> Group:
        return AgentGroup(self._connect, folder, tasks or ["task-0"], given_up)

    def close(self) -> None:
        for channel in self.channels:
            for process in channel.processes:
                process.kill()
                process.wait()

    def _connect(self, folder: Path, count: int) -> Channel:
        self.channels.append(PipedChannel(folder, count, self._method))
        return self.channels[-1]


def piped_engine(method: str, options: Mapping[str, Any]) -> Engine:
    """What `engine._target_` names."""
    return PipedEngine(method)
