"""The process that has imported TensorFlow, and forks from itself the leaders of runs.

It touches no device and runs no operation, which is what makes the fork safe (measured: four
workers' first all-reduce after 0.7 s, against 11 s for four fresh processes). Started by
`launcher.engines.local` as `python -m launcher.engines.server <socket> <parent> <method>`; a
request is one JSON object with the leader's end of a socket. With the method `spawn` it imports
nothing, and tasks are fresh processes. When the launcher goes, so does it, and with it all that it
started.
"""

import functools
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
from typing import NoReturn

from launcher.engines import cgroups, namespaces
from launcher.engines.leader import lead
from launcher.engines.process import (
    adopt_orphans,
    die_with_parent,
    kill_children,
    outlive_parent,
)
from launcher.light_imports import light_imports

PRELOADED = (
    "numpy",
    "pyarrow.parquet",
    "tensorflow",
    "keras",
    "launcher.task",
    "launcher.training_job",
    "launcher.preflight",
    "strategies.devices",
    "strategies.synchronous",
    "strategies.coordinator",
    "strategies.one_device",
    "strategies.mirrored",
    "strategies.central_storage",
    "strategies.multiworker",
    "strategies.parameter_server",
    "benchmarks.workloads.check",
    "input_pipelines.sources.digits_builder",
)
"""What every task would import first, ours last."""
_LEAVING_SECONDS = 1.0
"""For leaders to tell the folders of their runs that the launcher is gone."""


def main(descriptor: int, parent: int, method: str) -> None:
    """Serves requests that come through the socket `descriptor` until it is closed."""
    die_with_parent(parent)
    adopt_orphans()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if method == "fork":
        gc.disable()  # until a task enables its own
        with light_imports():
            for module in PRELOADED:
                importlib.import_module(module)
    # From now on there may be tasks to end first; the closed socket tells of the launcher's end.
    outlive_parent()
    _Server(socket.socket(fileno=descriptor), fork=method == "fork").serve()


class _Server:
    def __init__(self, connection: socket.socket, fork: bool) -> None:
        self._connection = connection
        self._fork = fork
        self._leaders: dict[int, int] = {}
        """Process ids of the leaders of runs by the pipe that closes with them."""

    def serve(self) -> NoReturn:
        while True:
            requests = self._connection.fileno()
            ready, _, _ = select.select([requests, *self._leaders], [], [])
            for descriptor in ready:
                if descriptor == requests:
                    self._serve_request()
                else:
                    self._see_end(descriptor)

    def _serve_request(self) -> None:
        try:
            data, descriptors, _, _ = socket.recv_fds(self._connection, 1 << 16, 1)
        except ConnectionResetError:
            data = b""
        if not data:
            self._leave()
        request = json.loads(data)
        request["why"] = _why_not_isolated() if request["isolated"] else None
        request["isolated"] = request["isolated"] and request["why"] is None
        request["touched"] = self._fork and _has_touched_a_device()
        request["fork"] = self._fork and not request["touched"]
        server, (theirs,) = os.getpid(), descriptors
        alive, held = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                lead(socket.socket(fileno=theirs), request, server, held)
            finally:
                os._exit(1)
        os.close(theirs)
        os.close(held)
        self._leaders[alive] = pid

    def _see_end(self, descriptor: int) -> None:
        os.close(descriptor)
        os.waitpid(self._leaders.pop(descriptor), 0)
        kill_children(but=self._leaders.values())  # what it led, where it was killed
        cgroups.remove_left()

    def _leave(self) -> NoReturn:
        """The leaders see for themselves that the launcher is gone, and say so in their folders."""
        limit = time.monotonic() + _LEAVING_SECONDS
        while self._leaders and time.monotonic() < limit:
            ready, _, _ = select.select([*self._leaders], [], [], _LEAVING_SECONDS)
            for descriptor in ready:
                self._see_end(descriptor)
        kill_children()
        os._exit(0)  # at once: TensorFlow takes a second to tear itself down


@functools.cache
def _why_not_isolated() -> str | None:
    return namespaces.why_not()


def _has_touched_a_device() -> bool:
    """Whether TensorFlow has set its devices up in this process: a forked child can't use them."""
    module = sys.modules.get("tensorflow.python.eager.context")
    made = getattr(module, "_context", None)
    return made is not None and made._initialized


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
