"""Which task of which cluster this process is, by what its platform told it.

Kubeflow's TFJob, Vertex AI and SageMaker set TF_CONFIG. Where a platform only numbers its processes
(an Indexed Job, a JobSet), their addresses and this one's number are given on the command line.
TensorFlow lets worker 0 be the chief of a cluster without one; here every process calls that task
chief-0, and the workers after it worker-0, worker-1 and so on.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from launcher.engines import Place
from launcher.engines.given import TF_CONFIG
from results.errors import UserError
from results.text import counted

_CHIEFS = ("chief", "master")
"""`master` is what older platforms call it."""
_ROLES = (*_CHIEFS, "worker", "ps")
_LAST_PORT = 65_535
_LONGEST_SHOWN = 60
_NUMBER = "%d"
"""Stands for a task's number in a pattern of addresses."""


@dataclass(frozen=True)
class GivenCluster:
    """A cluster that somebody else has started, and this process's task of it, under the names that
    tasks have here."""

    task: str
    """`worker-1`."""
    tasks: tuple[str, ...]
    """Every task of the cluster: the chief, workers, parameter servers."""
    addresses: tuple[str, ...]
    """`host:port` of each."""


def given_places(cluster: GivenCluster) -> dict[str, Place]:
    """Where the tasks are, by name, as far as their addresses tell."""
    split = [address.rpartition(":") for address in cluster.addresses]
    return {
        task: Place(host=host, address=host, ports=(int(port),), cores=())
        for task, (host, _, port) in zip(cluster.tasks, split, strict=True)
    }


def from_tf_config(text: str) -> GivenCluster:
    """The place that TF_CONFIG names.

    https://www.tensorflow.org/guide/distributed_training#setting_up_the_tf_config_environment_variable

    Raises UserError where it isn't a cluster with this process as one of its tasks.
    """
    told = _record(text)
    role, index = _task(told.get("task"))
    cluster = _cluster(told.get("cluster"))
    if index >= len(cluster.get(role, [])):
        known = ", ".join(f"{name} 0 to {len(each) - 1}" for name, each in cluster.items())
        raise UserError(
            f"{TF_CONFIG}: this process is {role} {index}, which isn't in the cluster of {known}; "
            "give each process a type and an index of the cluster"
        )
    named = {role: _names(role, cluster) for role in cluster}
    tasks = [name for each in _ROLES for name in named.get(each, [])]
    addresses = [address for each in _ROLES for address in cluster.get(each, [])]
    return GivenCluster(named[role][index], tuple(tasks), tuple(addresses))


def from_addresses(asked: Any, index: int | None, tasks: Sequence[str]) -> GivenCluster:
    """The place of the process number `index` among tasks in the plan's order.

    Args:
      asked: an address for each task, or a pattern of them with %d for the number.

    Raises UserError where they aren't addresses of so many tasks, or there is no such number.
    """
    key, count = "engine.addresses", len(tasks)
    if isinstance(asked, str):
        if asked.count(_NUMBER) != 1 and count > 1:
            raise UserError(
                f"{key}={asked}: {_NUMBER} is needed once, where the number of a process stands, "
                f"as in train-workers-0-{_NUMBER}.train:2222"
            )
        asked = [asked.replace(_NUMBER, str(number)) for number in range(count)]
    if not isinstance(asked, Sequence):
        raise UserError(
            f"{key}={asked}: a list of host:port is needed, or a pattern with {_NUMBER}"
        )
    addresses = _addresses(key, asked)
    if len(addresses) != count:
        given = counted(len(addresses), "address", "addresses")
        raise UserError(
            f"{key}: {given} for {_counted(tasks)}; give {count}, first the chief's, then "
            "those of workers, then those of parameter servers"
        )
    if index is None:
        raise UserError(
            "engine.index=null: engine.addresses needs the number of this process as well, for "
            "example engine.index=${oc.env:JOB_COMPLETION_INDEX}"
        )
    if index >= count:
        raise UserError(f"engine.index={index}: at most {count - 1} is right for {_counted(tasks)}")
    return GivenCluster(tasks[index], tuple(tasks), addresses)


def check_fits(place: GivenCluster, tasks: Sequence[str], asked: str) -> None:
    """Raise UserError where the cluster has other tasks than the run needs.

    Args:
      tasks: those of the run's plan.
      asked: how the command line asked for them.
    """
    if list(place.tasks) == list(tasks):
        return
    raise UserError(
        f"{asked}: this needs {_counted(tasks)}, and the cluster that {TF_CONFIG} names has "
        f"{_counted(place.tasks)}; give {_words_for(_counts(place.tasks))}, or another cluster"
    )


def _record(text: str) -> Mapping[str, Any]:
    shown = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
    right = 'an object such as {"cluster": {"worker": ["host:port"]}, "task": {…}} is needed'
    try:
        told = json.loads(text)
    except ValueError as error:
        raise UserError(f"{TF_CONFIG}={shown}: not JSON ({error}); {right}") from None
    if not isinstance(told, dict):
        raise UserError(f"{TF_CONFIG}={shown}: {right}")
    return told


def _task(told: Any) -> tuple[str, int]:
    told = told if isinstance(told, dict) else {}
    role, index = told.get("type"), told.get("index")
    if role == "evaluator":
        raise UserError(
            f"{TF_CONFIG}: this process is an evaluator, and held-out data are looked at by the "
            "tasks that train; leave evaluators out of the job"
        )
    if role not in _ROLES or not isinstance(index, int) or isinstance(index, bool) or index < 0:
        raise UserError(
            f"{TF_CONFIG}: its task is {json.dumps(told)}; a type (one of {', '.join(_ROLES)}) and "
            'an index from 0 are needed, as in {"type": "worker", "index": 0}'
        )
    return role, index


def _cluster(told: Any) -> dict[str, list[str]]:
    """Addresses by role, as the platform calls it, without roles that have none."""
    if not isinstance(told, dict) or not any(told.values()):
        raise UserError(
            f"{TF_CONFIG}: it names no cluster; addresses of all tasks are needed, as in "
            '{"cluster": {"worker": ["host:port", …]}}'
        )
    told = {role: each for role, each in told.items() if each}
    unknown = [role for role in told if role not in _ROLES]
    if unknown:
        advice = "leave evaluators out" if "evaluator" in unknown else f"use {', '.join(_ROLES)}"
        raise UserError(f"{TF_CONFIG}: no task here is called {', '.join(unknown)}; {advice}")
    for role, each in told.items():
        if not isinstance(each, list):
            raise UserError(f"{TF_CONFIG}: {role} is {json.dumps(each)}; a list is needed")
    chiefs = [address for role in _CHIEFS for address in told.get(role, [])]
    if len(chiefs) > 1:
        raise UserError(f"{TF_CONFIG}: {', '.join(map(str, chiefs))} are all chief; one is needed")
    if not chiefs and "worker" not in told:
        raise UserError(f"{TF_CONFIG}: no chief and no workers, only ps; add a chief and workers")
    _addresses(TF_CONFIG, [address for each in told.values() for address in each])
    return told


def _addresses(key: str, asked: Sequence[Any]) -> tuple[str, ...]:
    for address in asked:
        host, colon, port = str(address).rpartition(":")
        numbered = port.isascii() and port.isdecimal() and 0 < int(port) <= _LAST_PORT
        if not (host and colon and numbered) or re.search(r"\s", host):
            raise UserError(f"{key}: {address} isn't host:port, as in train-workers-0-0.train:2222")
        if asked.count(address) > 1:
            raise UserError(
                f"{key}: {address} is there twice; each task needs an address of its own"
            )
    return tuple(map(str, asked))


def _names(role: str, cluster: Mapping[str, Sequence[str]]) -> list[str]:
    """What the tasks of a role are called here."""
    numbers = range(len(cluster[role]))
    if role in _CHIEFS:
        return ["chief-0"]
    if role == "worker" and not any(chief in cluster for chief in _CHIEFS):
        return ["chief-0", *(f"worker-{number}" for number in numbers[:-1])]
    return [f"{role}-{number}" for number in numbers]


def _counts(tasks: Sequence[str]) -> dict[str, int]:
    roles = [task.rpartition("-")[0] for task in tasks]
    return {role: roles.count(role) for role in dict.fromkeys(roles)}


def _counted(tasks: Sequence[str]) -> str:
    """`1 chief, 3 workers and 2 ps`."""
    *first, last = [
        counted(count, "worker") if role == "worker" else f"{count} {role}"
        for role, count in _counts(tasks).items()
    ]
    return f"{', '.join(first)} and {last}" if first else last


def _words_for(counts: Mapping[str, int]) -> str:
    """What asks for such a cluster."""
    workers, servers = counts.get("worker", 0), counts.get("ps", 0)
    if servers:
        return f"strategy=parameter_server workers={workers} ps={servers}"
    return f"strategy=multiworker workers={workers + 1}"
