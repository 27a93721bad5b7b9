"""Whether the tasks of a run fit into this machine's memory, before any of them starts."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from benchmarks.free_memory import available_bytes
from benchmarks.resources import counters
from launcher.cluster_plan import training_names
from launcher.errors import NotApplicable
from launcher.experiment import Experiment


def check(
    experiment: Experiment,
    task_bytes: int | None,
    hosts: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> None:
    """Raise NotApplicable where tasks would push each other out of memory.

    Args:
      task_bytes: what a task holds for itself, as the preflight measured it with one batch; None
        where the system doesn't tell. Strategies that keep all replicas in one process are not
        judged: how much of it they share isn't known. Nor are the tasks of tf.data service.
      hosts: their `tasks` and `free_bytes` by name; empty where all tasks are on this machine.
    """
    names = [f"{role}-{index}" for role, index in training_names(experiment)]
    if task_bytes is None or len(names) < 2:
        return
    if not hosts:
        _check_host(experiment, task_bytes, len(names), available_bytes(), "")
    for host, told in hosts.items():
        count = len(set(names) & set(told["tasks"]))
        _check_host(experiment, task_bytes, count, told["free_bytes"], f" on host {host}")


def _check_host(
    experiment: Experiment, task_bytes: int, tasks: int, free_bytes: int, where: str
) -> None:
    needed = task_bytes * tasks
    if needed <= free_bytes:
        return
    most = free_bytes // task_bytes - (tasks - experiment.workers)
    if where:
        whose, advice = "the", "give more hosts, or a smaller model or batch"
    elif most >= 1:
        whose, advice = "its", f"give workers={most} at most"
    else:
        whose, advice = "its", "give a smaller model or batch"
    raise NotApplicable(
        f"workers={experiment.workers}: {whose} {tasks} tasks{where} need {_gb(needed)} of memory, "
        f"{_gb(task_bytes)} each, and {_gb(free_bytes)} is free; {advice}"
    )


def own_bytes() -> int | None:
    """Memory that this process shares with no other; None where the system doesn't tell."""
    found = counters(Path("/proc/self/smaps_rollup"))
    if "Private_Dirty" not in found:
        return None
    return 1024 * (found["Private_Dirty"] + found.get("Private_Clean", 0))


def _gb(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
