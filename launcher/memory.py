"""Whether the tasks of a run fit into this machine's memory, before any of them starts."""

from pathlib import Path

from benchmarks.free_memory import available_bytes
from benchmarks.resources import counters
from launcher.cluster_plan import training_names
from launcher.errors import NotApplicable
from launcher.experiment import Experiment


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


def check_hosts(experiment: Experiment, anonymous_bytes: int | None) -> None:
    """Raise NotApplicable where a task that computes doesn't fit onto its emulated host.

    Args:
      anonymous_bytes: what a task holds and the system can't drop, the framework included, as the
        preflight measured it with one batch; None where the system doesn't tell.
    """
    memory_mb = experiment.emulate.hosts.memory_mb
    if memory_mb is None or anonymous_bytes is None or anonymous_bytes <= memory_mb * 1_000_000:
        return
    needed = -(-anonymous_bytes // 1_000_000)
    raise NotApplicable(
        f"emulate.hosts.memory_mb={memory_mb}: a task holds {needed:,} MB with its first batch, "
        f"the framework included; give more than {needed}, or a smaller model or batch"
    )


def own_bytes() -> int | None:
    """Memory that this process shares with no other; None where the system doesn't tell."""
    found = counters(Path("/proc/self/smaps_rollup"))
    if "Private_Dirty" not in found:
        return None
    return 1024 * (found["Private_Dirty"] + found.get("Private_Clean", 0))


def _gb(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
