"""The experiment: one run, everything resolved, nothing left to look up or to default.

`resolve` makes it from a composed configuration and is the one judge of what applies. What it
refuses is a `UserError`; a combination that makes no sense is a `NotApplicable`.
"""

import dataclasses
import os
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from input_pipelines.settings import ConvertSettings, PipelineSettings, TuneSettings
from launcher import applicability, emulation, profiling, remote, values
from launcher.engines.given.cluster import GivenCluster
from launcher.given_cluster import given_cluster
from launcher.placing import Batch, resolve_batch, resolve_devices, resolve_gpus_per_task
from launcher.schema import EmulateSettings, LaunchSettings, WatchSettings
from launcher.targets import check_target, named
from results.errors import UserError
from strategies.settings import (
    CheckpointSettings,
    EvaluateSettings,
    LoopSettings,
    MeasureSettings,
    ProfileSettings,
    UntilSettings,
)

if TYPE_CHECKING:
    from omegaconf import DictConfig


@dataclass(frozen=True)
class Component:
    """Something that the configuration names and a task calls: the workload, the source."""

    name: str
    target: str
    """Dotted name of the function that returns it."""
    parameters: dict[str, Any]
    kind: str
    """What its examples are: `images`, `clicks`, `text`, …, or `any`."""


@dataclass(frozen=True)
class Strategy:
    """Which strategy, and which shape of cluster and loop it takes."""

    name: str
    build: str
    loop: str
    topology: str
    needs: str | None


@dataclass(frozen=True)
class EngineChoice:
    """What starts the tasks."""

    name: str
    target: str
    """Dotted name of the function from `launch.method` and the options to an engine."""
    first_port: int | None = None
    job: str | None = None
    """Dotted name of the function that has the run done by a job in a queue; None: this launcher
    does it."""
    elsewhere: bool = False
    """Whether tasks run on other machines."""
    options: dict[str, Any] = field(default_factory=dict)
    """The keys of `engine` that this engine reads; elsewhere also `gpus_per_task`, resolved."""
    given: GivenCluster | None = None
    """Which task this process is, where somebody else started the processes of all tasks."""


@dataclass(frozen=True)
class Experiment:
    """One run. Field names are the keys of the command line; see `launcher.schema`."""

    strategy: Strategy
    workers: int
    ps: int
    """Parameter servers; 0 where the strategy has none."""
    ps_shards: int | None
    communication: str
    devices: str
    """`cpu`, `gpu` or `tpu`."""
    gpus: tuple[str, ...]
    """GPUs that the run takes, as CUDA_VISIBLE_DEVICES names them."""
    gpus_per_task: int
    """GPUs of each task that computes; 0 without GPUs."""
    batch: Batch
    workload: Component
    source: Component
    pipeline: PipelineSettings
    emulate: EmulateSettings
    diagnose: bool
    tune: TuneSettings
    convert: ConvertSettings
    until: UntilSettings
    evaluate: EvaluateSettings
    checkpoint: CheckpointSettings
    measure: MeasureSettings
    profile: ProfileSettings
    loop: LoopSettings
    engine: EngineChoice
    launch: LaunchSettings
    watch: WatchSettings
    restarts: int
    isolation: str
    """`auto`, `namespace` or `none`: what was asked for; the plan says what became of it."""
    needs_network: str | None
    """Why it can't do without other machines."""
    keras: int
    seed: int
    deterministic: bool
    cache_folder: str
    """Absolute."""
    report: bool
    experiment: str | None

    def to_dict(self) -> dict[str, Any]:
        """The experiment in terms of JSON; `from_dict` gives an equal one back."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Self:
        """The experiment that `to_dict` wrote down. Raises KeyError where a field is missing."""
        return _restored(cls, record)


def resolve(configuration: "DictConfig", overrides: list[str]) -> Experiment:
    """The experiment that a composed configuration asks for.

    Args:
      overrides: the overrides of this run; a target of the user's own keeps only the parameters
        that they name.

    Raises:
      NotApplicable: values that are fine by themselves make no sense together or on this machine.
      UserError: a value is wrong; the message is one line and names key, value and what is right.
    """
    from omegaconf import OmegaConf

    for key in sorted(OmegaConf.missing_keys(configuration)):
        raise UserError(f"{key}=: this one has no value of its own; give one")
    asked: dict[str, Any] = OmegaConf.to_container(  # type: ignore[assignment]
        configuration, resolve=True, throw_on_missing=True
    )
    values.check(asked)
    workload = _component("workload", asked["workload"], overrides, takes_or_gives="takes")
    source = _component("source", _source_asked(asked), overrides, takes_or_gives="gives")
    applicability.check(asked, workload.kind, source)
    network = remote.needs_network(asked)
    remote.check(asked["isolation"], network)
    devices, gpus = resolve_devices(asked)
    applicability.check_communication(asked["communication"], devices)
    applicability.check_compilation(asked, devices)
    gpus_per_task = resolve_gpus_per_task(asked, devices)
    usual = asked["workload"]["usual"]
    batch = resolve_batch(asked, usual["batch_per_replica"], max(1, gpus_per_task))
    measure = MeasureSettings(**asked["measure"])
    until = _until(asked, batch, measure, f"{workload.name}'s own", usual["steps"])
    profile = ProfileSettings(**asked["profile"])
    profiling.check(profile, until, measure.warmup_steps, batch.total)
    serves = asked["strategy"]["topology"] == "servers"
    found = Experiment(
        strategy=_strategy(asked["strategy"]),
        workers=asked["workers"],
        ps=asked["ps"] if serves else 0,
        ps_shards=asked["ps_shards"],
        communication=asked["communication"],
        devices=devices,
        gpus=gpus,
        gpus_per_task=gpus_per_task,
        batch=batch,
        workload=workload,
        source=source,
        pipeline=_pipeline(asked["pipeline"]),
        emulate=_restored(EmulateSettings, asked["emulate"]),
        diagnose=asked["diagnose"],
        tune=TuneSettings(**asked["tune"]),
        convert=ConvertSettings(**asked["convert"]),
        until=until,
        evaluate=EvaluateSettings(**asked["evaluate"]),
        checkpoint=_checkpoint(asked["checkpoint"]),
        measure=measure,
        profile=profile,
        loop=LoopSettings(**asked["loop"]),
        engine=_engine(asked["engine"], gpus_per_task),
        launch=LaunchSettings(**asked["launch"]),
        watch=WatchSettings(**asked["watch"]),
        restarts=asked["restarts"],
        isolation=asked["isolation"],
        needs_network=network,
        keras=asked["keras"],
        seed=asked["seed"],
        deterministic=asked["deterministic"],
        cache_folder=str(_cache_folder(asked["cache_folder"])),
        report=asked["report"],
        experiment=asked["experiment"],
    )
    emulation.check(found)
    given = given_cluster(found, asked["engine"])
    if given is None:
        return found
    engine = dataclasses.replace(found.engine, given=given, options={})
    return dataclasses.replace(found, engine=engine)


def _strategy(asked: dict[str, Any]) -> Strategy:
    check_target("strategy.build", asked["build"])
    return Strategy(**{each.name: asked[each.name] for each in dataclasses.fields(Strategy)})


def _pipeline(asked: dict[str, Any]) -> PipelineSettings:
    if asked["_target_"] is not None:
        check_target("pipeline._target_", asked["_target_"])
    settings: PipelineSettings = _restored(PipelineSettings, asked)
    return settings


def _engine(asked: dict[str, Any], gpus_per_task: int) -> EngineChoice:
    for key in ("_target_", "job", "check"):
        if asked[key] is not None:
            check_target(f"engine.{key}", asked[key])
    options = {key: asked[key] for key in asked["keys"]}
    if asked["check"] is not None:
        named(asked["check"])(options)
    if asked["elsewhere"]:  # who asks a scheduler for hosts has to say what is needed there
        options["gpus_per_task"] = gpus_per_task
    return EngineChoice(
        name=asked["name"],
        target=asked["_target_"],
        first_port=asked["first_port"],
        job=asked["job"],
        elsewhere=asked["elsewhere"],
        options=options,
    )


def _source_asked(asked: dict[str, Any]) -> dict[str, Any]:
    if asked["source"] is None:
        name = asked["workload"]["name"]
        raise UserError(f"source=null: the workload {name} has no usual one; give source=…")
    source: dict[str, Any] = asked["source"]
    return source


def _component(
    key: str, asked: dict[str, Any], overrides: list[str], takes_or_gives: str
) -> Component:
    """A person's own target knows nothing of the parameters that the chosen file has for its."""
    target, parameters, given = asked["_target_"], asked["parameters"], _given(key, overrides)
    check_target(f"{key}._target_", target)
    if "_target_" not in given:
        return Component(asked["name"], target, parameters, asked[takes_or_gives])
    named = {name.split(".")[1] for name in given if name.startswith("parameters.")}
    if "parameters" in given:
        named |= set(parameters)
    kept = {name: value for name, value in parameters.items() if name in named}
    kind = asked[takes_or_gives] if takes_or_gives in given else "any"
    name = asked["name"] if "name" in given else target
    return Component(name, target, kept, kind)


def _given(key: str, overrides: list[str]) -> set[str]:
    """What the overrides set below `key`."""
    names = {override.partition("=")[0].lstrip("+") for override in overrides}
    return {name.removeprefix(f"{key}.") for name in names if name.startswith(f"{key}.")}


def _until(
    asked: dict[str, Any], batch: Batch, measure: MeasureSettings, owner: str, usual_steps: int
) -> UntilSettings:
    until, warmup = UntilSettings(**asked["until"]), measure.warmup_steps
    if until == UntilSettings():
        if usual_steps <= warmup:
            raise UserError(
                f"measure.warmup_steps={warmup}: the run ends after {usual_steps} steps ({owner}); "
                f"give until.steps of at least {warmup + 1}"
            )
        return UntilSettings(steps=usual_steps)
    if until.steps is not None and until.steps <= warmup:
        raise UserError(
            f"until.steps={until.steps}: not above measure.warmup_steps={warmup}, so nothing would "
            f"be measured; give at least {warmup + 1}"
        )
    if until.examples is not None and until.examples <= warmup * batch.total:
        raise UserError(
            f"until.examples={until.examples}: not above measure.warmup_steps={warmup} of "
            f"{batch.total} examples each; give at least {warmup * batch.total + 1}"
        )
    return until


def _checkpoint(asked: dict[str, Any]) -> CheckpointSettings:
    restore = asked["restore"]
    if restore is not None:
        folder = Path(restore).expanduser().absolute()
        if not folder.is_dir():
            raise UserError(
                f"checkpoint.restore={restore}: no such folder; give one that holds a run or a "
                "checkpoint"
            )
        restore = str(folder)
    return CheckpointSettings(**{**asked, "restore": restore})


def _cache_folder(asked: str | None) -> Path:
    if asked is not None:
        return Path(asked).expanduser().absolute()
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser().absolute() / "distribute-bench"


def _restored(kind: Any, value: Any) -> Any:
    """`value` out of JSON as an instance of `kind` (a dataclass, a tuple, or what JSON knows)."""
    if value is None:
        return None
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        names = [each.name for each in dataclasses.fields(kind)]
        return kind(**{name: _restored(hints[name], value[name]) for name in names})
    if isinstance(kind, types.UnionType):
        inner = next(each for each in typing.get_args(kind) if each is not type(None))
        return _restored(inner, value)
    if typing.get_origin(kind) is tuple:
        return tuple(_restored(typing.get_args(kind)[0], each) for each in value)
    return value
