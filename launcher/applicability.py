"""Whether values that are right by themselves make sense together."""

import dataclasses
from typing import Any, Protocol

from input_pipelines.settings import StorageSettings
from launcher import profiling
from launcher.errors import NotApplicable
from launcher.groups import members_by_key
from launcher.schema import Settings
from launcher.values import value_of


class _Source(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...


def check(asked: dict[str, Any], takes: str, source: _Source) -> None:
    """Raise NotApplicable for the first combination that makes no sense."""
    _keys_of_other_strategies(asked)
    _keys_of_other_engines(asked)
    _number_of_workers(asked)
    _data_that_the_workload_takes(asked["workload"]["name"], takes, source)
    _what_a_coordinator_cannot_do(asked)
    storage = StorageSettings(**asked["emulate"]["storage"])
    if asked["pipeline"]["_target_"] is not None and storage.emulated:
        raise NotApplicable(
            f"{storage.typed}: pipeline._target_={asked['pipeline']['_target_']} reads by itself, "
            "so nothing can make it wait; leave one of them out"
        )
    if asked["deterministic"] and not asked["pipeline"]["deterministic"]:
        raise NotApplicable(
            "pipeline.deterministic=false: deterministic=true keeps the order of all that is "
            "prepared; leave one of them out"
        )
    if asked["ps_shards"] is not None and asked["keras"] != 2:
        raise NotApplicable(
            f"ps_shards={asked['ps_shards']}: Keras {asked['keras']} can't train sharded "
            "variables; give keras=2"
        )
    if asked["ps_shards"] is not None and asked["ps_shards"] > asked["ps"]:
        raise NotApplicable(
            f"ps_shards={asked['ps_shards']}: more parts than there are servers (ps={asked['ps']})"
        )


def _keys_of_other_strategies(asked: dict[str, Any]) -> None:
    usual = {each.name: each.default for each in dataclasses.fields(Settings)}
    strategy, own = asked["strategy"]["name"], asked["strategy"]["keys"]
    for key, strategies in members_by_key("strategy").items():
        if key in own or key not in usual:
            continue
        value = value_of(asked, key)
        if value != usual[key]:
            raise NotApplicable(
                f"{key}={value}: it doesn't apply to strategy={strategy}, only to "
                f"{', '.join(strategies)}; leave it out"
            )


def _keys_of_other_engines(asked: dict[str, Any]) -> None:
    engine = asked["engine"]
    for key, engines in members_by_key("engine").items():
        if key not in engine["keys"] and engine[key] not in (None, [], {}):
            raise NotApplicable(
                f"engine.{key}={engine[key]}: it doesn't apply to engine={engine['name']}, only to "
                f"{', '.join(engines)}; leave it out"
            )


def _number_of_workers(asked: dict[str, Any]) -> None:
    strategy, most = asked["strategy"], asked["strategy"]["max_workers"]
    if most is not None and asked["workers"] > most:
        raise NotApplicable(
            f"workers={asked['workers']}: strategy={strategy['name']} takes {most} only; give "
            f"workers={most}, or a strategy for several such as mirrored or multiworker"
        )


def _what_a_coordinator_cannot_do(asked: dict[str, Any]) -> None:
    if asked["strategy"]["loop"] != "coordinator":
        return
    strategy = asked["strategy"]["name"]
    if asked["deterministic"]:
        raise NotApplicable(
            f"deterministic=true: under strategy={strategy} workers update the variables in the "
            "order in which they finish; take a synchronous strategy such as multiworker"
        )
    if asked["profile"]["steps"] is not None:
        raise NotApplicable(
            f"{profiling.as_typed(asked['profile']['steps'])}: under strategy={strategy} no two "
            "tasks take the same step, so none can be traced on all of them at once; take a "
            "synchronous strategy such as multiworker"
        )
    if asked["loop"]["jit_compile"]:
        raise NotApplicable(
            f"loop.jit_compile=true: XLA can't reach variables that strategy={strategy} keeps in "
            "other processes; leave it out"
        )
    if asked["diagnose"]:
        raise NotApplicable(
            f"diagnose=true: under strategy={strategy} no two workers take the same step, so none "
            "can be compared with another; take a synchronous strategy such as multiworker"
        )
    if asked["pipeline"]["_target_"] is not None:
        raise NotApplicable(
            f"pipeline._target_={asked['pipeline']['_target_']}: strategy={strategy} hands "
            "examples out by number, which only our own pipelines follow; take a synchronous "
            "strategy such as multiworker"
        )
    if asked["pipeline"]["service"]["workers"]:
        raise NotApplicable(
            f"pipeline.service.workers={asked['pipeline']['service']['workers']}: "
            f"strategy={strategy} hands examples out by number itself; leave it out"
        )
    if asked["pipeline"]["sharding"] == "file":
        raise NotApplicable(
            f"pipeline.sharding=file: strategy={strategy} hands examples out by number, whatever "
            "file they are in; leave it out"
        )
    if asked["pipeline"]["cache"] != "none":
        raise NotApplicable(
            f"pipeline.cache={asked['pipeline']['cache']}: strategy={strategy} hands examples out "
            "by number, which no cache follows; leave it out"
        )


def _data_that_the_workload_takes(workload: str, takes: str, source: _Source) -> None:
    if "any" not in (takes, source.kind) and takes != source.kind:
        raise NotApplicable(
            f"source={source.name}: it gives {source.kind}, workload={workload} takes {takes}; "
            f"give a source of {takes}, or leave source out for the workload's usual one"
        )


def check_communication(communication: str, devices: str) -> None:
    """Raise NotApplicable where NCCL has no GPUs to talk to."""
    if communication == "nccl" and devices != "gpu":
        raise NotApplicable(
            f"communication=nccl: it needs GPUs, this run computes on {devices}; give "
            "communication=ring or auto"
        )


def check_compilation(asked: dict[str, Any], devices: str) -> None:
    """Raise NotApplicable where XLA would compile a step for devices that its variables aren't on.

    https://www.tensorflow.org/xla/known_issues#tfvariable_on_a_different_device
    """
    kept_on_host = asked["strategy"]["name"] == "central_storage"
    if asked["loop"]["jit_compile"] and kept_on_host and (asked["workers"] > 1 or devices != "cpu"):
        raise NotApplicable(
            "loop.jit_compile=true: XLA can't reach variables that strategy=central_storage keeps "
            "on the host's first device from another; leave it out, or give strategy=mirrored"
        )


def check_accumulation(accumulate: int, per_replica: int) -> None:
    """Raise NotApplicable where a replica's batch can't be cut into that many equal parts."""
    if per_replica % accumulate:
        raise NotApplicable(
            f"loop.accumulate={accumulate}: a replica's batch of {per_replica} can't be cut into "
            f"that many equal parts; give a divisor of {per_replica}"
        )
