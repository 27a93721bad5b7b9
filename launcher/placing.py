"""Where replicas compute and how examples are shared among them: devices and batch, resolved."""

from dataclasses import dataclass
from typing import Any

from launcher.applicability import check_accumulation
from launcher.errors import NotApplicable
from launcher.hardware import has_cuda_libraries, has_tpu, visible_gpus


@dataclass(frozen=True)
class Batch:
    """Examples of one step: `total` = `per_replica` · `replicas`."""

    per_replica: int
    total: int
    replicas: int
    """Copies of the model that compute at once, over all tasks."""


def resolve_devices(asked: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    """What computes (`cpu`, `gpu` or `tpu`), and the GPUs that the run takes.

    Raises NotApplicable where this machine hasn't got what is asked for.
    """
    wanted, strategy = asked["devices"], asked["strategy"]
    if strategy["needs"] == "tpu":
        if wanted != "auto":
            raise NotApplicable(
                f"devices={wanted}: strategy={strategy['name']} computes on a TPU; leave it out"
            )
        if not has_tpu():
            raise NotApplicable(
                f"strategy={strategy['name']}: this machine has no TPU and TPU_NAME isn't set; "
                "run on a TPU host, or take another strategy"
            )
        return "tpu", ()
    if wanted == "cpu":
        return "cpu", ()
    if asked["engine"]["elsewhere"]:
        return _devices_elsewhere(asked)
    found, needed = visible_gpus(), _computing_tasks(asked) * _gpus_of_a_task(asked)
    if wanted == "auto":
        enough = len(found) >= needed and has_cuda_libraries()
        return ("gpu", found[:needed]) if enough and found else ("cpu", ())
    if not found:
        raise NotApplicable("devices=gpu: this machine has no GPU; give devices=cpu")
    if len(found) < needed:
        raise NotApplicable(
            f"devices=gpu: {needed} GPUs are needed, {len(found)} found; give fewer workers, or "
            "devices=cpu"
        )
    return "gpu", found[:needed]


def _devices_elsewhere(asked: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    """This machine can't see what the others have: GPUs are taken where they are asked for."""
    if asked["devices"] == "auto" and asked["gpus_per_task"] is None:
        return "cpu", ()
    each = _gpus_of_a_task(asked)
    return "gpu", tuple(str(gpu) for _ in range(_computing_tasks(asked)) for gpu in range(each))


def resolve_gpus_per_task(asked: dict[str, Any], devices: str) -> int:
    """GPUs of each task that computes; 0 without GPUs.

    Raises NotApplicable where the number given makes no sense.
    """
    given, topology = asked["gpus_per_task"], asked["strategy"]["topology"]
    if devices != "gpu":
        if given is not None:
            raise NotApplicable(
                f"gpus_per_task={given}: the run computes on {devices}; leave it out"
            )
        return 0
    only = {"process": asked["workers"], "servers": 1}.get(topology)
    if given is not None and only is not None and given != only:
        raise NotApplicable(
            f"gpus_per_task={given}: a task of strategy={asked['strategy']['name']} takes {only} "
            f"with workers={asked['workers']}; leave it out"
        )
    return _gpus_of_a_task(asked)


def resolve_batch(asked: dict[str, Any], usual_per_replica: int, replicas_per_task: int) -> Batch:
    """Batch sizes from the one that is given, or from the workload's usual one.

    Raises NotApplicable where the total doesn't divide by the replicas.
    """
    across = asked["strategy"]["topology"] == "workers"
    replicas = asked["workers"] * (replicas_per_task if across else 1)
    per_replica, total = asked["batch"]["per_replica"], asked["batch"]["total"]
    if total is None:
        per_replica = per_replica or usual_per_replica
    elif total % replicas:
        below = total - total % replicas
        near = f"{below} or {below + replicas}" if below else f"{replicas}"
        raise NotApplicable(
            f"batch.total={total}: doesn't divide by the {replicas} replicas of "
            f"workers={asked['workers']}; give {near}"
        )
    else:
        per_replica = total // replicas
    check_accumulation(asked["loop"]["accumulate"], per_replica)
    return Batch(per_replica=per_replica, total=per_replica * replicas, replicas=replicas)


def _computing_tasks(asked: dict[str, Any]) -> int:
    return 1 if asked["strategy"]["topology"] == "process" else int(asked["workers"])


def _gpus_of_a_task(asked: dict[str, Any]) -> int:
    if asked["strategy"]["topology"] == "process":
        return int(asked["workers"])
    return asked["gpus_per_task"] or 1
