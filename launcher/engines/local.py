"""Processes on this machine: forked from a warm server, or spawned fresh."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from typing import Any

from launcher.engines import Engine, EngineError, Exit, TaskProcess
from launcher.engines.process import kill_group

_KEPT_BYTES = 20_000
"""Of what a server printed before it died, the end is shown."""


def local_engine(method: str) -> Engine:
    """The engine for `launch.method`: `fork` (Linux) or `spawn`."""
    if method == "fork" and sys.platform == "linux":
        return ForkEngine()
    return SpawnEngine()


class ForkEngine(Engine):
    """Tasks are forked from a server of this launcher's own, which starts on construction."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self._output = tempfile.TemporaryFile()  # noqa: SIM115  closed in close()
        self._server = subprocess.Popen(
            [
                sys.executable,
                "-P",  # a folder `results` where the user stands must not shadow ours
                "-m",
                "launcher.engines.warm_server",
                str(theirs.fileno()),
                str(os.getpid()),
            ],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, **_ENVIRONMENT, "PYTHONPATH": _python_path()},
        )
        theirs.close()
        self._connection = ours
        self._pending = b""
        self._exits: dict[str, Exit] = {}

    def start(self, process: TaskProcess) -> None:
        process.log.parent.mkdir(parents=True, exist_ok=True)
        self._ask(
            {
                "start": process.name,
                "function": process.function,
                "arguments": list(process.arguments),
                "environment": process.environment,
                "log": str(process.log.absolute()),
                "preload": list(process.preload),
            }
        )

    def poll(self, timeout: float) -> dict[str, Exit]:
        limit = time.monotonic() + timeout
        while not self._exits:
            self._connection.settimeout(max(0.001, limit - time.monotonic()))
            try:
                data = self._connection.recv(1 << 16)
            except TimeoutError:
                break
            except ConnectionResetError:
                data = b""
            if not data:
                raise EngineError(f"the server that starts tasks has ended:\n{self._said()}")
            self._take(data)
        ended, self._exits = self._exits, {}
        return ended

    def signal(self, name: str, number: int) -> None:
        self._ask({"signal": name, "number": int(number)})

    def close(self) -> None:
        if self._connection.fileno() < 0:
            return
        self._connection.close()
        self._server.wait()
        self._output.close()

    def _ask(self, request: dict[str, Any]) -> None:
        try:
            self._connection.settimeout(None)
            self._connection.sendall(json.dumps(request).encode() + b"\n")
        except (BrokenPipeError, ConnectionResetError) as error:
            raise EngineError(f"the server that starts tasks has ended:\n{self._said()}") from error

    def _take(self, data: bytes) -> None:
        *lines, self._pending = (self._pending + data).split(b"\n")
        for record in map(json.loads, lines):
            if "exited" in record:
                self._exits[record["exited"]] = Exit(record["code"], record["seen_ns"])

    def _said(self) -> str:
        self._output.seek(0)
        return self._output.read()[-_KEPT_BYTES:].decode(errors="replace")


class SpawnEngine(Engine):
    """Every task is a fresh Python process."""

    def __init__(self) -> None:
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, process: TaskProcess) -> None:
        process.log.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-P", "-m", "launcher.engines.spawned", str(os.getpid())]
        with process.log.open("ab") as log:
            self._processes[process.name] = subprocess.Popen(
                [*command, process.function, *process.arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={
                    **os.environ,
                    **_ENVIRONMENT,
                    "PYTHONPATH": _python_path(),
                    **process.environment,
                },
            )

    def poll(self, timeout: float) -> dict[str, Exit]:
        limit = time.monotonic() + timeout
        while True:
            ended = {}
            for name, process in list(self._processes.items()):
                code = process.poll()
                if code is not None:
                    ended[name] = Exit(code, time.monotonic_ns())
                    kill_group(process.pid)
                    del self._processes[name]
            if ended or time.monotonic() >= limit:
                return ended
            time.sleep(0.02)

    def signal(self, name: str, number: int) -> None:
        process = self._processes.get(name)
        if process is None:
            return
        if number == signal.SIGKILL:
            kill_group(process.pid)
        else:
            process.send_signal(number)

    def close(self) -> None:
        for process in self._processes.values():
            kill_group(process.pid)
            process.wait()
        self._processes.clear()


_ENVIRONMENT = {
    "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "2"),
    "KERAS_BACKEND": "tensorflow",
}


def _python_path() -> str:
    """This process's module path for its children: where it finds the rooms, they do."""
    return os.pathsep.join(os.path.abspath(path) for path in sys.path)
