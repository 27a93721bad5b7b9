"""From the experiment to what one task's loop needs. Imports TensorFlow: tasks only."""

import json
import os
from dataclasses import replace
from pathlib import Path

import tensorflow as tf

from benchmarks.recorder import Recorder
from benchmarks.workloads import load_workload
from input_pipelines import load_source, open_source
from input_pipelines.feed import Feed
from launcher import emulation
from launcher.cluster_plan import DATA_SERVICE, DISPATCHER
from launcher.experiment import Experiment
from results.errors import UserError
from results.run_folder import RunFolder
from strategies.job import TrainingJob
from strategies.placement import Placement


def configure(experiment: Experiment) -> None:
    """What has to be said to TensorFlow before anything else is."""
    if experiment.deterministic:
        tf.keras.utils.set_random_seed(experiment.seed)
        tf.config.experimental.enable_op_determinism()


def serves_only(experiment: Experiment, role: str) -> bool:
    """Whether a task of this role runs nothing but TensorFlow's server."""
    return experiment.strategy.loop == "coordinator" and role != "chief"


def make_feed(experiment: Experiment, task_folder: Path | None = None) -> Feed:
    """The input of the experiment, whose data the preflight has prepared.

    Args:
      task_folder: where `pipeline.cache=disk` keeps its files.
    """
    source = load_source(experiment.source.target, experiment.source.parameters)
    train, test = open_source(source, experiment.source.name, Path(experiment.cache_folder))
    _check_emulated_storage(experiment, bool(train.files))
    cache = None
    if task_folder is not None and experiment.pipeline.cache == "disk":
        cache = str(task_folder / "cache")
        Path(cache).mkdir(parents=True, exist_ok=True)
    return Feed(
        train=train,
        test=test,
        cache_folder=cache,
        workload=load_workload(experiment.workload.target, experiment.workload.parameters),
        pipeline=experiment.pipeline,
        seed=experiment.seed,
        storage=experiment.emulate.storage,
    )


def _check_emulated_storage(experiment: Experiment, from_files: bool) -> None:
    """Raises UserError where nothing that is read could wait."""
    storage = experiment.emulate.storage
    if storage.emulated and not from_files:
        raise UserError(
            f"{storage.typed}: source={experiment.source.name} makes its examples in memory and "
            "reads no files; give a source of files such as jpeg_records, or leave it out"
        )


def data_service() -> dict[str, list[str]]:
    """Addresses of tf.data service by role, as this task was told; nothing where there is none."""
    told: dict[str, list[str]] = json.loads(os.environ.get(DATA_SERVICE, "{}"))
    return told


def placement_of(experiment: Experiment, role: str) -> Placement:
    """The devices of a task of this role."""
    alone = experiment.strategy.topology == "process"
    replicas = experiment.workers if alone else max(1, experiment.gpus_per_task)
    computes = experiment.strategy.loop != "coordinator" or role == "worker"
    return Placement(
        devices=experiment.devices if computes else "cpu",
        replicas=replicas if computes else 1,
        communication=experiment.communication,
        ps_shards=experiment.ps_shards,
    )


def training_job(
    experiment: Experiment,
    folder: RunFolder,
    role: str,
    index: int,
    tasks: tuple[str, ...],
    recorder: Recorder,
) -> TrainingJob:
    """Everything that the loop of one task needs. Called after its strategy is there."""
    feed = replace(
        make_feed(experiment, folder.task_folder(f"{role}-{index}")),
        service=tuple(data_service().get(DISPATCHER, ())),
    )
    return TrainingJob(
        role=role,
        index=index,
        tasks=tasks,
        placement=placement_of(experiment, role),
        devices=experiment.devices,
        replicas=experiment.batch.replicas,
        batch_per_replica=experiment.batch.per_replica,
        batch_total=experiment.batch.total,
        workload=feed.workload,
        feed=feed,
        until=experiment.until,
        loop=experiment.loop,
        evaluate=experiment.evaluate,
        checkpoint=experiment.checkpoint,
        measure=experiment.measure,
        profile=experiment.profile,
        diagnose=experiment.diagnose,
        seed=experiment.seed,
        deterministic=experiment.deterministic,
        asynchronous=experiment.strategy.loop == "coordinator",
        compute_seconds=emulation.compute_seconds(experiment),
        slower=emulation.slower(experiment),
        folder=folder,
        recorder=recorder,
    )
