"""The cluster as data: which tasks there are, where they listen, what each of them is told."""

import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from launcher.addresses import LOWEST_PORT, choose_addresses, host_address
from launcher.engines import Host, Place
from launcher.engines.given.cluster import given_places
from launcher.hardware import available_cores

if TYPE_CHECKING:
    from launcher.experiment import Experiment

DISPATCHER, DATA_WORKER = "dispatcher", "data_worker"
SERVICE_ROLES = (DISPATCHER, DATA_WORKER)
"""Tasks of tf.data service: they prepare data, and are no part of the cluster that trains."""
DATA_SERVICE = "DATA_SERVICE"
"""The variable that tells every task where tf.data service listens, as TF_CONFIG tells of its
cluster: addresses by role."""
_NO_PROXY = "no_grpc_proxy"
"""gRPC's variable of the hosts that it reaches directly."""
_LOOPBACK = "127.0.0.1,localhost"


@dataclass(frozen=True)
class TaskPlan:
    """One process of the cluster."""

    role: str
    """`chief`, `worker` or `ps`; with tf.data service also `dispatcher` and `data_worker`."""
    index: int
    address: str | None
    """`host:port` where it listens; None for a task that listens nowhere."""
    environment: dict[str, str]
    """Set on top of the launcher's own."""
    gpus: tuple[int, ...]
    """Which of the machine's visible GPUs are its own, counted from 0."""
    cores: tuple[int, ...] = ()
    """The cores it keeps to; empty: any."""
    more_addresses: tuple[str, ...] = ()
    """Where else it listens: a dispatcher has an address for each data worker."""
    host: Host | None = None
    """The emulated host that it runs on; None: this machine."""

    @property
    def name(self) -> str:
        """`worker-1`."""
        return _name(self.role, self.index)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every `host:port` where it listens."""
        return () if self.address is None else (self.address, *self.more_addresses)


@dataclass(frozen=True)
class ClusterPlan:
    """All tasks of a run, chief first."""

    tasks: tuple[TaskPlan, ...]


def make_plan(
    experiment: "Experiment",
    addresses: Sequence[str] | None = None,
    cores: Sequence[int] | None = None,
    private: bool = False,
    places: Mapping[str, Place] | None = None,
) -> ClusterPlan:
    """The plan of an experiment; a pure function of it, the addresses and the cores.

    Args:
      cores: numbers of the machine's cores; those of this process where None.
      addresses: first one for each task of the cluster, then those of tf.data service: the
        dispatcher's, one for each data worker, and the data workers'; chosen now where None.
      private: whether the tasks have a network of their own.
      places: where each task runs, by its name; None: all on this machine.

    Raises:
      UserError: `engine.first_port` leaves too few ports.
    """
    names, data_workers = _training_tasks(experiment), experiment.pipeline.service.workers
    listening = 0 if experiment.strategy.topology == "process" else len(names)
    if places is not None:
        addresses = _on_places(experiment, places)
    if addresses is None:
        count = listening + 2 * data_workers
        addresses = choose_addresses(count, experiment.engine.first_port, private)
    mbit_per_second = experiment.emulate.network.mbit_per_second
    if mbit_per_second is not None:
        addresses = _on_own_hosts(addresses, listening, data_workers)
    cluster = _cluster(names, addresses[:listening]) if listening else None
    service = _service(addresses[listening:], data_workers)
    told = {DATA_SERVICE: json.dumps(service)} if service else {}
    own_addresses = addresses[:listening] if listening else [None] * len(names)
    if places is None:
        cores = available_cores() if cores is None else cores
        shares = _cores(experiment, len(names), data_workers, cores)
    else:
        shares = _cores_of_places(experiment, places)
    training = [
        TaskPlan(
            role=role,
            index=index,
            address=address,
            environment=_environment(experiment, own) | _cluster_told(cluster, role, index) | told,
            gpus=own,
            cores=kept,
        )
        for (role, index), address, own, kept in zip(
            names, own_addresses, _gpus(experiment, names), shares[: len(names)], strict=True
        )
    ]
    environment = _environment(experiment, ()) | told
    tasks = [*training, *_serving(service, environment, shares[len(names) :])]
    if experiment.emulate.hosts.emulated or mbit_per_second is not None:
        tasks = [replace(task, host=_host(experiment, number)) for number, task in enumerate(tasks)]
    if mbit_per_second is not None:
        tasks = _reached_without_proxy(tasks, {host_address(each) for each in range(len(tasks))})
    if places is not None:
        tasks = _reached_without_proxy(tasks, {place.address for place in places.values()})
    return ClusterPlan(tuple(tasks))


def tf_config(cluster: dict[str, list[str]], role: str, index: int) -> str:
    """TF_CONFIG of one task, as TensorFlow documents it.

    https://www.tensorflow.org/guide/distributed_training#setting_up_the_tf_config_environment_variable
    """
    return json.dumps({"cluster": cluster, "task": {"type": role, "index": index}})


def keras_environment(experiment: "Experiment") -> dict[str, str]:
    """What makes `tf.keras` the one that was asked for."""
    return {"TF_USE_LEGACY_KERAS": "1" if experiment.keras == 2 else "0"}


def one_host(experiment: "Experiment") -> Host | None:
    """An emulated host as large as each task's, for a process that stands for one; None where tasks
    have the machine."""
    hosts = experiment.emulate.hosts
    if not hosts.emulated:
        return None
    return Host("one", cores=hosts.cores, memory_mb=hosts.memory_mb)


def training_names(experiment: "Experiment") -> list[str]:
    """Names of all tasks of the cluster that trains, chief first."""
    return [_name(*task) for task in _training_tasks(experiment)]


def task_names(experiment: "Experiment") -> list[str]:
    """Names of all tasks of the run, chief first, those of tf.data service last."""
    return [_name(*task) for task in _tasks(experiment)]


def ports_needed(experiment: "Experiment") -> dict[str, int]:
    """On how many ports each task listens, by its name."""
    data_workers = experiment.pipeline.service.workers
    listens = int(experiment.strategy.topology != "process")
    counts = {DISPATCHER: data_workers, DATA_WORKER: 1}
    return {_name(*task): counts.get(task[0], listens) for task in _tasks(experiment)}


def nominal_places(experiment: "Experiment") -> dict[str, Place] | None:
    """Hosts that somebody else has given to the tasks, or that stand for those that are known only
    when the run begins; None where tasks run on this machine."""
    if experiment.engine.given is not None:
        return given_places(experiment.engine.given)
    if not experiment.engine.elsewhere:
        return None
    return {
        name: Place(
            host=f"host-of-{name}",
            address=f"host-of-{name}",
            ports=tuple(range(LOWEST_PORT, LOWEST_PORT + count)),
            cores=(),
        )
        for name, count in ports_needed(experiment).items()
    }


def _training_tasks(experiment: "Experiment") -> list[tuple[str, int]]:
    """Role and index of each, chief first."""
    workers, topology = experiment.workers, experiment.strategy.topology
    if topology == "process":
        return [("chief", 0)]
    if topology == "workers":
        return [("chief", 0), *(("worker", index) for index in range(workers - 1))]
    servers = [("ps", index) for index in range(experiment.ps)]
    return [("chief", 0), *(("worker", index) for index in range(workers)), *servers]


def _tasks(experiment: "Experiment") -> list[tuple[str, int]]:
    data_workers = range(experiment.pipeline.service.workers)
    service = [(DISPATCHER, 0), *((DATA_WORKER, index) for index in data_workers)]
    return _training_tasks(experiment) + (service if data_workers else [])


def _name(role: str, index: int) -> str:
    return f"{role}-{index}"


def _on_places(experiment: "Experiment", places: Mapping[str, Place]) -> list[str]:
    """Addresses of all that listens, in the plan's order; fixed ports are `engine.first_port` and
    those after it, one after the other over all hosts."""
    free = [(place.address, port) for place in places.values() for port in place.ports]
    first = experiment.engine.first_port
    return [
        f"{host}:{port if first is None else first + index}"
        for index, (host, port) in enumerate(free)
    ]


def _on_own_hosts(addresses: Sequence[str], tasks: int, data_workers: int) -> list[str]:
    """The same ports, an emulated host for each task; the dispatcher's are all on one."""
    data = range(tasks + 1, tasks + 1 + data_workers)
    places = [*range(tasks), *[tasks] * data_workers, *data]
    ports = [address.rpartition(":")[2] for address in addresses]
    return [f"{host_address(place)}:{port}" for place, port in zip(places, ports, strict=True)]


def _host(experiment: "Experiment", number: int) -> Host:
    """Of the plan's task of that number."""
    hosts, network = experiment.emulate.hosts, experiment.emulate.network
    return Host(host_address(number), network.mbit_per_second, hosts.cores, hosts.memory_mb)


def _reached_without_proxy(tasks: list[TaskPlan], hosts: Collection[str]) -> list[TaskPlan]:
    told = ",".join([_LOOPBACK, *sorted(hosts)])
    return [replace(task, environment=task.environment | {_NO_PROXY: told}) for task in tasks]


def _cluster(names: list[tuple[str, int]], addresses: Sequence[str]) -> dict[str, list[str]]:
    cluster: dict[str, list[str]] = {}
    for (role, _), address in zip(names, addresses, strict=True):
        cluster.setdefault(role, []).append(address)
    return cluster


def _cluster_told(cluster: dict[str, list[str]] | None, role: str, index: int) -> dict[str, str]:
    return {} if cluster is None else {"TF_CONFIG": tf_config(cluster, role, index)}


def _service(addresses: Sequence[str], data_workers: int) -> dict[str, list[str]]:
    """The addresses by role; nothing where the run has no service."""
    if not data_workers:
        return {}
    return {
        DISPATCHER: list(addresses[:data_workers]),
        DATA_WORKER: list(addresses[data_workers : 2 * data_workers]),
    }


def _serving(
    service: dict[str, list[str]], environment: dict[str, str], cores: list[tuple[int, ...]]
) -> list[TaskPlan]:
    """The dispatcher, which has next to nothing to do, and the data workers."""
    if not service:
        return []
    first, *more = service[DISPATCHER]
    dispatcher = TaskPlan(
        DISPATCHER, 0, first, dict(environment), gpus=(), more_addresses=tuple(more)
    )
    return [
        dispatcher,
        *(
            TaskPlan(DATA_WORKER, index, address, dict(environment), gpus=(), cores=kept)
            for index, (address, kept) in enumerate(zip(service[DATA_WORKER], cores, strict=True))
        ),
    ]


def _gpus(experiment: "Experiment", names: list[tuple[str, int]]) -> list[tuple[int, ...]]:
    """A task that computes gets the next GPUs; a coordinator and its parameter servers get none."""
    each, taken, shares = experiment.gpus_per_task, 0, []
    coordinated = experiment.strategy.topology == "servers"
    for role, _ in names:
        count = each if role == "worker" or not coordinated else 0
        shares.append(tuple(range(taken, taken + count)))
        taken += count
    return shares


def _cores(
    experiment: "Experiment", tasks: int, data_workers: int, cores: Sequence[int]
) -> list[tuple[int, ...]]:
    """Equal shares of the cores for tasks that step together; where there are more tasks than
    cores, each gets one, in turn. Data workers have shares of their own where there are cores for
    them too, and otherwise go where there is room.

    Tasks that wander over each other's cores lose time at every collective: two workers on two
    cores took 11 to 12 ms a step with cores of their own and 16 to 22 ms without.

    On emulated hosts they keep to as many as these have.
    """
    together = experiment.strategy.topology == "workers" and experiment.launch.pin_cores
    if not together or tasks < 2 or not cores:
        return [()] * (tasks + data_workers)
    of_host = experiment.emulate.hosts.cores
    if of_host is not None:
        each = min(math.ceil(of_host), len(cores))
        return _in_turn(tasks, each, cores) + [()] * data_workers
    sharing = tasks + data_workers if tasks + data_workers <= len(cores) else tasks
    shares = _in_turn(sharing, max(1, len(cores) // sharing), cores)
    return shares + [()] * (tasks + data_workers - sharing)


def _in_turn(tasks: int, each: int, cores: Sequence[int]) -> list[tuple[int, ...]]:
    return [
        tuple(cores[(task * each + offset) % len(cores)] for offset in range(each))
        for task in range(tasks)
    ]


def _cores_of_places(
    experiment: "Experiment", places: Mapping[str, Place]
) -> list[tuple[int, ...]]:
    """As `_cores` has it, for tasks whose hosts let them run on the same cores."""
    together: dict[tuple[str, tuple[int, ...]], list[str]] = {}
    names, data_workers = training_names(experiment), experiment.pipeline.service.workers
    for name in names:
        together.setdefault((places[name].host, places[name].cores), []).append(name)
    shares = {
        name: share
        for (_, cores), sharing in together.items()
        for name, share in zip(sharing, _cores(experiment, len(sharing), 0, cores), strict=True)
    }
    return [*(shares[name] for name in names), *[()] * data_workers]


def _environment(experiment: "Experiment", gpus: tuple[int, ...]) -> dict[str, str]:
    # On other machines the scheduler has told the task's agent already which ones are its own.
    told = gpus and experiment.engine.elsewhere
    visible = ",".join(experiment.gpus[gpu] for gpu in gpus) or "-1"
    return {
        **({} if told else {"CUDA_VISIBLE_DEVICES": visible}),
        "KERAS_BACKEND": "tensorflow",
        "PYTHONHASHSEED": "0",
        "PYTHONUNBUFFERED": "1",
        "TF_CPP_MIN_LOG_LEVEL": "1",
        **keras_environment(experiment),
        # gRPC would send even loopback traffic through an http_proxy of the environment.
        _NO_PROXY: _LOOPBACK,
    }
