"""Before any cluster starts: the data is prepared, the workload is called once, shapes are met.

`prepare_and_check` runs in one task process of its own; only it imports TensorFlow. What it found
it leaves in `preflight.json` of the run folder.
"""

import traceback
from pathlib import Path
from typing import Any

from launcher import memory
from launcher.experiment import Experiment
from launcher.light_imports import import_tensorflow
from results.errors import UserError, described
from results.run_folder import RunFolder

PREFLIGHT = "preflight.json"
"""The experiment going in (`experiment`), what was found coming out (`error`, seconds)."""


def prepare_and_check(run_folder: str) -> None:
    """Entry point of the preflight process: writes the error a person can mend, or none."""
    folder = RunFolder(Path(run_folder))
    experiment = Experiment.from_dict(folder.read(PREFLIGHT)["experiment"])
    found: dict[str, Any]
    try:
        found = {"error": None, **_found(experiment)}
    except UserError as error:
        found = {"error": str(error)}
    except Exception as error:
        traceback.print_exc()
        found = {
            "error": f"workload={experiment.workload.name}: the preflight met "
            f"{': '.join(described(error))}; HYDRA_FULL_ERROR=1 shows where"
        }
    folder.write(PREFLIGHT, found)


def _found(experiment: Experiment) -> dict[str, Any]:
    import_tensorflow()
    from benchmarks.resources import anonymous_bytes
    from benchmarks.workloads import load_workload
    from benchmarks.workloads.check import check
    from input_pipelines import load_source, prepare
    from launcher.training_job import configure, make_feed, placement_of
    from strategies import checkpoint_folder, checkpoints
    from strategies.devices import prepare_devices
    from strategies.model import build_training

    load_workload(experiment.workload.target, experiment.workload.parameters)
    configure(experiment)
    prepare_devices(placement_of(experiment, "chief"))
    source = load_source(experiment.source.target, experiment.source.parameters)
    prepared = prepare(source, experiment.source.name, Path(experiment.cache_folder))
    if experiment.strategy.needs == "tpu":
        from strategies import tpu

        tpu.build(placement_of(experiment, "chief"))
    feed = make_feed(experiment)
    check(feed.workload, feed, experiment.batch.per_replica)
    if experiment.checkpoint.restore is not None:
        path, _, _ = checkpoint_folder.find(experiment.checkpoint.restore)
        training = build_training(feed.workload, experiment.loop, experiment.seed)
        checkpoints.restore_state(path, training)
    return {
        "preparation_seconds": prepared.seconds,
        "prepared": prepared.made,
        "train_examples": feed.train.examples,
        "test_examples": feed.test.examples,
        "task_bytes": memory.own_bytes(),
        "anonymous_bytes": anonymous_bytes(),
        "replica_needs": _replica_needs(experiment, feed),
        "matmul_flops_per_second": _peak(experiment),
    }


def _replica_needs(experiment: Experiment, feed: Any) -> dict[str, int] | None:
    """Fields of `memory.ReplicaNeeds`; None where they are compared with nothing."""
    if experiment.emulate.accelerator.memory_mb is None:
        return None
    from strategies.model import build_training
    from strategies.step_memory import step_memory

    parts, examples = experiment.loop.accumulate, experiment.batch.per_replica
    training = build_training(feed.workload, experiment.loop, experiment.seed)
    batch = feed.first_batch(examples)
    whole, least = (
        step_memory(training, feed.workload, batch, examples=count, parts=parts)
        for count in (examples, parts)
    )
    return {
        "state_bytes": whole.variable_bytes + whole.optimizer_bytes,
        "gradient_bytes": whole.gradient_bytes,
        "batch_bytes": whole.batch_bytes + whole.activation_bytes,
        "least_batch_bytes": least.batch_bytes + least.activation_bytes,
    }


def _peak(experiment: Experiment) -> float | None:
    """None where the model isn't computed by this machine's cores, or by a share of them."""
    emulate = experiment.emulate
    if experiment.devices != "cpu" or emulate.accelerator.emulated:
        return None
    if emulate.hosts.cores is not None:
        return None
    from strategies.matmul_peak import matmul_flops_per_second

    return matmul_flops_per_second()
