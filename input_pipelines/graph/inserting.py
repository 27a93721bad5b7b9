"""Putting a dataset between two others of a graph."""

import tensorflow as tf
from tensorflow.core.framework import graph_pb2, node_def_pb2

from input_pipelines.graph.nodes import add_node, give_name, given_name, redirect
from input_pipelines.graph.stages import dataset_nodes, kind_of, specs_of, unlike


def insert_after(
    graph: graph_pb2.GraphDef, node: node_def_pb2.NodeDef, op: str, others: list[str]
) -> None:
    """Puts a dataset that gives the same kind of elements between a node and what reads from it.

    `others` are the operation's inputs behind its `input_dataset`. It gets a name that no other
    stage has.
    """
    taken = {given_name(each) for each in dataset_nodes(graph)}
    new = add_node(graph, op)
    redirect(graph, node.name, new.name)
    new.input[:] = [node.name, *others]
    new.attr["metadata"].s = b""
    set_specs(new, specs_of(node))
    give_name(new, unlike(kind_of(op), taken))


def set_specs(node: node_def_pb2.NodeDef, specs: tuple[tf.TensorSpec, ...]) -> None:
    """Sets the attributes that say what a dataset gives."""
    types, shapes = node.attr["output_types"].list, node.attr["output_shapes"].list
    types.Clear()
    shapes.Clear()
    types.type.extend(spec.dtype.as_datatype_enum for spec in specs)
    shapes.shape.extend(spec.shape.as_proto() for spec in specs)
