"""Whether the tasks of a run fit into this machine's memory, before any of them starts."""

from pathlib import Path

import psutil

from launcher.cluster_plan import training_names
from launcher.errors import NotApplicable
from launcher.experiment import Experiment

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


def check(experiment: Experiment, task_bytes: int | None) -> None:
    """Raise NotApplicable where tasks would push each other out of memory.

    Args:
      task_bytes: what a task holds for itself, as the preflight measured it with one batch; None
        where the system doesn't tell. Strategies that keep all replicas in one process are not
        judged: how much of it they share isn't known. Nor are the tasks of tf.data service.
    """
    names = training_names(experiment)
    if task_bytes is None or len(names) < 2:
        return
    free, needed = available_bytes(), task_bytes * len(names)
    if needed <= free:
        return
    others = len(names) - experiment.workers
    most = free // task_bytes - others
    advice = f"give workers={most} at most" if most >= 1 else "give a smaller model or batch"
    raise NotApplicable(
        f"workers={experiment.workers}: its {len(names)} tasks need {_gb(needed)} of memory, "
        f"{_gb(task_bytes)} each, and {_gb(free)} is free; {advice}"
    )


def available_bytes() -> int:
    """Memory that new processes can have without pushing others out."""
    free = int(psutil.virtual_memory().available)
    for folder, limit, used, cached in _CGROUPS:
        try:
            most = int((Path(folder) / limit).read_text())
            held = int((Path(folder) / used).read_text())
        except (OSError, ValueError):  # not there, or "max"
            continue
        gives_way = _counters(Path(folder) / "memory.stat").get(cached, 0)
        free = min(free, max(0, most - held + gives_way))
    return free


def own_bytes() -> int | None:
    """Memory that this process shares with no other; None where the system doesn't tell."""
    found = _counters(Path("/proc/self/smaps_rollup"))
    if "Private_Dirty" not in found:
        return None
    return 1024 * (found["Private_Dirty"] + found.get("Private_Clean", 0))


def _counters(path: Path) -> dict[str, int]:
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


def _gb(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
