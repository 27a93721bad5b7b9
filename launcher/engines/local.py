"""Processes on this machine: forked from a server that has imported TensorFlow, or fresh ones.

launcher ─▶ server (once a command) ─▶ leader (one a run, in namespaces) ─▶ tasks
"""

import dataclasses
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from launcher.engines import (
    Engine,
    EngineError,
    Exit,
    Group,
    Isolation,
    Look,
    TaskProcess,
    cgroups,
)
from launcher.paths import python_path

_KEPT_BYTES = 20_000
"""Of what a server printed before it died, the end is shown."""
_PATIENCE_SECONDS = 0.1
_LOOK_SECONDS = 10.0
"""A leader that doesn't answer for so long is gone or stopped."""


def local_engine(method: str, options: Mapping[str, Any]) -> Engine:
    """The engine for `launch.method`: `fork` (Linux) or `spawn`."""
    return LocalEngine(method if sys.platform == "linux" else "spawn")


class LocalEngine(Engine):
    """Starts its server on construction, and waits for it only when there is something to do."""

    def __init__(self, method: str) -> None:
        ours, theirs = socket.socketpair()
        self._output: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  closed in close()
        module = "launcher.engines.server"
        self._server = subprocess.Popen(
            # -P: a folder `results` where the user stands must not shadow ours
            [sys.executable, "-P", "-m", module, str(theirs.fileno()), str(os.getpid()), method],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, **_ENVIRONMENT, "PYTHONPATH": python_path()},
        )
        theirs.close()
        self._connection = ours
        self._has_led = False

    def open(
        self, folder: Path, tasks: Sequence[str], isolated: bool, given_up: Callable[[], bool]
    ) -> Group:
        ours, theirs = socket.socketpair()
        request = {"folder": str(folder.absolute()), "isolated": isolated}
        try:
            socket.send_fds(self._connection, [json.dumps(request).encode()], [theirs.fileno()])
        except OSError as error:
            raise EngineError(self.said()) from error
        finally:
            theirs.close()
        group = LocalGroup(self, ours, given_up)
        self._has_led = True
        return group

    def close(self) -> None:
        if self._connection.fileno() < 0:
            return
        self._connection.close()
        if not self._has_led:
            self._server.kill()  # it may still be importing, and sees nothing until that is done
        if self._server.wait() != 0:  # else it has done so
            cgroups.remove_left()
        self._output.close()

    def said(self) -> str:
        """That the server is gone, and what it printed last."""
        self._output.seek(0)
        told = self._output.read()[-_KEPT_BYTES:].decode(errors="replace").strip()
        return f"the server that starts tasks has ended:\n{told}"


class LocalGroup(Group):
    """The processes of one run, by way of their leader."""

    def __init__(
        self, engine: LocalEngine, connection: socket.socket, given_up: Callable[[], bool]
    ) -> None:
        self._engine = engine
        self._connection = connection
        self._pending = b""
        self._exits: dict[str, Exit] = {}
        self._leads: dict[str, Any] = {}
        self._looked: list[dict[str, Look]] = []
        while not self._leads:
            if given_up():
                connection.close()
                raise KeyboardInterrupt
            self._receive(_PATIENCE_SECONDS)
        leads = self._leads
        self.isolation = Isolation("namespace" if leads["isolated"] else "none", leads["why"])
        self.warning = _TOUCHED if leads["touched"] else None

    def start(self, process: TaskProcess) -> None:
        process.log.parent.mkdir(parents=True, exist_ok=True)
        self._ask(
            {
                "start": process.name,
                "function": process.function,
                "arguments": list(process.arguments),
                "environment": process.environment,
                "log": str(process.log.absolute()),
                "memory_bytes": process.memory_bytes,
                "host": dataclasses.asdict(process.host) if process.host else None,
            }
        )

    def poll(self, timeout: float) -> dict[str, Exit]:
        limit = time.monotonic() + timeout
        while not self._exits and self._receive(limit - time.monotonic()):
            pass
        ended, self._exits = self._exits, {}
        return ended

    def look(self) -> dict[str, Look]:
        self._ask({"look": True})
        self._looked.clear()
        limit = time.monotonic() + _LOOK_SECONDS
        while not self._looked:
            if not self._receive(limit - time.monotonic()):
                raise EngineError("the process that leads the tasks doesn't answer")
        return self._looked.pop()

    def signal(self, name: str, number: int) -> None:
        self._ask({"signal": name, "number": int(number)})

    def close(self) -> None:
        if self._connection.fileno() < 0:
            return
        try:
            self._ask({"leave": True})
            self._connection.shutdown(socket.SHUT_WR)
            self._connection.settimeout(None)
            while self._connection.recv(1 << 16):  # its end closes when all else has ended
                pass
        except (EngineError, OSError):
            pass  # it is gone already, and what it led with it
        self._connection.close()

    def _ask(self, request: dict[str, Any]) -> None:
        try:
            self._connection.settimeout(None)
            self._connection.sendall(json.dumps(request).encode() + b"\n")
        except (BrokenPipeError, ConnectionResetError) as error:
            raise EngineError(_LEADER_GONE) from error

    def _receive(self, timeout: float) -> bool:
        """Take what arrives within `timeout` seconds; whether something did.

        Raises EngineError where the leader is gone.
        """
        self._connection.settimeout(max(0.001, timeout))
        try:
            data = self._connection.recv(1 << 16)
        except TimeoutError:
            return False
        except ConnectionResetError:
            data = b""
        if not data:
            raise EngineError(_LEADER_GONE if self._leads else self._engine.said())
        *lines, self._pending = (self._pending + data).split(b"\n")
        for record in map(json.loads, lines):
            self._take(record)
        return True

    def _take(self, record: dict[str, Any]) -> None:
        if "exited" in record:
            ended = Exit(record["code"], record["seen_ns"], record["ended_for"])
            self._exits[record["exited"]] = ended
        elif "looked" in record:
            self._looked.append({name: Look(*seen) for name, seen in record["looked"].items()})
        elif "refused" in record:
            raise EngineError(record["refused"])
        elif "leads" in record:
            self._leads = record["leads"]


_LEADER_GONE = "the process that leads the tasks of this run was killed"
_TOUCHED = (
    "launch.method=fork: the server that imported TensorFlow has touched a device, so tasks are "
    "started as fresh processes; look for TensorFlow operations in what Python imports at its start"
)
_ENVIRONMENT = {
    "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "2"),
    "KERAS_BACKEND": "tensorflow",
    # Forked tasks have the server's hashes: they must not change from one command to the next.
    "PYTHONHASHSEED": "0",
}
