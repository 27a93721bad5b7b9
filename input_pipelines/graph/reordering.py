"""Stages in another order that gives the same elements: maps change places with what is by them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import tensorflow as tf

from input_pipelines.graph.inserting import set_specs
from input_pipelines.graph.nodes import copy_of, find, redirect
from input_pipelines.graph.stages import Stage, specs_of
from input_pipelines.graph.vectorizing import NotVectorizable, vectorized

if TYPE_CHECKING:
    from input_pipelines.graph.dataset_graph import DatasetGraph


@dataclass(frozen=True)
class Rewrite:
    """What came of an attempt to change a pipeline."""

    graph: "DatasetGraph"
    """The one given, where nothing could be moved."""
    moved: tuple[str, ...]
    """Names of the maps that lie on the other side now."""
    reason: str | None
    """Why not one more could be moved; None where all could."""


def with_shuffle_before(graph: "DatasetGraph", stage: Stage) -> Rewrite:
    """See `DatasetGraph.with_shuffle_before`."""
    maps = [stage]
    while (following := _reader(graph, maps[-1])) is not None and not following.shuffle:
        maps.append(following)
    if following is None:
        return Rewrite(graph, (), f"no shuffle lies behind {stage.name}")
    return _exchange(graph, maps, following, shuffle_first=True)


def with_shuffle_after(graph: "DatasetGraph", stage: Stage) -> Rewrite:
    """See `DatasetGraph.with_shuffle_after`."""
    maps = [stage]
    while (before := _only_input(graph, maps[0])) is not None and not before.shuffle:
        maps.insert(0, before)
    if before is None:
        return Rewrite(graph, (), f"no shuffle lies before {stage.name}")
    return _exchange(graph, maps, before, shuffle_first=False)


def with_shuffles_late(graph: "DatasetGraph") -> Rewrite:
    """See `DatasetGraph.with_shuffles_late`."""
    moved: list[str] = []
    for shuffle in [stage for stage in graph.stages if stage.shuffle]:
        maps = []
        reader = _reader(graph, shuffle)
        while reader is not None and _why_not_pure(reader) is None:
            maps.append(reader)
            reader = _reader(graph, reader)
        if maps:
            graph = with_shuffle_after(graph, maps[-1]).graph
            moved += [stage.name for stage in maps]
    return Rewrite(graph, tuple(moved), None if moved else "no pure map follows a shuffle")


def with_batch_before_map(graph: "DatasetGraph") -> Rewrite:
    """See `DatasetGraph.with_batch_before_map`."""
    batches = [stage.name for stage in graph.stages if stage.kind == "batch"]
    if not batches:
        return Rewrite(graph, (), "no stage makes batches")
    moved: list[str] = []
    while True:
        batch = graph.stage(batches[0])
        before = _only_input(graph, batch)
        if before is None or before.kind != "map":
            name = "it" if before is None else before.name
            reason = None if moved else f"{batch.name} follows {name}, which is no map"
            return Rewrite(graph, tuple(moved), reason)
        reason = _why_not_pure(before)
        if reason is None:
            try:
                graph = _batch_first(graph, before, batch)
            except NotVectorizable as error:
                reason = f"{before.name} {error}"
        if reason is not None:
            return Rewrite(graph, tuple(moved), reason)
        moved.append(before.name)


def _exchange(
    graph: "DatasetGraph", maps: list[Stage], shuffle: Stage, shuffle_first: bool
) -> Rewrite:
    """The shuffle on the other side of the maps that lie in a row beside it."""
    reason = next((reason for stage in maps if (reason := _why_not_pure(stage))), None)
    if reason is not None:
        return Rewrite(graph, (), reason)
    changed = copy_of(graph.definition)
    first, last = find(changed, maps[0].node), find(changed, maps[-1].node)
    moving = find(changed, shuffle.node)
    if shuffle_first:
        redirect(changed, moving.name, last.name)
        moving.input[0], first.input[0] = first.input[0], moving.name
    else:
        redirect(changed, last.name, moving.name)
        first.input[0], moving.input[0] = moving.input[0], last.name
    set_specs(moving, specs_of(find(changed, moving.input[0])))
    return Rewrite(graph.with_definition(changed), tuple(stage.name for stage in maps), None)


def _batch_first(graph: "DatasetGraph", stage: Stage, batch: Stage) -> "DatasetGraph":
    changed = copy_of(graph.definition)
    mapping, batching = find(changed, stage.node), find(changed, batch.node)
    after = specs_of(batching)
    size = after[0].shape[0] if after[0].shape.rank else None
    before = specs_of(find(changed, mapping.input[0]))
    batches = tuple(
        tf.TensorSpec(tf.TensorShape([size]).concatenate(spec.shape), spec.dtype) for spec in before
    )
    function = vectorized(changed, mapping, batches, after)
    redirect(changed, batching.name, mapping.name)
    batching.input[0], mapping.input[0] = mapping.input[0], batching.name
    set_specs(batching, batches)
    set_specs(mapping, after)
    mapping.attr["f"].func.name = function
    return graph.with_definition(changed)


def _why_not_pure(stage: Stage) -> str | None:
    if stage.kind != "map":
        return f"{stage.name} is a {stage.kind}: it lies between, and no map"
    if stage.random is not None:
        return f"{stage.name} {stage.random}: another order would give other elements"
    return None


def _only_input(graph: "DatasetGraph", stage: Stage) -> Stage | None:
    return graph.stage(stage.inputs[0]) if len(stage.inputs) == 1 else None


def _reader(graph: "DatasetGraph", stage: Stage) -> Stage | None:
    """The stage that reads from another: one at most, since TensorFlow writes a dataset that is
    used twice down twice."""
    return next((each for each in graph.stages if stage.name in each.inputs), None)
