"""Whether each value is right by itself: choices spelled well, numbers in range, folders usable."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from results.errors import UserError, nearest

_CHOICES: dict[str, tuple[Any, ...]] = {
    "communication": ("auto", "ring", "nccl"),
    "devices": ("auto", "cpu", "gpu"),
    "keras": (2, 3),
    "launch.method": ("fork", "spawn"),
    "loop.gradient_dtype": ("float32", "float16", "bfloat16"),
    "pipeline.cache": ("none", "memory", "disk"),
    "pipeline.sharding": ("data", "file"),
    "strategy.loop": ("synchronous", "coordinator"),
    "strategy.topology": ("process", "workers", "servers"),
}
_LEAST = {
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
    "until.steps": 1,
    "until.examples": 1,
    "evaluate.every_steps": 1,
    "checkpoint.every_steps": 1,
    "checkpoint.keep": 1,
    "measure.warmup_steps": 0,
    "loop.steps_per_call": 1,
    "loop.accumulate": 1,
    "engine.first_port": 1024,
    "seed": 0,
}
_MOST = {"engine.first_port": 65535, "seed": 2**32 - 1}


def check(asked: dict[str, Any]) -> None:
    """Raise UserError for the first value that can't be right whatever the others are."""
    for key, choices in _CHOICES.items():
        _check(asked, key, lambda value, c=choices: value in c, _one_of(choices))
    for key, least in _LEAST.items():
        most = _MOST.get(key)
        _check(asked, key, lambda value, n=least: value >= n, f"at least {least} is needed")
        _check(asked, key, lambda value, n=most: n is None or value <= n, f"{most} at most")
    _check(asked, "until.seconds", lambda value: value > 0, "more than 0 is needed")
    _check(asked, "cache_folder", _can_be_a_folder, "it can't be made or written; give another")
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


def _check(
    asked: dict[str, Any],
    key: str,
    is_right: Callable[[Any], bool],
    right: str | Callable[[Any], str],
) -> None:
    value = value_of(asked, key)
    if value is not None and not is_right(value):
        said = right if isinstance(right, str) else right(value)
        raise UserError(f"{key}={value}: {said}")


def _one_of(choices: tuple[Any, ...]) -> Callable[[Any], str]:
    def said(value: Any) -> str:
        near = nearest(str(value), map(str, choices))
        question = f"did you mean {near}? " if near else ""
        return f"{question}It is one of {', '.join(map(str, choices))}"

    return said


def _can_be_a_folder(value: str) -> bool:
    from launcher.folders import writable

    return writable(Path(value).expanduser())
