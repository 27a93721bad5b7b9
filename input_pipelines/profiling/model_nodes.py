"""What tf.data knows of a running iterator, told for the stages that were written.

`tf.data.experimental.get_model_proto` shows a tree of nodes named by their operation, of the graph
that runs: written stages are fused (map and batch, shuffle and repeat), stages that nobody wrote
are put in. Both trees are walked from the end; where they part, everything before stays unknown.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import model_pb2

from input_pipelines.graph import Stage

_VERSION = re.compile(r"(Dataset)?(V\d+)?$")
_FUSED = {
    "MapAndBatch": ("batch", "map"),
    "ShuffleAndRepeat": ("repeat", "shuffle"),
}
"""Operations that stand for two stages: the later one, and the one before it."""
_NAMES = {
    "ForeverRepeat": "repeat",
    "FiniteRepeat": "repeat",
    "EmptyRepeat": "repeat",
    "FiniteTake": "take",
    "EmptyTake": "take",
    "FiniteSkip": "skip",
    "EmptySkip": "skip",
    "MemoryCache": "cache",
    "FileCache": "cache",
}
_PUT_IN = {"Root", "Model", "Prefetch", "MaxIntraOpParallelism", "PrivateThreadPool", "Options"}
"""Operations that tf.data adds at the end of a pipeline by itself."""
_CACHE_KEEPER = "MemoryCacheImpl"
"""The node before a cache's own that holds the elements."""
_PARALLELISM, _BUFFER = "parallelism", "buffer_size"


@dataclass(frozen=True)
class Running:
    """One stage while the pipeline runs; None is what the model doesn't tell."""

    parallelism: float | None = None
    buffer_size: float | None = None
    """Elements that the buffer may hold now."""
    buffered_elements: float | None = None
    buffered_bytes: float | None = None
    bytes_in: float | None = None
    """Per element that the stage gives."""
    bytes_out: float | None = None
    elements: int | None = None
    """Given since its iterator began, which is anew in each epoch before a `repeat`."""


def snapshot(iterator: tf.data.Iterator) -> model_pb2.ModelProto | None:
    """The model of an iterator now, in 40 µs; None where it has none (AUTOTUNE is off)."""
    try:
        return tf.data.experimental.get_model_proto(iterator)
    except (tf.errors.NotFoundError, tf.errors.UnimplementedError):
        return None


def buffered_bytes(iterators: Iterable[tf.data.Iterator]) -> int | None:
    """What their stages hold now, in buffers and caches in memory, by tf.data's own count; None
    where one of them has no model. Tensors that a source holds as well are counted too."""
    held = 0
    for iterator in iterators:
        model = snapshot(iterator)
        if model is None:
            return None
        held += sum(node.buffered_bytes for node in model.nodes.values())
    return held


def running_stages(
    stages: Sequence[Stage], model: model_pb2.ModelProto | None
) -> dict[str, Running]:
    """Those of the stages that can be told in the model, by name.

    `stages` are in the order of flow.
    """
    found: dict[str, Running] = {}
    if model is not None and model.nodes:
        by_name = {stage.name: stage for stage in stages}
        _match(stages[-1], model.output, by_name, model, found)
    return found


def _match(
    stage: Stage,
    node_id: int,
    stages: Mapping[str, Stage],
    model: model_pb2.ModelProto,
    found: dict[str, Running],
) -> None:
    """Goes on from a stage and a node that stand at the same place of their trees."""
    node = model.nodes[node_id]
    inputs = [stages[name] for name in stage.inputs]
    fused = _FUSED.get(node.name)
    if fused is not None and inputs and (stage.kind, inputs[0].kind) == fused:
        found[stage.name], found[inputs[0].name] = _told_apart(node, stage.batch_size)
        inputs = [stages[name] for name in inputs[0].inputs]
    elif _kind(node.name) == stage.kind:
        found[stage.name] = _running(node, _keeper(node, model))
    elif node.name in _PUT_IN and len(node.inputs):
        _match(stage, node.inputs[0], stages, model, found)
        return
    elif stage.kind == "prefetch" and inputs:  # one of no elements is taken out
        _match(inputs[0], node_id, stages, model, found)
        return
    else:
        return
    for before, its_node in zip(inputs, node.inputs, strict=False):
        _match(before, its_node, stages, model, found)


def _kind(name: str) -> str:
    """As `Stage.kind`, of the name of a node."""
    if name in _NAMES:
        return _NAMES[name]
    plain = _VERSION.sub("", name).removeprefix("Parallel")
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", plain).lower()


def _keeper(node: Any, model: model_pb2.ModelProto) -> Any:
    """The node that holds what a stage keeps."""
    first = model.nodes[node.inputs[0]] if len(node.inputs) else None
    return first if first is not None and first.name == _CACHE_KEEPER else node


def _told_apart(node: Any, batch_size: int | None) -> tuple[Running, Running]:
    """What of a fused node belongs to the later and to the earlier of its two stages: batch and
    map, or where there is no batch size repeat and shuffle."""
    whole = _running(node, node)
    if batch_size is None:
        later = Running(bytes_in=whole.bytes_out, bytes_out=whole.bytes_out)
        return later, Running(
            buffered_elements=whole.buffered_elements,
            buffered_bytes=whole.buffered_bytes,
            bytes_in=whole.bytes_out,
            bytes_out=whole.bytes_out,
        )
    later = Running(
        buffered_elements=whole.buffered_elements,
        buffered_bytes=whole.buffered_bytes,
        bytes_in=whole.bytes_out,
        bytes_out=whole.bytes_out,
        elements=whole.elements,
    )
    return later, Running(
        parallelism=whole.parallelism,
        bytes_in=_divided(whole.bytes_in, batch_size),
        bytes_out=_divided(whole.bytes_out, batch_size),
    )


def _running(node: Any, keeper: Any) -> Running:
    parameters = {each.name: each.state_value or each.value for each in node.parameters}
    given = node.num_elements
    return Running(
        parallelism=parameters.get(_PARALLELISM),
        buffer_size=parameters.get(_BUFFER),
        buffered_elements=float(keeper.buffered_elements),
        buffered_bytes=float(keeper.buffered_bytes),
        bytes_in=node.bytes_consumed / given if given else None,
        bytes_out=node.bytes_produced / given if given else None,
        elements=given,
    )


def _divided(value: float | None, by: int) -> float | None:
    return None if value is None else value / by
