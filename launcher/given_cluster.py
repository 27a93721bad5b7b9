"""Where `engine=given` puts this process, and what a run of processes that somebody else started
can't do."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from launcher.cluster_plan import training_names
from launcher.engines.given import GIVEN, KEPT_TF_CONFIG, TF_CONFIG
from launcher.engines.given.cluster import GivenCluster, check_fits, from_addresses, from_tf_config
from launcher.errors import NotApplicable
from results.errors import UserError

if TYPE_CHECKING:
    from launcher.experiment import Experiment


def given_cluster(experiment: "Experiment", asked: Mapping[str, Any]) -> GivenCluster | None:
    """The task of the experiment's cluster that this process is; None where its launcher starts all
    of them.

    Args:
      asked: the engine's keys.

    Raises:
      NotApplicable: the experiment asks for what can't be there.
      UserError: nothing says which task it is, or the cluster isn't the experiment's.
    """
    if experiment.engine.name != GIVEN:
        return None
    _check_applicable(experiment)
    tasks = training_names(experiment)
    told = os.environ.get(KEPT_TF_CONFIG)
    if asked["addresses"] is not None:
        if told is not None:
            raise UserError(
                f"engine.addresses={asked['addresses']}: {TF_CONFIG} is set as well; leave one of "
                "them out"
            )
        return from_addresses(asked["addresses"], asked["index"], tasks)
    if asked["index"] is not None:
        raise UserError(
            f"engine.index={asked['index']}: it numbers the processes of engine.addresses; give "
            "those as well, or leave it out"
        )
    if told is None:
        raise UserError(
            f"engine=given: {TF_CONFIG} isn't set, so nothing says which task this process is; set "
            "it, or give engine.addresses and engine.index"
        )
    cluster = from_tf_config(told)
    servers = f" ps={experiment.ps}" if experiment.ps else ""
    words = f"strategy={experiment.strategy.name} workers={experiment.workers}{servers}"
    check_fits(cluster, tasks, words)
    return cluster


def _check_applicable(experiment: "Experiment") -> None:
    impossible = {
        f"engine.first_port={experiment.engine.first_port}": (
            experiment.engine.first_port is not None,
            "the addresses of its tasks are given",
        ),
        f"pipeline.service.workers={experiment.pipeline.service.workers}": (
            experiment.pipeline.service.workers > 0,
            "each process is one of the tasks that train, and none is left to serve data",
        ),
    }
    for key, (given, why) in impossible.items():
        if given:
            raise NotApplicable(f"{key}: with engine=given {why}; leave it out")
