"""Whether the tasks of a run fit into memory before any of them starts: this machine's, that of
their emulated hosts, that of their emulated accelerators."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from benchmarks.free_memory import available_bytes
from benchmarks.resources import counters
from launcher.cluster_plan import training_names
from launcher.errors import NotApplicable
from launcher.experiment import Experiment

_MB = 1_000_000
_ON_HOST = "central_storage"
"""The strategy that keeps variables beside the CPU."""


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
    names = training_names(experiment)
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


@dataclass(frozen=True)
class ReplicaNeeds:
    """What a replica's step has to keep, as far as that is known before it runs (see
    `strategies.step_memory`)."""

    state_bytes: int
    """Variables of model and optimizer."""
    gradient_bytes: int
    batch_bytes: int
    """The replica's batch, and what the forward pass keeps of it for the backward pass."""
    least_batch_bytes: int
    """The same of the smallest batch: one example for each of `loop.accumulate` parts."""

    def least_bytes(self, holds_state: bool) -> int:
        """What an accelerator has to hold at once, whatever the order of its operations: until the
        backward pass the batch and what is kept of it, at its end the gradients."""
        return holds_state * self.state_bytes + max(self.gradient_bytes, self.batch_bytes)


def check_accelerator(experiment: Experiment, needs: Mapping[str, int] | None) -> None:
    """Raise NotApplicable where a replica's step can't fit into its emulated accelerator's memory.

    Args:
      needs: the fields of `ReplicaNeeds`; None where no memory is emulated.
    """
    memory_mb = experiment.emulate.accelerator.memory_mb
    if memory_mb is None or needs is None:
        return
    held, whole = _holds_state(experiment), ReplicaNeeds(**needs)
    needed = whole.least_bytes(held)
    if needed <= memory_mb * _MB:
        return
    room = memory_mb * _MB - held * whole.state_bytes
    fits = largest_batch(whole, room, experiment.batch.per_replica, experiment.loop.accumulate)
    smaller = f"a batch of {fits:,} a replica at most" if fits else "a smaller model"
    state = f"{_mb(whole.state_bytes)} variables and optimizer, " if held else ""
    raise NotApplicable(
        f"emulate.accelerator.memory_mb={memory_mb}: a replica's step of "
        f"{experiment.batch.per_replica} examples holds {_mb(needed)} at least ({state}"
        f"{_mb(whole.gradient_bytes)} gradients, {_mb(whole.batch_bytes)} batch and activations, "
        f"of these two the larger); give {smaller}, or {-(-needed // _MB):,} MB"
    )


def largest_batch(needs: ReplicaNeeds, room: int, examples: int, parts: int) -> int:
    """The most examples of a replica that `room` bytes beside its state hold; 0 where not even the
    smallest batch does.

    Args:
      examples: those that `needs` are of; what a batch takes is a line from `parts` of them on.
      parts: equal ones that a batch is cut into.
    """
    if room < max(needs.gradient_bytes, needs.least_batch_bytes):
        return 0
    more, grown = examples - parts, needs.batch_bytes - needs.least_batch_bytes
    if needs.batch_bytes <= room or not grown:
        return examples
    return (parts + (room - needs.least_batch_bytes) * more // grown) // parts * parts


def _holds_state(experiment: Experiment) -> bool:
    """Whether variables and optimizer are where a replica computes, not on a server or the host."""
    return experiment.strategy.topology != "servers" and experiment.strategy.name != _ON_HOST


def check_hosts(experiment: Experiment, anonymous_bytes: int | None) -> None:
    """Raise NotApplicable where a task that computes doesn't fit onto its emulated host.

    Args:
      anonymous_bytes: what a task holds and the system can't drop, the framework included, as the
        preflight measured it with one batch; None where the system doesn't tell.
    """
    memory_mb = experiment.emulate.hosts.memory_mb
    if memory_mb is None or anonymous_bytes is None or anonymous_bytes <= memory_mb * _MB:
        return
    needed = -(-anonymous_bytes // _MB)
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


def _mb(count: int) -> str:
    return f"{count / _MB:,.1f} MB"


def _gb(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
