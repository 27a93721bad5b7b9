"""The cluster as data: which tasks there are, where they listen, what each of them is told."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from launcher.addresses import choose_addresses
from launcher.experiment import Experiment
from launcher.hardware import available_cores


@dataclass(frozen=True)
class TaskPlan:
    """One process of the cluster."""

    role: str
    """`chief`, `worker` or `ps`."""
    index: int
    address: str | None
    """`host:port` where it listens; None for a task that talks to no other."""
    environment: dict[str, str]
    """Set on top of the launcher's own."""
    gpus: tuple[int, ...]
    """Which of the machine's visible GPUs are its own, counted from 0."""
    cores: tuple[int, ...] = ()
    """The cores it keeps to; empty: any."""

    @property
    def name(self) -> str:
        """`worker-1`."""
        return f"{self.role}-{self.index}"


@dataclass(frozen=True)
class ClusterPlan:
    """All tasks of a run, chief first."""

    tasks: tuple[TaskPlan, ...]


def make_plan(
    experiment: Experiment,
    addresses: Sequence[str] | None = None,
    cores: Sequence[int] | None = None,
    private: bool = False,
) -> ClusterPlan:
    """The plan of an experiment; a pure function of it, the addresses and the cores.

    Args:
      cores: numbers of the machine's cores; those of this process where None.
      addresses: one for each task that listens; chosen now where None.
      private: whether the tasks have a network of their own.

    Raises:
      UserError: `engine.first_port` leaves too few ports.
    """
    names = task_names(experiment)
    listens = experiment.strategy.topology != "process"
    if addresses is None:
        count = len(names) if listens else 0
        addresses = choose_addresses(count, experiment.engine.first_port, private)
    cluster = _cluster(names, addresses) if listens else None
    places = addresses if listens else [None] * len(names)
    gpus = _gpus(experiment, names)
    cores = available_cores() if cores is None else cores
    tasks = [
        TaskPlan(
            role=role,
            index=index,
            address=address,
            environment=_environment(experiment, cluster, role, index, own),
            gpus=own,
            cores=kept,
        )
        for (role, index), address, own, kept in zip(
            names, places, gpus, _cores(experiment, len(names), cores), strict=True
        )
    ]
    return ClusterPlan(tuple(tasks))


def tf_config(cluster: dict[str, list[str]], role: str, index: int) -> str:
    """TF_CONFIG of one task, as TensorFlow documents it.

    https://www.tensorflow.org/guide/distributed_training#setting_up_the_tf_config_environment_variable
    """
    return json.dumps({"cluster": cluster, "task": {"type": role, "index": index}})


def keras_environment(experiment: Experiment) -> dict[str, str]:
    """What makes `tf.keras` the one that was asked for."""
    return {"TF_USE_LEGACY_KERAS": "1" if experiment.keras == 2 else "0"}


def task_names(experiment: Experiment) -> list[tuple[str, int]]:
    """Role and index of every task of the run, chief first."""
    workers, topology = experiment.workers, experiment.strategy.topology
    if topology == "process":
        return [("chief", 0)]
    if topology == "workers":
        return [("chief", 0), *(("worker", index) for index in range(workers - 1))]
    servers = [("ps", index) for index in range(experiment.ps)]
    return [("chief", 0), *(("worker", index) for index in range(workers)), *servers]


def _cluster(names: list[tuple[str, int]], addresses: Sequence[str]) -> dict[str, list[str]]:
    cluster: dict[str, list[str]] = {}
    for (role, _), address in zip(names, addresses, strict=True):
        cluster.setdefault(role, []).append(address)
    return cluster


def _gpus(experiment: Experiment, names: list[tuple[str, int]]) -> list[tuple[int, ...]]:
    """A task that computes gets the next GPUs; a coordinator and its parameter servers get none."""
    each, taken, shares = experiment.gpus_per_task, 0, []
    coordinated = experiment.strategy.topology == "servers"
    for role, _ in names:
        count = each if role == "worker" or not coordinated else 0
        shares.append(tuple(range(taken, taken + count)))
        taken += count
    return shares


def _cores(experiment: Experiment, tasks: int, cores: Sequence[int]) -> list[tuple[int, ...]]:
    """Equal shares of the cores for tasks that step together; where there are more tasks than
    cores, each gets one, in turn.

    Tasks that wander over each other's cores lose time at every collective: two workers on two
    cores took 11 to 12 ms a step with cores of their own and 16 to 22 ms without.
    """
    together = experiment.strategy.topology == "workers" and experiment.launch.pin_cores
    if not together or tasks < 2 or not cores:
        return [()] * tasks
    each = max(1, len(cores) // tasks)
    return [
        tuple(cores[(task * each + offset) % len(cores)] for offset in range(each))
        for task in range(tasks)
    ]


def _environment(
    experiment: Experiment,
    cluster: dict[str, list[str]] | None,
    role: str,
    index: int,
    gpus: tuple[int, ...],
) -> dict[str, str]:
    environment = {
        "CUDA_VISIBLE_DEVICES": ",".join(experiment.gpus[gpu] for gpu in gpus) or "-1",
        "KERAS_BACKEND": "tensorflow",
        "PYTHONHASHSEED": "0",
        "PYTHONUNBUFFERED": "1",
        "TF_CPP_MIN_LOG_LEVEL": "1",
        **keras_environment(experiment),
        # gRPC would send even loopback traffic through an http_proxy of the environment.
        "no_grpc_proxy": "127.0.0.1,localhost",
    }
    if cluster is not None:
        environment["TF_CONFIG"] = tf_config(cluster, role, index)
    return environment
