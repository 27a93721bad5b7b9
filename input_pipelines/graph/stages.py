"""The stages of a dataset's graph: their names, and what each of them is set to."""

import itertools
import re
from collections.abc import Mapping, Set
from dataclasses import dataclass

import tensorflow as tf
from tensorflow.core.framework import graph_pb2, node_def_pb2

from input_pipelines.graph.nodes import (
    RETURNED,
    constant_argument,
    given_name,
    node_name,
)
from input_pipelines.graph.randomness import why_random

_DATASET = re.compile(r"(?P<kind>\w*?)Dataset(V\d+)?")
_STRING_SOURCES = {"tf_record", "text_line", "fixed_length_record", "matching_files"}
"""Kinds whose operation has no attribute that says what they give: strings, one at a time."""
_BUFFERS = {"shuffle", "shuffle_and_repeat", "prefetch"}
_DROPPING = {"filter", "parallel_filter", "take_while", "unique"}


@dataclass(frozen=True)
class Stage:
    """One dataset of a pipeline, as written."""

    name: str
    """Unique; the `name=` it was given, or one made from its operation (`map`, `map_2`)."""
    op: str
    """TensorFlow's operation, `ParallelMapDatasetV2`."""
    node: str
    """Its name in the GraphDef."""
    inputs: tuple[str, ...]
    """Names of the stages that feed it, in the operation's order; none for a source."""
    parallelism: int | None
    """Calls at once; -1 is left to AUTOTUNE, None is one after the other."""
    buffer_size: int | None
    """Elements that a shuffle or prefetch holds; -1 is left to AUTOTUNE, None for other stages."""
    batch_size: int | None
    """Elements that become one; None for other stages."""
    cache_file: str | None
    """Where a cache keeps elements: in files that begin so, or in memory (""); None for others."""
    random: str | None
    """One phrase why its elements or their order may differ from one pass to the next."""
    shuffle: bool
    """Whether it changes the order, and nothing but the order."""
    reshuffles: bool
    """Whether it does so anew in each pass."""
    drops: bool
    """Whether it leaves out elements by what is in them (a filter)."""
    repeats: bool

    @property
    def kind(self) -> str:
        """The operation in small letters, the same for a serial and a parallel one: `map`."""
        return kind_of(self.op).removeprefix("parallel_")


def kind_of(op: str) -> str:
    """`ParallelMapDatasetV2` → `parallel_map`."""
    match = _DATASET.fullmatch(op)
    assert match is not None, op
    kind = match["kind"].removeprefix("Experimental")
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", kind).lower()


def is_dataset(node: node_def_pb2.NodeDef) -> bool:
    """Whether a node is a dataset."""
    return _DATASET.fullmatch(node.op) is not None


def output_of(graph: graph_pb2.GraphDef) -> str:
    """The node that the graph's result comes from."""
    returned = next(node for node in graph.node if node.op == RETURNED)
    return node_name(returned.input[0])


def dataset_nodes(graph: graph_pb2.GraphDef) -> list[node_def_pb2.NodeDef]:
    """The datasets that the result flows through, in the order of flow."""
    by_name = {node.name: node for node in graph.node}
    order: dict[str, node_def_pb2.NodeDef] = {}
    waiting = [(output_of(graph), False)]
    while waiting:
        name, inputs_done = waiting.pop()
        if name in order:
            continue
        if inputs_done:
            order[name] = by_name[name]
            continue
        waiting.append((name, True))
        waiting += [(source, False) for source in reversed(_sources(by_name, by_name[name]))]
    return list(order.values())


def stages_of(graph: graph_pb2.GraphDef) -> tuple[Stage, ...]:
    """All stages of a graph whose datasets have unique names, in the order of flow."""
    by_name = {node.name: node for node in graph.node}
    return tuple(
        _stage(graph, node, tuple(given_name(by_name[s]) for s in _sources(by_name, node)))
        for node in dataset_nodes(graph)
    )


def unique_names(graph: graph_pb2.GraphDef) -> dict[str, str]:
    """A name for each of the datasets by that of its node, in the order of flow.

    A given name is kept, the second of the same name gets a 2.
    """
    names: dict[str, str] = {}
    for node in dataset_nodes(graph):
        name = given_name(node)
        if not name or re.fullmatch(rf"{node.op}:\d+", name):
            name = kind_of(node.op)
        names[node.name] = unlike(name, set(names.values()))
    return names


def unlike(name: str, taken: Set[str]) -> str:
    """The name, with the first number behind it that makes it another than all that are taken."""
    numbered = (f"{name}_{number}" for number in itertools.count(2))
    return next(each for each in itertools.chain([name], numbered) if each not in taken)


def specs_of(node: node_def_pb2.NodeDef) -> tuple[tf.TensorSpec, ...]:
    """Type and shape of each component of a dataset's elements, flat."""
    if kind_of(node.op) in _STRING_SOURCES:
        return (tf.TensorSpec([], tf.string),)
    types = node.attr["Toutput_types" if "Toutput_types" in node.attr else "output_types"]
    shapes = node.attr["output_shapes"].list.shape
    return tuple(
        tf.TensorSpec(tf.TensorShape(shape), tf.dtypes.as_dtype(dtype))
        for shape, dtype in zip(shapes, types.list.type, strict=True)
    )


def _stage(graph: graph_pb2.GraphDef, node: node_def_pb2.NodeDef, inputs: tuple[str, ...]) -> Stage:
    kind = kind_of(node.op)
    shuffle = "shuffle" in kind
    reshuffles = shuffle and node.attr["reshuffle_each_iteration"].b
    random = why_random(graph, node)
    if shuffle:
        random = f"shuffles, {'anew in each' if reshuffles else 'the same way in every'} pass"
    return Stage(
        name=given_name(node),
        op=node.op,
        node=node.name,
        inputs=inputs,
        parallelism=constant_argument(graph, node, "num_parallel_calls"),
        buffer_size=constant_argument(graph, node, "buffer_size") if kind in _BUFFERS else None,
        batch_size=constant_argument(graph, node, "batch_size"),
        cache_file=_text(constant_argument(graph, node, "filename")) if kind == "cache" else None,
        random=random,
        shuffle=shuffle,
        reshuffles=reshuffles,
        drops=kind in _DROPPING,
        repeats=kind == "repeat",
    )


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


def _sources(nodes: Mapping[str, node_def_pb2.NodeDef], node: node_def_pb2.NodeDef) -> list[str]:
    """The datasets that feed a node, among the nodes by name."""
    names = [node_name(reference) for reference in node.input if not reference.startswith("^")]
    return [name for name in names if is_dataset(nodes[name])]
