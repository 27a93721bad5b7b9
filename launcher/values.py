"""Whether each value is right by itself: choices spelled well, numbers in range, folders usable."""

from math import inf
from pathlib import Path
from typing import Any

from launcher import schema
from launcher.folders import writable
from results.errors import UserError, nearest

_CHOICES: dict[str, tuple[Any, ...]] = {
    "communication": ("auto", "ring", "nccl"),
    "convert.compression": ("none", "gzip"),
    "convert.format": ("files", "tfrecord", "raw"),
    "devices": ("auto", "cpu", "gpu"),
    "engine.placement": (None, "PACK", "SPREAD", "STRICT_PACK", "STRICT_SPREAD"),
    "isolation": ("auto", "namespace", "none"),
    "keras": (2, 3),
    "launch.method": ("fork", "spawn"),
    "loop.gradient_dtype": ("float32", "float16", "bfloat16"),
    "pipeline.cache": ("none", "memory", "disk"),
    "pipeline.sharding": ("data", "file", "auto"),
    "strategy.loop": ("synchronous", "coordinator"),
    "strategy.topology": ("process", "workers", "servers"),
}
_LEAST: dict[str, float] = {
    "workers": 1,
    "ps": 1,
    "ps_shards": 2,
    "gpus_per_task": 1,
    "batch.per_replica": 1,
    "batch.total": 1,
    "workload.usual.batch_per_replica": 1,
    "workload.usual.steps": 1,
    "pipeline.shuffle": 0,
    "pipeline.parallel_calls": 1,
    "pipeline.parallel_reads": 1,
    "pipeline.prefetch": 0,
    "pipeline.threads": 1,
    "pipeline.service.workers": 0,
    "emulate.accelerator.memory_mb": 1,
    "emulate.hosts.cores": 0.05,  # less, and the cluster's own heartbeats come too late
    "emulate.hosts.memory_mb": 1,
    "emulate.network.mbit_per_second": 1,  # the cluster's own heartbeats need some of it
    "emulate.storage.latency_ms": 0,
    "tune.ram_mb": 1,
    "convert.shards": 1,
    "convert.size": 1,
    "tune.cores": 1,
    "measure.rounds": 5,
    "until.steps": 1,
    "until.examples": 1,
    "evaluate.every_steps": 1,
    "checkpoint.every_steps": 1,
    "checkpoint.keep": 1,
    "measure.warmup_steps": 0,
    "loop.steps_per_call": 1,
    "loop.accumulate": 1,
    "engine.first_port": 1024,
    "engine.nodes": 1,
    "engine.index": 0,
    "restarts": 0,
    "watch.memory_mb": 1,
    "seed": 0,
    "repeat": 1,
    "sweep.retries": 0,
    "sweep.at_once": 1,
    "quiet.seconds": 0,
}
_ABOVE_ZERO = (
    "engine.cpus_per_task",
    "emulate.accelerator.examples_per_second",
    "emulate.storage.mb_per_second",
    "tune.seconds",
    "measure.block_seconds",
    "until.seconds",
    "sweep.hours",
    "sweep.timeout_minutes",
    "watch.stall_seconds",
    "watch.start_seconds",
    "watch.grace_seconds",
)
_MOST = {
    "emulate.hosts.cores": 10_000,  # beyond any host
    "emulate.hosts.memory_mb": 100_000_000,  # beyond any host
    "emulate.network.mbit_per_second": 100_000,  # more than a loopback carries
    "engine.first_port": 65535,
    "seed": 2**32 - 1,
}


def check(asked: dict[str, Any]) -> None:
    """Raise UserError for the first value that can't be right whatever the others are."""
    for key in schema.known_keys():
        _check_present(asked, key)
    for key, choices in _CHOICES.items():
        value = value_of(asked, key)
        if value not in choices:
            raise UserError(f"{key}={value}: {_one_of(choices, value)}")
    for key, least in _LEAST.items():
        value = value_of(asked, key)
        if value is not None and not value >= least:  # nan isn't
            raise UserError(f"{key}={value}: at least {least} is needed")
    for key, most in _MOST.items():
        value = value_of(asked, key)
        if value is not None and value > most:
            raise UserError(f"{key}={value}: at most {most} is needed")
    for key in _ABOVE_ZERO:
        value = value_of(asked, key)
        if value is not None and not value > 0:  # nan isn't
            raise UserError(f"{key}={value}: more than 0 is needed")
    for key in (*_LEAST, *_ABOVE_ZERO):
        if value_of(asked, key) == inf:
            raise UserError(f"{key}=inf: a number that ends is needed")
    folder = asked["cache_folder"]
    if folder is not None and not writable(Path(folder).expanduser()):
        raise UserError(f"cache_folder={folder}: a folder that can be made and written is needed")
    if asked["batch"]["per_replica"] is not None and asked["batch"]["total"] is not None:
        per_replica, total = asked["batch"]["per_replica"], asked["batch"]["total"]
        raise UserError(
            f"batch.per_replica={per_replica} batch.total={total}: give one of them, the other "
            "follows from it"
        )


def value_of(asked: dict[str, Any], key: str) -> Any:
    """The value of a dotted key."""
    for part in key.split("."):
        asked = asked[part]
    return asked


def _check_present(asked: dict[str, Any], key: str) -> None:
    try:
        value_of(asked, key)
    except KeyError:
        raise UserError(f"~{key}: this key can't be taken away; give it a value") from None


def _one_of(choices: tuple[Any, ...], value: Any) -> str:
    choices = tuple(choice for choice in choices if choice is not None)
    near = nearest(str(value), map(str, choices))
    question = f"did you mean {near}? One" if near else "one"
    return f"{question} of {', '.join(map(str, choices))} is needed"
