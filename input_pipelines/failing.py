"""A pipeline that raises, told in a line: whose it is, at which stage, and what was raised.

Runs in tasks only.
"""

import time

import tensorflow as tf

from input_pipelines.graph import DatasetGraph
from input_pipelines.own_stages import our_stages
from results.errors import UserError, described

_LONGEST_SECONDS = 10.0
"""For which its beginnings are gone through again, in search of the stage."""


def failure(what: str, dataset: tf.data.Dataset, error: tf.errors.OpError) -> UserError:
    """The line about a dataset that raised `error` somewhere on its way.

    Args:
      what: the key and its value that the dataset comes from.
    """
    name, message = described(error)
    stage = stage_that_raises(dataset)
    where = f"its stage {stage}" if stage else "it"
    return UserError(f"{what}: {where} raised {name}: {message}")


def stage_that_raises(dataset: tf.data.Dataset, elements: int = -1) -> str | None:
    """The first stage whose elements can't all be taken, or the first `elements` of them.

    None where it isn't found in a few seconds: only a stage is named before which all others gave
    everything that they were asked for.
    """
    graph = DatasetGraph.of(dataset)
    ours = our_stages(graph.stages)
    give_up = time.perf_counter() + _LONGEST_SECONDS
    for stage in graph.stages:
        if stage.name in ours:
            continue
        try:
            for _ in graph.up_to(stage.name).take(elements):
                if time.perf_counter() > give_up:
                    return None
        except tf.errors.OpError:
            return stage.name
    return None
