"""Where a cache may lie in a pipeline, and putting it there."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import tensorflow as tf
from tensorflow.core.framework import graph_pb2

from input_pipelines.graph.inserting import insert_after
from input_pipelines.graph.nodes import add_node, copy_of, find
from input_pipelines.graph.stages import Stage

if TYPE_CHECKING:
    from input_pipelines.graph.dataset_graph import DatasetGraph

_MADE_IN_MEMORY = {"tensor", "tensor_slice", "range"}
"""Sources that give what is in memory already: a cache right behind them gains nothing."""
_NOT_BEHIND = {"prefetch", "cache"}
"""A cache belongs before the prefetch, and not behind another one."""


@dataclass(frozen=True)
class CachePlace:
    """The latest place for a cache, or why there is none."""

    after: Stage | None
    reason: str
    """What comes behind that a cache must not lie behind; without a place, why there is none."""


def cache_place(graph: "DatasetGraph") -> CachePlace:
    """The latest stage behind which a second epoch is sure to be what the first was.

    Nothing random or stateful may lie before it, no shuffle that shuffles anew, no repeat, and it
    must end. What a Python function gives can't be known: it counts as random. Where a shuffle is
    in the way, `DatasetGraph.with_shuffles_late` may make room for a later place.
    """
    changing: dict[str, str] = {}
    obstacles: list[str] = []
    place = None
    for stage in graph.stages:
        own = _why_changing(stage)
        reason = next((changing[name] for name in stage.inputs if name in changing), own)
        if reason is not None:
            changing[stage.name] = reason
        elif stage.inputs and _never_ends(graph, stage):
            reason = f"{stage.name} never ends"
        if reason is not None:
            obstacles.append(reason)
        elif stage.kind not in _NOT_BEHIND and (stage.inputs or stage.kind not in _MADE_IN_MEMORY):
            place, obstacles = stage, []
    nothing = "all of it is in memory already" if place is None else "nothing behind it changes"
    return CachePlace(place, obstacles[0] if obstacles else nothing)


def with_cache(graph: graph_pb2.GraphDef, after: Stage, file: str) -> graph_pb2.GraphDef:
    """See `DatasetGraph.with_cache`."""
    changed = copy_of(graph)
    filename = add_node(changed, "Const")
    filename.attr["dtype"].type = tf.string.as_datatype_enum
    filename.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(file, tf.string))
    memory = add_node(changed, "DummyMemoryCache")
    node = find(changed, after.node)
    insert_after(changed, node, "CacheDatasetV2", [filename.name, memory.name])
    return changed


def _why_changing(stage: Stage) -> str | None:
    if stage.repeats:
        return f"{stage.name} repeats"
    if stage.random is None or (stage.shuffle and not stage.reshuffles):
        return None
    return f"{stage.name} {stage.random}"


def _never_ends(graph: "DatasetGraph", stage: Stage) -> bool:
    never: bool = graph.up_to(stage.name).cardinality() == tf.data.INFINITE_CARDINALITY
    return never
