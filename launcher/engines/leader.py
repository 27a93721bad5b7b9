"""The process that leads one run: starts its tasks, sees them end, and takes all with it.

Forked from the server (`launcher.engines.server`) for each run. In namespaces it is process 1, so
that the kernel ends with it whatever the run has started; without, it adopts what its tasks leave
behind and ends it. It talks to the launcher over a socket of its own, one JSON object a line.
"""

import contextlib
import gc
import json
import os
import random
import selectors
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NoReturn

from benchmarks.resources import anonymous_bytes
from launcher.engines import OVER_HOST_MEMORY, OVER_MEMORY, Host, namespaces
from launcher.engines.cgroups import HostGroup, RunGroups
from launcher.engines.hosts import Hosts
from launcher.engines.process import (
    adopt_orphans,
    call,
    close_descriptors,
    die_with_parent,
    kill_children,
    kill_group,
    reap_orphans,
)

_LOOK_SECONDS = 0.1
"""How often memory is looked at where it is limited."""
_WITHOUT_PIDFD_SECONDS = 0.02
"""How often ends are looked for where the kernel doesn't tell (macOS)."""


def lead(connection: socket.socket, request: dict[str, Any], server: int, alive: int) -> NoReturn:
    """Becomes the leader that `request` asks for; called in a child of the server.

    Args:
      request: `folder` of the run, whether it is `isolated` (and `why` not), whether tasks `fork`
        from this process or are fresh ones.
      server: process id of the server.
      alive: the end of a pipe that is held for as long as the run is led.
    """
    die_with_parent(server)
    close_descriptors(but=[connection.fileno(), alive])
    if request["isolated"]:
        namespaces.enter()
        first = os.fork()
        if first:
            connection.close()
            os.waitpid(first, 0)
            os._exit(0)
        die_with_parent()
        namespaces.see_own_processes()
    else:
        adopt_orphans()
    leader = _Leader(connection, fork=request["fork"], isolated=request["isolated"])
    leader.answer({"leads": request})
    abandoned = leader.serve()
    kill_children()
    leader.remove_hosts()
    if abandoned:
        from launcher.abandoned import close_folder

        close_folder(Path(request["folder"]))
    os._exit(0)  # at once: TensorFlow takes a second to tear itself down


class _Task:
    """A process that runs."""

    def __init__(
        self,
        name: str,
        pid: int,
        memory_bytes: int | None,
        group: HostGroup | None,
        kills_before: int,
    ) -> None:
        self.name = name
        self.pid = pid
        self.memory_bytes = memory_bytes
        self._group, self._kills_before = group, kills_before
        self.ended_for: str | None = None
        self.descriptor: Any = None
        self.proc = Path("/proc") / str(pid)
        if hasattr(os, "pidfd_open"):
            self.descriptor = os.pidfd_open(pid)
            self.proc = Path("/proc") / _id_in_proc(self.descriptor)

    def look(self) -> tuple[bool, int]:
        """Whether it is stopped, and its resident memory in bytes."""
        try:
            state = (self.proc / "stat").read_text().rpartition(")")[2].split()[0]
            pages = int((self.proc / "statm").read_text().split()[1])
        except (OSError, IndexError):
            return False, 0  # no /proc, or it has just ended
        return state in ("T", "t"), pages * os.sysconf("SC_PAGE_SIZE")

    def reason(self, code: int) -> str | None:
        """What is known of why it ended with `code`."""
        if self.ended_for or code != -signal.SIGKILL or self._group is None:
            return self.ended_for
        return OVER_HOST_MEMORY if self._group.kills() > self._kills_before else None


class _Leader:
    def __init__(self, connection: socket.socket, fork: bool, isolated: bool) -> None:
        self._connection = connection
        self._fork = fork
        self._networks = Hosts() if isolated else None
        self._groups = RunGroups()
        self._selector = selectors.DefaultSelector()
        self._selector.register(connection, selectors.EVENT_READ)
        self._tasks: dict[str, _Task] = {}
        self._pending = b""
        self._left = False

    def serve(self) -> bool:
        """Serves until the launcher has left, or is gone; whether it is gone."""
        while True:
            for key, _ in self._selector.select(self._timeout()):
                if key.fileobj is self._connection:
                    if not self._read_requests():
                        return not self._left
                else:
                    self._reap(key.data)
            self._look_after()

    def _timeout(self) -> float | None:
        if any(task.descriptor is None for task in self._tasks.values()):
            return _WITHOUT_PIDFD_SECONDS
        limited = any(task.memory_bytes for task in self._tasks.values())
        return _LOOK_SECONDS if limited else None

    def _read_requests(self) -> bool:
        """Serve what has arrived; False once the launcher has closed its end."""
        try:
            data = self._connection.recv(1 << 16)
        except ConnectionResetError:
            data = b""
        *lines, self._pending = (self._pending + data).split(b"\n")
        for line in lines:
            request = json.loads(line)
            if "start" in request:
                self._start(request)
            elif "signal" in request:
                self._signal(request["signal"], request["number"])
            elif "look" in request:
                self.answer({"looked": {name: t.look() for name, t in self._tasks.items()}})
            elif "leave" in request:
                self._left = True
        return bool(data)

    def answer(self, record: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the next read tells
            self._connection.sendall(json.dumps(record).encode() + b"\n")

    def _start(self, request: dict[str, Any]) -> None:
        host = Host(**request["host"]) if request["host"] else None
        try:
            network = self._network(host)
            group = self._groups.group_of(host, self._inherited_bytes()) if host else None
        except OSError as error:
            self.answer({"refused": f"no host for {request['start']}: {error}"})
            return
        leader, kills_before = os.getpid(), group.kills() if group else 0
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                _become(request, leader, network, group)
                if self._fork:
                    code = call(request["function"], request["arguments"])
                else:
                    _execute(request, leader)
            finally:
                os._exit(code)
        task = _Task(request["start"], pid, request["memory_bytes"], group, kills_before)
        self._tasks[task.name] = task
        if task.descriptor is not None:
            self._selector.register(task.descriptor, selectors.EVENT_READ, data=task)

    def _network(self, host: Host | None) -> int | None:
        """The network of an emulated host; None for this process's own. Raises OSError."""
        if host is None or host.mbit_per_second is None:
            return None
        if self._networks is None:
            raise OSError("the run isn't isolated, and its network would be the machine's")
        return self._networks.network_of(host)

    def _inherited_bytes(self) -> int:
        """What a task holds of this process's memory, which the kernel doesn't count as its
        host's: the framework, where it is forked."""
        return (anonymous_bytes() or 0) if self._fork else 0

    def remove_hosts(self) -> None:
        """What the kernel doesn't take away by itself when their processes have ended."""
        self._groups.remove()

    def _look_after(self) -> None:
        """What the kernel doesn't announce: orphans that ended, memory, ends without a pidfd."""
        reap_orphans(but={task.pid for task in self._tasks.values()})
        for task in list(self._tasks.values()):
            if task.memory_bytes and task.look()[1] > task.memory_bytes:
                task.ended_for = OVER_MEMORY
                kill_group(task.pid)  # at every look: at its first it may lead no group yet
            if task.descriptor is None:
                ended, status = os.waitpid(task.pid, os.WNOHANG)
                if ended:
                    self._tell_end(task, status)

    def _reap(self, task: _Task) -> None:
        self._selector.unregister(task.descriptor)
        os.close(task.descriptor)
        _, status = os.waitpid(task.pid, 0)
        self._tell_end(task, status)

    def _tell_end(self, task: _Task, status: int) -> None:
        seen = time.monotonic_ns()
        del self._tasks[task.name]
        kill_group(task.pid)
        code = os.waitstatus_to_exitcode(status)
        self.answer(
            {
                "exited": task.name,
                "code": code,
                "seen_ns": seen,
                "ended_for": task.reason(code),
            }
        )

    def _signal(self, name: str, number: int) -> None:
        task = self._tasks.get(name)
        if task is None:
            return
        if number == signal.SIGKILL:
            kill_group(task.pid)
        else:
            os.kill(task.pid, number)


def _become(
    request: dict[str, Any], leader: int, network: int | None, group: HostGroup | None
) -> None:
    """In the child: session, output, host, environment, seeds of its own, no descriptor of ours."""
    die_with_parent(leader)
    os.setsid()
    if group is not None:
        group.admit()
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    if network is not None:
        namespaces.join_network(network)
    close_descriptors()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2):  # an agent ignores them
        signal.signal(number, signal.SIG_DFL)
    os.environ.update(request["environment"])
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    gc.enable()
    sys.argv = [request["function"], *request["arguments"]]
    tempfile.tempdir = None  # what was found out before the fork; TMPDIR may say otherwise
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()


def _execute(request: dict[str, Any], leader: int) -> NoReturn:
    """A fresh interpreter instead of this one."""
    module = "launcher.engines.spawned"
    words = ["-P", "-m", module, str(leader), request["function"], *request["arguments"]]
    os.execv(sys.executable, [sys.executable, *words])


def _id_in_proc(pidfd: int) -> str:
    """What `/proc` calls the process: not its own number where `/proc` is of another namespace."""
    for line in Path(f"/proc/self/fdinfo/{pidfd}").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "Pid":
            return value.strip()
    raise OSError(f"no process id in fdinfo of {pidfd}")
