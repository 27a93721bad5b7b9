"""The process that starts tasks on the host where it runs, for a launcher that runs on another.

    launcher ══ channel ══ agent (one a task, on the task's host) ─▶ server ─▶ leader ─▶ task

Whatever brings agents to hosts (srun, an actor of Ray) carries lines, too: what the launcher writes
reaches the standard input of every agent, and what an agent prints reaches the launcher. A line is
one JSON object of less than `MOST_BYTES`; larger things travel in files of the run's folder, which
all hosts share. `to` is the number of the agent that a line is for; without it, it is for all.

    {"to": 2, "start": "worker-1"}          what to start is in the file `start_file`
    {"to": 2, "signal": "worker-1", "number": 15}
    {"to": 2, "ports": 3, "but": [20001]}   {"ports": [18231, 20114, 29700]}
    {"beat": 17}                            {"beat": 17, "clock": 1764.25}, and what a look tells
    {"leave": true}
                                            {"hello": null}, or why it can't work there
                                            {"exited": "worker-1", "code": 0, …}
                                            {"refused": "why nothing can be started"}

An agent whose input ends takes all that it has started with it, and so does one that hears nothing
for a long time.
"""

import argparse
import json
import os
import queue
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import IO, Any

from benchmarks.free_memory import available_bytes
from launcher.addresses import free_ports
from launcher.engines import EngineError, Group, TaskProcess
from launcher.engines.local import LocalEngine
from launcher.environment import environment
from launcher.hardware import available_cores
from results.errors import UserError
from results.run_folder import RunFolder

MOST_BYTES = 900
"""Of a line: some carriers cut longer ones in two."""
_POLL_SECONDS = 0.05
_SILENCE_SECONDS = 300.0
"""A launcher that lives sends a beat every second."""


def host_file(number: int) -> str:
    """Where agent `number` describes its host, below the run's folder."""
    return f".host-{number}.json"


def start_file(task: str) -> str:
    """Where the launcher describes a process to start, below the run's folder."""
    return f".start-{task}.json"


def main(words: Sequence[str]) -> None:
    """Serves until its input ends: `agent <number> <folder> <method> <address of the launcher>`."""
    parser = argparse.ArgumentParser(prog="agent")
    parser.add_argument("number", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("method")
    parser.add_argument("toward")
    asked = parser.parse_args(words)
    # A scheduler that ends a job tells all of its processes; what follows is for the launcher to
    # decide. Tasks are told anew.
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, signal.SIG_IGN)
    lines = _Lines(asked.number)
    with closing(LocalEngine(asked.method)) as engine:  # imports TensorFlow from now on
        host = _host(asked.toward)
        why_not = _describe(host, asked.folder, asked.number)
        lines.say({"hello": why_not})
        if why_not is None:
            _serve(engine, asked.folder, asked.number, lines)
    _forget(host, asked.folder, asked.number)
    os._exit(0)  # at once: a thread still waits for input


class _Lines:
    """Standard input and output; whatever else prints goes to standard error."""

    def __init__(self, number: int) -> None:
        self.ended = False
        self.heard = time.monotonic()
        self.requests: queue.Queue[dict[str, Any]] = queue.Queue()
        self._number = number
        self._out: IO[str] = os.fdopen(os.dup(1), "w")
        self._lock = threading.Lock()
        os.dup2(2, 1)
        threading.Thread(target=self._listen, daemon=True).start()

    def say(self, record: dict[str, Any]) -> None:
        with self._lock:
            try:
                self._out.write(json.dumps(record, separators=(",", ":")) + "\n")
                self._out.flush()
            except OSError:
                self.ended = True

    def _listen(self) -> None:
        """A beat is answered here, at once: the launcher reads the clocks of hosts from it."""
        for line in sys.stdin.buffer:
            self.heard = time.monotonic()
            request = json.loads(line)
            if request.get("to", self._number) != self._number:
                continue
            if "beat" in request:
                self.say({"beat": request["beat"], "clock": time.time()})
            self.requests.put(request)
        self.ended = True


def _host(toward: str) -> dict[str, Any]:
    """What the launcher has to know of this one."""
    return {
        "host": os.environ.get("SLURMD_NODENAME") or socket.gethostname(),
        "address": _own_address(toward),
        "cores": available_cores(),
        "free_bytes": available_bytes(),
        "environment": environment(),
        "agent": os.getpid(),
    }


def _describe(host: dict[str, Any], folder: Path, number: int) -> str | None:
    """Leaves that in the run's folder; why that can't be, in words."""
    if not folder.is_dir():
        return "there is no such folder"
    try:
        RunFolder(folder).write(host_file(number), host)
    except OSError as error:
        return error.strerror or str(error)
    return None


def _forget(host: dict[str, Any], folder: Path, number: int) -> None:
    """Takes it away: nothing of this agent's is left here. What another has put there stays."""
    found = RunFolder(folder).read_if_there(host_file(number)) or {}
    if found.get("agent") == host["agent"] and found.get("host") == host["host"]:
        (folder / host_file(number)).unlink(missing_ok=True)


def _own_address(toward: str) -> str:
    """Of this host, on its way to that address (nothing is sent)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((toward, 9))
        address: str = probe.getsockname()[0]
    return address


def _serve(engine: LocalEngine, folder: Path, number: int, lines: _Lines) -> None:
    # A folder of its own: the leader would mark the run's as abandoned where only an agent ended.
    own = folder / "tasks" / f".agent-{number}"
    try:
        group = engine.open(own, (), False, lambda: _is_over(lines))
    except EngineError as error:
        lines.say({"refused": str(error)[-MOST_BYTES // 2 :]})
        return
    except KeyboardInterrupt:
        return
    with closing(group):
        try:
            while not _is_over(lines) and _serve_requests(group, folder, lines):
                _tell_ends(group, lines)
        except EngineError as error:
            lines.say({"refused": str(error)[-MOST_BYTES // 2 :]})


def _is_over(lines: _Lines) -> bool:
    return lines.ended or time.monotonic() - lines.heard > _SILENCE_SECONDS


def _tell_ends(group: Group, lines: _Lines) -> None:
    for name, ended in group.poll(_POLL_SECONDS).items():
        seen = time.time() - (time.monotonic_ns() - ended.seen_ns) / 1e9
        lines.say({"exited": name, "code": ended.code, "clock": seen, "ended_for": ended.ended_for})


def _serve_requests(group: Group, folder: Path, lines: _Lines) -> bool:
    """Serve what has arrived; False once the launcher has said that it leaves."""
    while not lines.requests.empty():
        request = lines.requests.get()
        if "start" in request:
            group.start(_process(folder, request["start"]))
        elif "signal" in request:
            group.signal(request["signal"], request["number"])
        elif "ports" in request:
            lines.say({"ports": _free_ports(request["ports"], request["but"])})
        elif "beat" in request:
            looks = group.look()
            told = {name: [look.stopped, look.rss_bytes] for name, look in looks.items()}
            lines.say({"looked": told})
        elif "leave" in request:
            return False
    return True


def _free_ports(count: int, but: Sequence[int]) -> list[int]:
    try:
        return list(free_ports(count, but))
    except UserError:
        return []


def _process(folder: Path, name: str) -> TaskProcess:
    run = RunFolder(folder)
    record = run.read(start_file(name))
    (folder / start_file(name)).unlink()
    del record["format_version"]
    return TaskProcess(**{**record, "log": Path(record["log"])})


if __name__ == "__main__":
    main(sys.argv[1:])
