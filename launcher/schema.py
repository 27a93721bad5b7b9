"""Every key of the command line, with its type, default and meaning.

The one flat schema composes for every strategy, so that a sweep over strategies never fails to
compose; `launcher.experiment` judges what applies. Settings that other rooms read are their own
dataclasses. Those are frozen, which Hydra's nodes can't be: `register` makes open twins of them.
"""

import ast
import dataclasses
import functools
import importlib
import itertools
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from input_pipelines.settings import (
    ConvertSettings,
    PipelineSettings,
    StorageSettings,
    TuneSettings,
)
from strategies.settings import (
    AcceleratorSettings,
    CheckpointSettings,
    EvaluateSettings,
    LoopSettings,
    MeasureSettings,
    ProfileSettings,
    UntilSettings,
)


@dataclass(frozen=True)
class StrategySettings:
    """A file of `conf/strategy/`."""

    name: str
    build: str
    """Dotted name of the function from a placement to a `tf.distribute.Strategy`."""
    loop: str
    """`synchronous` or `coordinator`."""
    topology: str
    """`process`: all replicas in one task. `workers`: a chief and workers. `servers`: a
    coordinator, workers and parameter servers."""
    max_workers: int | None = None
    keys: list[str] = field(default_factory=list)
    """Flat keys that apply to this strategy and not to those that don't list them."""
    needs: str | None = None
    """Hardware without which it can't run: `tpu`."""


@dataclass(frozen=True)
class UsualSettings:
    """What a workload runs with when the command line doesn't say."""

    batch_per_replica: int = 32
    steps: int = 400


@dataclass(frozen=True)
class WorkloadSettings:
    """A file of `conf/workload/`; the `override /source` in it names its usual source."""

    name: str
    _target_: str
    """Dotted name of the function that returns the workload."""
    takes: str = "any"
    """What its examples are: `images`, `clicks`, `text`, …; `any` is checked in preflight."""
    usual: UsualSettings = field(default_factory=UsualSettings)
    parameters: dict[str, Any] = field(default_factory=dict)
    """Keyword arguments of the function."""
    network: bool = False
    """Whether its code talks to other machines, so that its tasks can't be isolated."""


@dataclass(frozen=True)
class SourceSettings:
    """A file of `conf/source/`."""

    name: str
    _target_: str
    gives: str = "any"
    """What its examples are, as in `takes` of a workload."""
    parameters: dict[str, Any] = field(default_factory=dict)
    network: bool = False
    """Whether its code talks to other machines, so that its tasks can't be isolated."""


@dataclass(frozen=True)
class EngineSettings:
    """A file of `conf/engine/`."""

    name: str
    _target_: str
    """Dotted name of the function that makes a `launcher.engines.Engine` of `launch.method` and the
    values of `keys`."""
    job: str | None = None
    """Dotted name of the function that has the whole run done by a job in a queue; `null`: this
    launcher does it."""
    check: str | None = None
    """Dotted name of the function that judges the values of `keys`."""
    elsewhere: bool = False
    """Whether tasks run on other machines than the launcher."""
    keys: list[str] = field(default_factory=list)
    """Keys of `engine` that apply to this one and not to those that don't list them."""
    first_port: int | None = None
    """Tasks listen on this port and those after it; `null` takes free ones."""
    partition: str | None = None
    """The cluster's partition (queue); `null`: its usual one."""
    time: str | None = None
    """Longest time of the job, as `sbatch --time` takes it; `null`: what the partition gives."""
    account: str | None = None
    """Who is charged for the job."""
    cpus_per_task: float | None = None
    """CPUs that are reserved for each task; `null`: what the cluster gives, 1 of Ray's."""
    mem: str | None = None
    """Memory of each node, as `sbatch --mem` takes it: `16G`."""
    constraint: str | None = None
    """Features that the nodes must have."""
    nodes: int | None = None
    """Nodes that the tasks are spread over; `null`: as few or as many as the cluster likes."""
    extra: list[str] = field(default_factory=list)
    """More options for `sbatch`: `[--exclusive,"--qos=long"]`."""
    addresses: Any = None
    """`host:port` of every task, or a pattern with %d for a task's number (`engine=given`)."""
    index: int | None = None
    """Which of `addresses` is this process's own."""
    parameters: dict[str, Any] = field(default_factory=dict)
    """For an engine of your own that lists `parameters` among its keys."""
    address: str | None = None
    """A Ray cluster's `host:port`, or `auto`: the one of this machine; `null` makes a local one."""
    placement: str | None = None
    """How Ray spreads tasks over nodes; `null` is `SPREAD`."""


@dataclass(frozen=True)
class LaunchSettings:
    """How a task's process comes to be."""

    method: str = "fork"
    """`fork` from a warm server that has imported TensorFlow, or `spawn` afresh."""
    pin_cores: bool = True
    """Whether synchronous tasks that share this machine each keep to cores of their own; on
    emulated hosts, to as many as these have."""


@dataclass(frozen=True)
class SweepSettings:
    """How a sweep goes on and ends; one value for all of its runs."""

    hours: float | None = None
    """No run begins that would end later than this, by what earlier ones took."""
    retries: int = 0
    """How often a run that failed is begun again."""
    timeout_minutes: float | None = None
    """A run that takes longer has failed."""
    at_once: int = 1
    """Runs whose jobs wait or run at the same time, with an engine that has a queue."""
    stop_on_failure: bool = False
    """End the sweep at the first run that failed for good."""


@dataclass(frozen=True)
class QuietSettings:
    """Whether the machine has its hands free when a run begins."""

    seconds: float = 2.0
    """Longest wait for other work on this machine to end; after it the run is marked."""


@dataclass(frozen=True)
class WatchSettings:
    """When the tasks of a run are taken for lost."""

    stall_seconds: float = 60.0
    """Seconds without any progress, of all tasks or of one, after which a run is ended."""
    start_seconds: float = 600.0
    """Seconds that tasks may take to their first step; preparation is not part of them."""
    grace_seconds: float = 30.0
    """Seconds that a task has to leave when it is told to; then it is killed."""
    memory_mb: int | None = None
    """Resident memory above which a task is ended, and named."""


@dataclass(frozen=True)
class NetworkSettings:
    """Each task on an emulated host of its own, and how these are connected."""

    mbit_per_second: float | None = None
    """What each task's own emulated host sends, and receives, in a second (10^6 bits)."""
    latency_ms: float | None = None
    """Refused: only bandwidth is emulated."""


@dataclass(frozen=True)
class HostSettings:
    """Each task on an emulated host of its own, smaller than this machine."""

    cores: float | None = None
    """CPU seconds that each task's own emulated host has in a second."""
    memory_mb: int | None = None
    """Memory that each task's own emulated host has (10^6 bytes)."""

    @property
    def emulated(self) -> bool:
        """Whether a task has less than this machine."""
        return self.cores is not None or self.memory_mb is not None


@dataclass(frozen=True)
class EmulateSettings:
    """What the machine lacks, emulated; labelled wherever its figures appear."""

    storage: StorageSettings = field(default_factory=StorageSettings)
    accelerator: AcceleratorSettings = field(default_factory=AcceleratorSettings)
    straggler: Any = None
    """How many times as long a task computes, `{worker-1: 1.5}`; on the CPU."""
    hosts: HostSettings = field(default_factory=HostSettings)
    network: NetworkSettings = field(default_factory=NetworkSettings)


@dataclass(frozen=True)
class BatchSettings:
    """One of the two is given, the other follows."""

    per_replica: int | None = None
    """Examples that one replica takes in a step."""
    total: int | None = None
    """Examples that all replicas together take in a step."""


@dataclass(frozen=True)
class Settings:
    """The whole configuration, before anything in it is resolved."""

    strategy: StrategySettings
    """How the model is computed in several places at once."""
    workload: WorkloadSettings
    """What is trained: model, loss, optimizer, quality; your own: `workload._target_=pkg.f`."""
    engine: EngineSettings
    """What starts the tasks."""
    source: SourceSettings | None = None
    """Where examples come from; a workload has its usual one."""
    experiment: str | None = None
    """A ready study."""
    workers: int = 1
    """How many times the model is computed at once."""
    ps: int = 1
    """Parameter servers."""
    ps_shards: int | None = None
    """Parts that large variables are cut into over the parameter servers (keras=2)."""
    communication: str = "auto"
    """How gradients travel between tasks: `auto`, `ring` or `nccl`."""
    devices: str = "auto"
    """`cpu`, `gpu`, or `auto`: GPUs where there are enough."""
    gpus_per_task: int | None = None
    """GPUs of each task that computes; `null`: one for each replica."""
    batch: BatchSettings = field(default_factory=BatchSettings)
    pipeline: PipelineSettings = field(default_factory=PipelineSettings)
    until: UntilSettings = field(default_factory=UntilSettings)
    emulate: EmulateSettings = field(default_factory=EmulateSettings)
    diagnose: bool = False
    """Find out after training which resource holds it back, and what to do about it."""
    tune: TuneSettings = field(default_factory=TuneSettings)
    convert: ConvertSettings = field(default_factory=ConvertSettings)
    evaluate: EvaluateSettings = field(default_factory=EvaluateSettings)
    checkpoint: CheckpointSettings = field(default_factory=CheckpointSettings)
    measure: MeasureSettings = field(default_factory=MeasureSettings)
    profile: ProfileSettings = field(default_factory=ProfileSettings)
    loop: LoopSettings = field(default_factory=LoopSettings)
    launch: LaunchSettings = field(default_factory=LaunchSettings)
    watch: WatchSettings = field(default_factory=WatchSettings)
    restarts: int = 0
    """Failures after which a run goes on from its newest checkpoint."""
    isolation: str = "auto"
    """`namespace`: nobody outside reaches the tasks; `none`; `auto`: isolated where it can be."""
    keras: int = 3
    """`3`, or `2` (tf_keras) for what only that one can do."""
    seed: int = 0
    """Everything random comes from it."""
    deterministic: bool = False
    """Ask TensorFlow for bitwise repeats."""
    repeat: int = 1
    """Runs of each configuration of a sweep; rounds are interleaved, shuffled by the seed."""
    resume: str | None = None
    """Folder of a sweep to go on with where it stopped; nothing else need be given."""
    attach: str | None = None
    """Folder of a run that a job in a queue does: follow it to its end; nothing else is given."""
    resume_anyway: bool = False
    """Go on with a sweep although its configuration, the machine or versions have changed."""
    sweep: SweepSettings = field(default_factory=SweepSettings)
    quiet: QuietSettings = field(default_factory=QuietSettings)
    wait: bool = False
    """Queue behind another measurement on this machine instead of refusing to start."""
    cache_folder: str | None = None
    """Where prepared data lies; `null`: distribute-bench in the user's cache folder."""
    report: bool = True
    """Write report.html when the run has ended."""
    dry_run: bool = False
    """Print the plan and every TF_CONFIG, start nothing."""


def register() -> None:
    """Makes the schema known to Hydra under the name `schema`."""
    from hydra.core.config_store import ConfigStore

    ConfigStore.instance().store("schema", node=_open_twin(Settings))


def known_keys(settings: type = Settings, prefix: str = "") -> dict[str, tuple[Any, str]]:
    """Every key that a person may give: its default and its meaning, in the schema's order.

    What files of groups hold (`strategy.build`, …) is left out, but for what is set often.
    """
    found: dict[str, tuple[Any, str]] = {}
    meanings, hints = _field_docs(settings), typing.get_type_hints(settings)
    for each in dataclasses.fields(settings):
        meaning = meanings.get(each.name, "")
        factory = each.default_factory
        if factory is dataclasses.MISSING:
            usual = None if each.default is dataclasses.MISSING else each.default
            found[prefix + each.name] = (usual, meaning)
        elif dataclasses.is_dataclass(hints[each.name]):
            found |= known_keys(hints[each.name], f"{prefix}{each.name}.")
        else:
            found[prefix + each.name] = (factory(), meaning)
    return found


def _open_twin(settings: type) -> type:
    """The same dataclass, not frozen, its required fields mandatory for OmegaConf."""
    hints = typing.get_type_hints(settings)
    fields = []
    for each in dataclasses.fields(settings):
        kind, default = hints[each.name], each.default
        twin = {part: _open_twin(part) for part in _dataclasses_in(kind)}
        for closed, opened in twin.items():
            kind = opened if kind is closed else opened | None
        if each.default_factory is not dataclasses.MISSING:
            factory: Any = twin.get(hints[each.name], each.default_factory)
            fields.append((each.name, kind, field(default_factory=factory)))
        else:
            missing = default is dataclasses.MISSING
            fields.append((each.name, kind, field(default="???" if missing else default)))
    return dataclasses.make_dataclass(settings.__name__, fields)


def _dataclasses_in(kind: Any) -> list[type]:
    kinds = (kind, *typing.get_args(kind))
    return [each for each in kinds if isinstance(each, type) and dataclasses.is_dataclass(each)]


@functools.cache
def _field_docs(settings: type) -> dict[str, str]:
    """The string under each field of a dataclass, on one line."""
    module = importlib.import_module(settings.__module__)
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    body = next(
        node.body
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == settings.__name__
    )
    docs = {}
    for node, after in itertools.pairwise(body):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            text = _string(after)
            if text is not None:
                docs[node.target.id] = " ".join(text.split())
    return docs


def _string(node: ast.stmt) -> str | None:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return node.value.value if isinstance(node.value.value, str) else None
    return None
