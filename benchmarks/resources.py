"""What a process uses: CPU, memory, storage, network, GPUs, read from inside the process itself.

Only `/proc/self` and `getrusage` are asked, never a process number: inside a process namespace
`os.getpid()` is not what `/proc` of the host calls this process.
"""

import ctypes
import os
import resource
import socket
import struct
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.gpus import Gpus

# struct tcp_info of linux/tcp.h: tcpi_bytes_acked and tcpi_bytes_received, both u64 (Linux 4.2)
_TCP_INFO_BYTES_ACKED = 120
_TCP_INFO_READ = 136


@dataclass(frozen=True)
class Sample:
    """One row of `resources` (units in `results.streams`); None where the system does not tell."""

    time: float
    cpu_seconds: float
    rss_bytes: int | None
    peak_rss_bytes: int | None
    read_bytes: int | None
    written_bytes: int | None
    voluntary_switches: int
    involuntary_switches: int
    sent_bytes: int | None
    received_bytes: int | None
    threads: int | None
    gpu_busy_share: float | None = None
    gpu_memory_bytes: int | None = None
    gpu_power_watts: float | None = None


@dataclass
class Sampler:
    """Samples this process. Keeps the sockets it has seen, so that bytes only ever grow."""

    _sockets: "SocketBytes" = field(default_factory=lambda: SocketBytes())
    _gpus: Gpus = field(default_factory=Gpus)

    def sample(self) -> Sample:
        """What this process has used until now. Takes about 0.1 ms without GPUs."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        status = counters(Path("/proc/self/status"))
        storage = counters(Path("/proc/self/io"))
        sent, received = self._sockets.sent_and_received()
        return Sample(
            time=time.time(),
            cpu_seconds=usage.ru_utime + usage.ru_stime,
            rss_bytes=_kilobytes(status.get("VmRSS")),
            peak_rss_bytes=_kilobytes(status.get("VmHWM")),
            read_bytes=storage.get("read_bytes"),
            written_bytes=storage.get("write_bytes"),
            voluntary_switches=usage.ru_nvcsw,
            involuntary_switches=usage.ru_nivcsw,
            sent_bytes=sent,
            received_bytes=received,
            threads=status.get("Threads"),
            **asdict(self._gpus.sample()),
        )


def rss_bytes() -> int | None:
    """Resident memory of this process now; None where the system does not tell."""
    return _kilobytes(counters(Path("/proc/self/status")).get("VmRSS"))


def anonymous_bytes() -> int | None:
    """Memory of this process that no file backs, so that the system can't drop it, what it shares
    with the process that it was forked from included; None where the system does not tell."""
    return _kilobytes(counters(Path("/proc/self/status")).get("RssAnon"))


def counters(path: Path) -> dict[str, int]:
    """Lines "name number" or "name: number kB" of a file; nothing where it can't be read."""
    try:
        lines = [line.split() for line in path.read_text().splitlines()]
    except OSError:
        return {}
    return {
        words[0].rstrip(":"): int(words[1])
        for words in lines
        if len(words) > 1 and words[1].isdigit()
    }


class SocketBytes:
    """Bytes through this process's TCP connections, as the kernel counts them per socket.

    Interface counters would be simpler, and wrong: tasks of one network namespace share them. What
    a connection carried between the last look and its close is not seen.
    """

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, int]] = {}
        self._getsockopt = ctypes.CDLL(None).getsockopt
        self._known = hasattr(socket, "TCP_INFO") and Path("/proc/self/fd").is_dir()

    def sent_and_received(self) -> tuple[int | None, int | None]:
        """Bytes sent (and acknowledged) and received; None where the system does not count them."""
        if not self._known:
            return None, None
        for number in os.listdir("/proc/self/fd"):
            try:
                target = os.readlink(f"/proc/self/fd/{number}")
            except OSError:
                continue  # closed since it was listed
            if target.startswith("socket:"):
                carried = self._ask(int(number))
                if carried is not None:
                    self._seen[target] = carried
        sent = sum(each[0] for each in self._seen.values())
        received = sum(each[1] for each in self._seen.values())
        return sent, received

    def _ask(self, descriptor: int) -> tuple[int, int] | None:
        """Bytes of one connection; None for what is no TCP socket (or was closed meanwhile)."""
        buffer = ctypes.create_string_buffer(_TCP_INFO_READ)
        length = ctypes.c_uint32(_TCP_INFO_READ)
        failed = self._getsockopt(
            descriptor, socket.IPPROTO_TCP, socket.TCP_INFO, buffer, ctypes.byref(length)
        )
        if failed or length.value < _TCP_INFO_READ:
            return None
        acked, received = struct.unpack_from("=QQ", buffer, _TCP_INFO_BYTES_ACKED)
        return acked, received


def _kilobytes(count: int | None) -> int | None:
    return None if count is None else count * 1024
