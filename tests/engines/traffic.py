"""Bytes from emulated host to emulated host: processes that send and receive all they can."""

import json
import os
import socket
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from launcher.engines import Group, Host, TaskProcess

PORT = 10_000
_BLOCK = bytes(1 << 16)
_READY_SECONDS = 30.0


def carried(
    group: Group, ways: Sequence[tuple[Host, Host]], seconds: float, folder: Path
) -> list[dict[str, Any]]:
    """What each host that something is sent to received, in the order of `ways` (from, to), all of
    which are busy for `seconds` at once; see `receive`. Raises AssertionError where one fails."""
    receivers = list(dict.fromkeys(to for _, to in ways))
    answers = [folder / f"{host.address}.json" for host in receivers]
    names = []
    for host, answer in zip(receivers, answers, strict=True):
        count = sum(to == host for _, to in ways)
        names.append(_start(group, host, "receive", str(count), str(answer), folder=folder))
    for start, to in ways:
        names.append(_start(group, start, "send", to.address, str(seconds), folder=folder))
    limit, codes = time.monotonic() + _READY_SECONDS + 3 * seconds, dict[str, int]()
    while len(codes) < len(names) and time.monotonic() < limit:
        codes |= {name: ended.code for name, ended in group.poll(0.1).items()}
    assert codes == dict.fromkeys(names, 0), codes
    return [json.loads(answer.read_text()) for answer in answers]


def receive(senders: str, answer: str) -> None:
    """In a process: takes all that so many senders have, and tells `bytes` and the `seconds` from
    the first of them to the last, the `packets` that its network card handed over meanwhile, the
    `peers`' addresses, the own `interfaces` and `network`."""
    with socket.create_server(("", PORT)) as server:
        server.settimeout(_READY_SECONDS)
        taken = [server.accept() for _ in range(int(senders))]
    counts, first, lock = [0] * len(taken), list[float](), threading.Lock()

    def drain(number: int, connection: socket.socket) -> None:
        buffer = bytearray(len(_BLOCK))
        while count := connection.recv_into(buffer):
            if not counts[number]:
                with lock:
                    first.append(time.perf_counter())
            counts[number] += count

    threads = [
        threading.Thread(target=drain, args=(number, connection))
        for number, (connection, _) in enumerate(taken)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = {
        "bytes": sum(counts),
        "seconds": time.perf_counter() - min(first),
        "packets": _packets_received(),
        "peers": [peer for _, (peer, _) in taken],
        "interfaces": [name for _, name in socket.if_nameindex()],
        "network": os.stat("/proc/self/ns/net").st_ino,
    }
    Path(answer).write_text(json.dumps(told))


def _packets_received() -> int:
    told = Path("/proc/self/net/dev").read_text().splitlines()
    (line,) = [line for line in told if "eth0" in line]
    return int(line.split()[2])


def send(address: str, seconds: str) -> None:
    """In a process: as many bytes as the way to `address` takes in so many seconds."""
    with connected(address) as connection:
        limit = time.perf_counter() + float(seconds)
        while time.perf_counter() < limit:
            connection.sendall(_BLOCK)


def connected(address: str) -> socket.socket:
    """A connection to `PORT` there, as soon as somebody listens."""
    limit = time.monotonic() + _READY_SECONDS
    while True:
        try:
            return socket.create_connection((address, PORT), timeout=_READY_SECONDS)
        except ConnectionRefusedError:  # it has yet to start
            if time.monotonic() > limit:
                raise
        time.sleep(0.02)


def _start(group: Group, host: Host, function: str, *arguments: str, folder: Path) -> str:
    name = f"{function}-{host.address}-{arguments[0]}"
    group.start(
        TaskProcess(
            name, f"{__name__}:{function}", arguments, {}, folder / f"{name}.txt", host=host
        )
    )
    return name
