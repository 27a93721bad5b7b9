"""Whether tasks have room on the nodes of a cluster, and what is lacking, in words.

Every bundle asks for equally many CPUs, and some of them for equally many GPUs besides. So it is
enough to count slots: a node holds so many bundles by its CPUs, and so many of those with GPUs. The
tasks of a run have room where there are slots enough of both kinds.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

PACK, SPREAD, STRICT_PACK, STRICT_SPREAD = "PACK", "SPREAD", "STRICT_PACK", "STRICT_SPREAD"
PLACEMENTS = (PACK, SPREAD, STRICT_PACK, STRICT_SPREAD)
"""Ray's placement strategies:
https://docs.ray.io/en/latest/ray-core/scheduling/placement-group.html"""
_PRECISION = 10_000
"""Ray counts resources in parts of this size."""


@dataclass(frozen=True)
class Wanted:
    """Room for a run: a bundle for each of its tasks."""

    cpus: float
    """CPUs of each task."""
    gpus: tuple[int, ...]
    """GPUs of each task, in their order."""
    placement: str
    """One of `PLACEMENTS`."""

    def bundles(self) -> list[dict[str, float]]:
        """What Ray reserves for each task."""
        return [{"CPU": self.cpus, **({"GPU": gpus} if gpus else {})} for gpus in self.gpus]


@dataclass(frozen=True)
class Node:
    """What one node of the cluster has, or has free."""

    cpus: float
    gpus: float


def nodes_of(found: Sequence[Mapping[str, float]]) -> list[Node]:
    """The nodes that have these resources, as Ray tells of them."""
    return [Node(each.get("CPU", 0.0), each.get("GPU", 0.0)) for each in found]


def gpus_by_task(tasks: Sequence[str], gpus_per_task: int) -> tuple[int, ...]:
    """GPUs of each task: where parameter servers are among them, only workers compute."""
    coordinated = any(task.startswith("ps-") for task in tasks)
    computing = ("worker-",) if coordinated else ("chief-", "worker-")
    return tuple(gpus_per_task if task.startswith(computing) else 0 for task in tasks)


def has_room(wanted: Wanted, nodes: Sequence[Node]) -> bool:
    """Whether all tasks fit on these nodes at once, placed as is wanted."""
    each = max(wanted.gpus, default=0)
    tasks, computing = len(wanted.gpus), sum(1 for gpus in wanted.gpus if gpus)
    slots = [_slots(node.cpus, wanted.cpus) for node in nodes]
    with_gpus = [
        min(own, _slots(node.gpus, each)) if each else 0
        for own, node in zip(slots, nodes, strict=True)
    ]
    if wanted.placement == STRICT_PACK:
        return any(
            own >= tasks and of_gpus >= computing
            for own, of_gpus in zip(slots, with_gpus, strict=True)
        )
    if wanted.placement == STRICT_SPREAD:
        slots, with_gpus = [min(1, own) for own in slots], [min(1, own) for own in with_gpus]
    return sum(slots) >= tasks and sum(with_gpus) >= computing


def asked_in_words(wanted: Wanted) -> str:
    """`3 tasks of 1 CPU, placed STRICT_SPREAD`."""
    alike = Counter(wanted.gpus)
    parts = [
        f"{count} {'task' if count == 1 else 'tasks'} of {_amounts(Node(wanted.cpus, gpus))}"
        for gpus, count in sorted(alike.items(), reverse=True)
    ]
    return f"{' and '.join(parts)}, placed {wanted.placement}"


def nodes_in_words(nodes: Sequence[Node]) -> str:
    """`3 nodes with 4 CPUs each`, or `3 nodes: 2 with 4 CPUs, 1 with 8 CPUs and 1 GPU`."""
    if not nodes:
        return "no node"
    alike = Counter((node.cpus, node.gpus) for node in nodes)
    parts = [(count, _amounts(Node(*each))) for each, count in sorted(alike.items())]
    counted = f"{len(nodes)} {'node' if len(nodes) == 1 else 'nodes'}"
    if len(parts) == 1:
        return f"{counted} with {parts[0][1]}{' each' if len(nodes) > 1 else ''}"
    return f"{counted}: {', '.join(f'{count} with {amounts}' for count, amounts in parts)}"


def _slots(has: float, each: float) -> int:
    return math.floor(round(has * _PRECISION) / round(each * _PRECISION))


def _amounts(node: Node) -> str:
    cpus = f"{node.cpus:g} {'CPU' if node.cpus == 1 else 'CPUs'}"
    gpus = f" and {node.gpus:g} {'GPU' if node.gpus == 1 else 'GPUs'}"
    return cpus + (gpus if node.gpus else "")
