"""Memory that this machine, or the container that this process is in, still has to give."""

from pathlib import Path

import psutil

from benchmarks.resources import counters

_CGROUPS = (
    ("/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"),
    (
        "/sys/fs/cgroup/memory",
        "memory.limit_in_bytes",
        "memory.usage_in_bytes",
        "total_inactive_file",
    ),
)
"""Version 2, version 1: limit and use of the container that this process is in, and how much of
the use is a cache of files that gives way."""


def available_bytes() -> int:
    """Memory that new processes can have without pushing others out."""
    free = int(psutil.virtual_memory().available)
    for folder, limit, used, cached in _CGROUPS:
        try:
            most = int((Path(folder) / limit).read_text())
            held = int((Path(folder) / used).read_text())
        except (OSError, ValueError):  # not there, or "max"
            continue
        gives_way = counters(Path(folder) / "memory.stat").get(cached, 0)
        free = min(free, max(0, most - held + gives_way))
    return free
