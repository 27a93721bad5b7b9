"""What an exchange of bytes takes on emulated hosts where nothing but sockets takes part.

The patterns are those of training: a ring, in which each host hands 2(n − 1) pieces of 1/n of the
bytes to the next one while as many come from the one before; and a worker that fetches all bytes
from a server and later hands as many over. Before each exchange all hosts rest, as they do while
accelerators compute, so that connections are as cold as theirs.
"""

import json
import socket
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from launcher.engines import Group, Host, TaskProcess
from tests.engines.traffic import PORT, connected

ROUNDS = 12
_WARMUP_ROUNDS = 2
_READY_SECONDS = 60.0
_WORD = b"!"


def ring_seconds(
    group: Group, hosts: Sequence[Host], size: int, rest: float, folder: Path
) -> float:
    """Median seconds from when the last host has its `size` bytes until a host has what all others
    gave, mean over hosts; `rest` seconds pass before each round."""
    addresses = ",".join(host.address for host in hosts)
    asked = [(str(place), addresses, str(size), str(rest)) for place in range(len(hosts))]
    told = _answers(group, "ring", hosts, asked, folder)  # [host, round, (began, ended)]
    rounds = np.array(told)[:, _WARMUP_ROUNDS:]
    return float(np.median(rounds[..., 1].mean(0) - rounds[..., 0].max(0)))


def served_seconds(
    group: Group, hosts: Sequence[Host], size: int, rest: float, folder: Path
) -> tuple[float, float]:
    """Median seconds in which the second of two hosts fetches `size` bytes from the first, and in
    which it hands as many over, the answer included."""
    asked = [(str(size),), (hosts[0].address, str(size), str(rest))]
    told = _answers(group, "served", hosts, asked, folder)
    fetch, give = np.median(np.array(told[1])[_WARMUP_ROUNDS:], axis=0)
    return float(fetch), float(give)


def ring(place: str, addresses: str, size: str, rest: str, answer: str) -> None:
    """In a process: one host of a ring; writes when each round began and ended, unix seconds."""
    own, hosts = int(place), addresses.split(",")
    piece, told = bytes(int(size) // len(hosts)), []
    with socket.create_server(("", PORT)) as server:
        server.settimeout(_READY_SECONDS)
        onward = connected(hosts[(own + 1) % len(hosts)])
        behind, _ = server.accept()
    with onward, behind:
        for _ in range(ROUNDS):
            time.sleep(float(rest))
            began = time.time()
            for _ in range(2 * (len(hosts) - 1)):
                sending = threading.Thread(target=onward.sendall, args=(piece,))
                sending.start()
                _take(behind, len(piece))
                sending.join()
            told.append((began, time.time()))
    Path(answer).write_text(json.dumps(told))


def served(*arguments: str) -> None:
    """In a process: the server (size, answer) or its worker (address, size, rest, answer)."""
    *asked, answer = arguments
    told = _serve(int(asked[0])) if len(asked) == 1 else _worker(*asked)
    Path(answer).write_text(json.dumps(told))


def _serve(size: int) -> list[tuple[float, float]]:
    with socket.create_server(("", PORT)) as server:
        server.settimeout(_READY_SECONDS)
        worker, _ = server.accept()
    with worker:
        for _ in range(ROUNDS):
            _take(worker, len(_WORD))
            worker.sendall(bytes(size))
            _take(worker, size)
            worker.sendall(_WORD)
    return []


def _worker(address: str, size: str, rest: str) -> list[tuple[float, float]]:
    told = []
    with connected(address) as server:
        for _ in range(ROUNDS):
            began = time.perf_counter()
            server.sendall(_WORD)
            _take(server, int(size))
            fetched = time.perf_counter()
            time.sleep(float(rest))
            giving = time.perf_counter()
            server.sendall(bytes(int(size)))
            _take(server, len(_WORD))
            told.append((fetched - began, time.perf_counter() - giving))
    return told


def _take(connection: socket.socket, size: int) -> None:
    buffer = memoryview(bytearray(1 << 16))
    while size:
        count = connection.recv_into(buffer[: min(size, len(buffer))])
        if not count:
            raise ConnectionError("the other host left before it had sent everything")
        size -= count


def _answers(
    group: Group,
    function: str,
    hosts: Sequence[Host],
    asked: Sequence[Sequence[str]],
    folder: Path,
) -> list[list[tuple[float, float]]]:
    """What `function` tells on each of the hosts, with what each is asked."""
    folder.mkdir(parents=True)
    answers = [folder / f"{place}.json" for place in range(len(hosts))]
    for place, (host, words) in enumerate(zip(hosts, asked, strict=True)):
        group.start(
            TaskProcess(
                f"{folder.name}-{place}",
                f"{__name__}:{function}",
                (*words, str(answers[place])),
                {},
                folder / f"{place}.txt",
                host=host,
            )
        )
    limit, ended = time.monotonic() + 2 * _READY_SECONDS, dict[str, int]()
    while len(ended) < len(hosts) and time.monotonic() < limit:
        ended |= {name: process.code for name, process in group.poll(0.1).items()}
    if len(ended) < len(hosts) or any(ended.values()):
        logs = "\n".join(path.read_text() for path in folder.glob("*.txt"))
        raise SystemExit(f"the raw exchange failed: {ended}\n{logs}")
    return [json.loads(path.read_text()) for path in answers]
