"""What runs inside the process of a study of the input pipeline; only that one imports it."""

import importlib
import traceback
from pathlib import Path
from typing import Any

from launcher import emulation
from launcher.experiment import Experiment
from launcher.leaving import leaving_when_told
from launcher.light_imports import import_tensorflow
from results.errors import UserError, described
from results.run_folder import RunFolder

STUDY = "study.json"
"""The experiment going in; coming out `error`, which is null where all went well."""


@leaving_when_told()
def main(folder: str, function: str) -> None:
    """Calls `function` ("module:name") with the `Study` of the experiment in `folder`.

    SIGTERM ends it as Ctrl-C would, so that it leaves nothing half-written behind.
    """
    run_folder = RunFolder(Path(folder))
    experiment = Experiment.from_dict(run_folder.read(STUDY)["experiment"])
    found: dict[str, Any] = {"error": None}
    try:
        module, _, name = function.partition(":")
        getattr(importlib.import_module(module), name)(study_of(experiment, Path(folder)))
    except UserError as error:
        found = {"error": str(error)}
    except Exception as error:  # the edge of a process
        traceback.print_exc()
        found = {"error": f"{': '.join(described(error))}; HYDRA_FULL_ERROR=1 shows where"}
    run_folder.write(STUDY, found)


def study_of(experiment: Experiment, folder: Path) -> Any:
    """The study of an experiment; its data is prepared where need be. Imports TensorFlow."""
    import_tensorflow()
    from input_pipelines import load_source, prepare
    from input_pipelines.study import Study
    from launcher.training_job import configure, make_feed

    configure(experiment)
    source = load_source(experiment.source.target, experiment.source.parameters)
    prepare(source, experiment.source.name, Path(experiment.cache_folder))
    limits_mb = (experiment.watch.memory_mb, experiment.emulate.hosts.memory_mb)
    memory_mb = min((limit for limit in limits_mb if limit is not None), default=None)
    return Study(
        feed=make_feed(experiment),
        batch=experiment.batch.per_replica,
        replicas=experiment.batch.replicas,
        ordered=experiment.deterministic,
        rounds=experiment.measure.rounds,
        block_seconds=experiment.measure.block_seconds,
        tune=experiment.tune,
        convert=experiment.convert,
        source=experiment.source.name,
        advice=experiment.measure.advice,
        memory_limit_bytes=None if memory_mb is None else memory_mb * 1_000_000,
        host=emulation.hosts_phrase(experiment),
        folder=folder,
    )
