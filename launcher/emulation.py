"""What a run emulates: whether that can be, what it comes to in each task, and how it is called."""

from typing import TYPE_CHECKING, Any

from launcher.cluster_plan import task_names, training_names
from launcher.engines import cgroups, hosts
from launcher.errors import NotApplicable
from launcher.hardware import available_cores, memory_mb
from results.errors import UserError, nearest

if TYPE_CHECKING:
    from launcher.experiment import Experiment

_RATE = "emulate.accelerator.examples_per_second"
_ACCELERATOR_MEMORY = "emulate.accelerator.memory_mb"
_HOSTS = "emulate.hosts"
_NETWORK = "emulate.network"
_MOST_TIMES_AS_SLOW = 1000
"""Slower, and a task does nothing that a person would wait for."""
SHORTEST_UNMARKED_SECONDS = 0.03
"""Half a millisecond that a wait is off is a sixtieth of it; how far waits are off is measured by
`tests/performance/emulated_accelerators.py`."""


def check(experiment: "Experiment") -> None:
    """Raise NotApplicable, or UserError for a name that is no task's, where something can't be
    emulated."""
    if experiment.emulate.straggler is not None:
        _check_stragglers(experiment, _factors(experiment.emulate.straggler))
    if experiment.emulate.accelerator.emulated:
        _check_accelerator(experiment)
    elif experiment.emulate.accelerator.memory_mb is not None:
        raise NotApplicable(
            f"{_ACCELERATOR_MEMORY}={experiment.emulate.accelerator.memory_mb}: only an emulated "
            f"accelerator has a memory to compare with; give {_RATE} as well"
        )
    if experiment.emulate.hosts.emulated:
        _check_hosts(experiment)
    _check_network(experiment)


def compute_seconds(experiment: "Experiment") -> dict[str, float]:
    """How long a replica's emulated computing takes, by task; empty where it really computes."""
    accelerator, slower = experiment.emulate.accelerator, experiment.emulate.straggler or {}
    if not accelerator.emulated:
        return {}
    seconds = accelerator.seconds(experiment.batch.per_replica)
    return {task: seconds * slower.get(task, 1.0) for task in _computing(experiment)}


def slower(experiment: "Experiment") -> dict[str, float]:
    """How many times as long the real computing of a task takes, of those made slower; empty where
    computing is emulated."""
    return {} if experiment.emulate.accelerator.emulated else experiment.emulate.straggler or {}


def phrases(experiment: "Experiment") -> list[str]:
    """What is emulated, as people read it wherever figures appear; empty where nothing is."""
    asked, said = experiment.emulate, []
    if asked.storage.phrase:
        said.append(asked.storage.phrase)
    if asked.accelerator.emulated:
        said.append(_accelerators_phrase(experiment))
    if asked.hosts.emulated:
        said.append(hosts_phrase(experiment))
    if asked.network.mbit_per_second is not None:
        said.append(f"a network of {asked.network.mbit_per_second:,g} Mbit/s a task")
    said += [f"{task} {factor:g} times as slow" for task, factor in (asked.straggler or {}).items()]
    return said


def notes(experiment: "Experiment") -> list[str]:
    """What nobody should expect of what is emulated; empty where nothing is."""
    return [*_notes_on_computing(experiment), *_notes_on_hosts(experiment)]


def _notes_on_computing(experiment: "Experiment") -> list[str]:
    waits = compute_seconds(experiment)
    if not waits:
        return [
            f"after each step of {task} had really computed, it waited {factor - 1:g} times as "
            "long; waits shorter than waking up takes, up to 1 ms, were left out"
            for task, factor in slower(experiment).items()
        ]
    seconds = min(waits.values())
    said = (
        f"computing was emulated by a wait of {seconds * 1000:.3g} ms a step: nothing was learned, "
        "so there is no loss, no evaluation and no model"
    )
    if seconds < SHORTEST_UNMARKED_SECONDS:
        said += (
            f"; what waking up takes is a large part of waits below "
            f"{SHORTEST_UNMARKED_SECONDS * 1000:g} ms: a larger batch is better"
        )
    return [said]


def _notes_on_hosts(experiment: "Experiment") -> list[str]:
    """What only this machine's own cores could tell, where the hosts have more between them."""
    cores = experiment.emulate.hosts.cores
    if cores is None:
        return []
    count, here = len(task_names(experiment)), len(available_cores())
    if count * cores <= here:
        return []
    return [
        f"{count} emulated {hosts_phrase(experiment)} want {count * cores:,g} cores and this "
        f"machine has {here}: where they all compute, the machine's own cores are full"
    ]


def _accelerators_phrase(experiment: "Experiment") -> str:
    accelerator = experiment.emulate.accelerator
    memory = "" if accelerator.memory_mb is None else f" and {accelerator.memory_mb:,} MB"
    return f"accelerators of {accelerator.examples_per_second:,g} examples/s{memory} each"


def hosts_phrase(experiment: "Experiment") -> str:
    """How large each task's emulated host is; empty where all have the machine."""
    hosts = experiment.emulate.hosts
    if not hosts.emulated:
        return ""
    unit = "core" if hosts.cores == 1 else "cores"
    cores = None if hosts.cores is None else f"{hosts.cores:,g} {unit}"
    memory = None if hosts.memory_mb is None else f"{hosts.memory_mb:,} MB"
    return f"hosts of {' and '.join(filter(None, (cores, memory)))} each"


def _check_stragglers(experiment: "Experiment", stragglers: dict[str, float]) -> None:
    tasks = _computing(experiment)
    for task, factor in stragglers.items():
        asked = f"'emulate.straggler={{{task}: {factor:g}}}'"
        if task not in tasks:
            near = nearest(task, tasks)
            question = f"did you mean {near}? One" if near else "one"
            raise UserError(
                f"{asked}: no task that computes has that name; {question} of {', '.join(tasks)} "
                "is needed"
            )
        if not 1 <= factor <= _MOST_TIMES_AS_SLOW:
            most = _MOST_TIMES_AS_SLOW
            raise UserError(f"{asked}: a factor from 1 to {most} is needed, such as 1.5")
    if experiment.devices != "cpu":
        raise NotApplicable(
            f"{asked}: this run computes on {experiment.devices}, whose computing the host's clock "
            "doesn't see; give devices=cpu"
        )
    if experiment.deterministic and not experiment.emulate.accelerator.emulated:
        raise NotApplicable(
            f"deterministic=true: with {asked} waits follow the time that a graph tells, which "
            "TensorFlow then refuses; leave one of them out"
        )


def _check_accelerator(experiment: "Experiment") -> None:
    asked = f"{_RATE}={experiment.emulate.accelerator.examples_per_second:g}"
    if experiment.devices != "cpu":
        raise NotApplicable(
            f"{asked}: this run computes on {experiment.devices}, where nothing would wait; give "
            "devices=cpu"
        )
    impossible = {
        f"until.quality={experiment.until.quality}": experiment.until.quality is not None,
        f"evaluate.every_steps={experiment.evaluate.every_steps}": (
            experiment.evaluate.every_steps is not None
        ),
        "diagnose=true": experiment.diagnose,
        "deterministic=true": experiment.deterministic,
        "loop.jit_compile=true": experiment.loop.jit_compile,
        "loop.mixed_precision=true": experiment.loop.mixed_precision,
    }
    for other, given in impossible.items():
        if given:
            raise NotApplicable(
                f"{other}: nothing is computed or learned with {asked}; leave one of them out"
            )
    steps = experiment.loop.steps_per_call
    call_seconds = steps * max(compute_seconds(experiment).values())
    if call_seconds >= experiment.watch.stall_seconds:
        raise NotApplicable(
            f"{asked}: a call of {steps} steps waits {call_seconds:.3g} s, and after "
            f"watch.stall_seconds={experiment.watch.stall_seconds:g} a run counts as lost; give "
            "a smaller loop.steps_per_call, or more seconds"
        )


def _check_hosts(experiment: "Experiment") -> None:
    wanted = experiment.emulate.hosts
    keys = {f"{_HOSTS}.cores": wanted.cores, f"{_HOSTS}.memory_mb": wanted.memory_mb}
    asked = " ".join(f"{key}={value:g}" for key, value in keys.items() if value is not None)
    if experiment.engine.elsewhere:
        raise NotApplicable(
            f"{asked}: the tasks of engine={experiment.engine.name} run on other machines, as "
            "large as those are; leave it out, or give engine=local"
        )
    here = {f"{_HOSTS}.cores": len(available_cores()), f"{_HOSTS}.memory_mb": memory_mb()}
    for key, value in keys.items():
        if value is not None and 0 < here[key] < value:
            raise NotApplicable(
                f"{key}={value:g}: this machine has {here[key]:,}, and a host on it can't have "
                f"more; give {here[key]} at most"
            )
    missing = cgroups.why_not(wanted.cores is not None, wanted.memory_mb is not None)
    if missing is not None:
        raise UserError(
            f"{asked}: each task needs a control group (cgroup) of its own, and {missing}; leave "
            "it out, or run as a user who may make one"
        )


def _check_network(experiment: "Experiment") -> None:
    network = experiment.emulate.network
    if network.latency_ms is not None:
        raise UserError(
            f"{_NETWORK}.latency_ms={network.latency_ms:g}: only bandwidth can be emulated; the "
            "kernel's netem, which delays packets, was absent where this was made; leave it out"
        )
    if network.mbit_per_second is None:
        return
    asked = f"{_NETWORK}.mbit_per_second={network.mbit_per_second:g}"
    if experiment.strategy.topology == "process":
        raise NotApplicable(
            f"{asked}: strategy={experiment.strategy.name} trains in one task, so nothing goes "
            "from host to host; leave it out, or take a strategy of several tasks such as "
            "multiworker"
        )
    if experiment.needs_network is not None:
        raise NotApplicable(
            f"{asked}: {experiment.needs_network}, which no emulated host reaches; leave it out"
        )
    if experiment.isolation == "none":
        raise NotApplicable(
            f"isolation=none: {asked} needs a network of the run's own; leave one of them out"
        )
    missing = hosts.why_not()
    if missing is not None:
        raise UserError(
            f"{asked}: each task needs a network of its own, and {missing}; leave it out"
        )


def _factors(asked: Any) -> dict[str, float]:
    """Hydra composes no key of a typed dict that isn't there yet, so its type is judged here."""
    if isinstance(asked, dict) and asked and all(map(_is_number, asked.values())):
        return {str(task): float(factor) for task, factor in asked.items()}
    raise UserError(
        f"emulate.straggler={asked}: tasks and how many times as long each computes are needed, "
        "'emulate.straggler={worker-1: 1.5}'"
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _computing(experiment: "Experiment") -> list[str]:
    """Names of the tasks that compute."""
    coordinated = experiment.strategy.topology == "servers"
    names = training_names(experiment)
    return [name for name in names if name.startswith("worker-") or not coordinated]
