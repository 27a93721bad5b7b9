"""The process that has imported TensorFlow and forks tasks from itself, so that they start at once.

It touches no device and runs no operation, which is what makes the fork safe (measured: four
workers' first all-reduce after 0.7 s, against 11 s for four fresh processes). Started by
`launcher.engines.local` as `python -m launcher.engines.warm_server <socket> <parent>`; requests and
answers are one JSON object a line over the inherited socket. When the launcher goes, so does it,
and with it all that it started.
"""

import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import tempfile
import time
from typing import Any

from launcher.engines.process import (
    adopt_orphans,
    call,
    children,
    die_with_parent,
    kill_group,
    outlive_parent,
)

PRELOADED = (
    "numpy",
    "pyarrow.parquet",
    "tensorflow",
    "keras",
    "launcher.task",
    "launcher.training_job",
    "strategies.synchronous",
    "strategies.coordinator",
    "strategies.multiworker",
    "strategies.devices",
    "strategies.parameter_server",
    "strategies.mirrored",
    "strategies.one_device",
    "benchmarks.workloads.check",
    "input_pipelines.sources.digits_builder",
)


def main(descriptor: int, parent: int) -> None:
    """Serves requests that come through the socket `descriptor` until it is closed."""
    die_with_parent(parent)
    adopt_orphans()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    began = time.perf_counter()
    gc.disable()
    for module in PRELOADED:
        importlib.import_module(module)
    gc.freeze()
    # From now on there may be tasks to end first; the closed socket tells of the launcher's end.
    outlive_parent()
    server = _Server(socket.socket(fileno=descriptor))
    server.answer({"ready": time.perf_counter() - began})
    server.serve()


class _Server:
    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._selector = selectors.DefaultSelector()
        self._selector.register(connection, selectors.EVENT_READ)
        self._pids: dict[str, int] = {}
        self._pending = b""

    def answer(self, record: dict[str, Any]) -> None:
        self._connection.sendall(json.dumps(record).encode() + b"\n")

    def serve(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._connection:
                    if not self._read_requests():
                        self._kill_all()
                        os._exit(0)  # at once: TensorFlow takes a second to tear itself down
                else:
                    self._reap(key.fd, key.data)

    def _read_requests(self) -> bool:
        """Serve what has arrived; False once the launcher has closed its end."""
        try:
            data = self._connection.recv(1 << 16)
        except ConnectionResetError:
            data = b""
        if not data:
            return False
        *lines, self._pending = (self._pending + data).split(b"\n")
        for line in lines:
            request = json.loads(line)
            if "start" in request:
                self._start(request)
            else:
                self._signal(request["signal"], request["number"])
        return True

    def _start(self, request: dict[str, Any]) -> None:
        for module in request["preload"]:
            importlib.import_module(module)
        server = os.getpid()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                self._become(request, server)
                code = call(request["function"], request["arguments"])
            finally:
                os._exit(code)
        name = request["start"]
        self._pids[name] = pid
        self._selector.register(os.pidfd_open(pid), selectors.EVENT_READ, data=name)
        self.answer({"started": name, "pid": pid})

    def _become(self, request: dict[str, Any], server: int) -> None:
        """In the child: session, output and environment of its own, no descriptor of ours."""
        die_with_parent(server)
        os.setsid()
        gc.enable()
        for key in list(self._selector.get_map().values()):
            os.close(key.fd)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
        os.environ.update(request["environment"])
        tempfile.tempdir = None  # what was found out before the fork; TMPDIR may say otherwise
        sys.argv = [request["function"], *request["arguments"]]

    def _reap(self, descriptor: int, name: str) -> None:
        self._selector.unregister(descriptor)
        os.close(descriptor)
        pid = self._pids.pop(name)
        _, status = os.waitpid(pid, 0)
        seen = time.monotonic_ns()
        kill_group(pid)
        if not self._pids:
            self._kill_all()  # what tasks started in sessions of their own, and left
        self.answer({"exited": name, "code": os.waitstatus_to_exitcode(status), "seen_ns": seen})

    def _signal(self, name: str, number: int) -> None:
        pid = self._pids.get(name)
        if pid is None:
            return
        if number == signal.SIGKILL:
            kill_group(pid)
        else:
            os.kill(pid, number)

    def _kill_all(self) -> None:
        """End every descendant; those of a child that ends become children of this process."""
        while running := children():
            for pid in running:
                kill_group(pid)
                os.kill(pid, signal.SIGKILL)
            for pid in running:
                os.waitpid(pid, 0)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
