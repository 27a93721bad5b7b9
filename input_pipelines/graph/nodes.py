"""GraphDef nodes by the words of their operation's definition: arguments, attributes, constants.

A graph that has been given to a `DatasetGraph` is never changed: a rewrite works on a copy.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import dataset_metadata_pb2, graph_pb2, node_def_pb2
from tensorflow.python.framework import op_def_registry

RETURNED = "_Retval"
"""The operation of the node that names the graph's result."""
_STAGE = "_stage"
"""Attributes that begin with an underscore are anybody's: this one holds a stage's name."""


def node_name(reference: str) -> str:
    """The node that an input refers to: of `^name` and `name:1` the name."""
    return reference.removeprefix("^").partition(":")[0]


def argument_places(node: node_def_pb2.NodeDef) -> dict[str, range]:
    """For each argument of the node's operation, which of the node's inputs it is."""
    places, start = {}, 0
    for argument in op_def_registry.get(node.op).input_arg:
        if argument.type_list_attr:
            length = len(node.attr[argument.type_list_attr].list.type)
        elif argument.number_attr:
            length = node.attr[argument.number_attr].i
        else:
            length = 1
        places[argument.name] = range(start, start + length)
        start += length
    return places


def constant_argument(
    graph: graph_pb2.GraphDef, node: node_def_pb2.NodeDef, name: str
) -> Any | None:
    """The value of the scalar argument `name`; None where there is none or it isn't constant."""
    places = argument_places(node).get(name)
    if not places:
        return None
    source = find(graph, node_name(node.input[places[0]]))
    if source.op != "Const":
        return None
    return tf.make_ndarray(source.attr["value"].tensor).item()


def find(graph: graph_pb2.GraphDef, name: str) -> node_def_pb2.NodeDef:
    """The node of that name."""
    return next(node for node in graph.node if node.name == name)


def functions_of(node: node_def_pb2.NodeDef) -> Iterator[str]:
    """Names of the functions among the node's attributes."""
    for value in node.attr.values():
        if value.HasField("func"):
            yield value.func.name
        for function in value.list.func:
            yield function.name


def copy_of(graph: graph_pb2.GraphDef) -> graph_pb2.GraphDef:
    """A copy that may be changed."""
    copied = graph_pb2.GraphDef()
    copied.CopyFrom(graph)
    return copied


def add_node(graph: graph_pb2.GraphDef, op: str) -> node_def_pb2.NodeDef:
    """A new node without inputs and attributes; its name is one that no other has."""
    taken = {node.name for node in graph.node}
    number = next(n for n in range(len(taken) + 1) if f"{op}/new_{n}" not in taken)
    return graph.node.add(name=f"{op}/new_{number}", op=op)


def add_constant(graph: graph_pb2.GraphDef, value: bool | int) -> str:
    """The name of a new scalar constant, bool or int64."""
    dtype = tf.bool if isinstance(value, bool) else tf.int64
    node = add_node(graph, "Const")
    node.attr["dtype"].type = dtype.as_datatype_enum
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value, dtype))
    return node.name


def set_constant(
    graph: graph_pb2.GraphDef, node: node_def_pb2.NodeDef, name: str, value: bool | int
) -> None:
    """Gives the scalar argument `name` another value."""
    node.input[argument_places(node)[name][0]] = add_constant(graph, value)


def change_operation(
    graph: graph_pb2.GraphDef,
    node: node_def_pb2.NodeDef,
    op: str,
    constants: Mapping[str, bool | int],
) -> None:
    """Makes the node one of another operation under the same name.

    Arguments and attributes that both operations have are kept; `constants` gives the other
    arguments, and what is left has its default.
    """
    old_places = argument_places(node)
    old_inputs = list(node.input)
    definition = op_def_registry.get(op)
    inputs = []
    for argument in definition.input_arg:
        if argument.name in old_places:
            inputs += [old_inputs[place] for place in old_places[argument.name]]
        else:
            inputs.append(add_constant(graph, constants[argument.name]))
    node.op = op
    node.input[:] = inputs
    names = {attribute.name for attribute in definition.attr}
    for name in [name for name in node.attr if name not in names and not name.startswith("_")]:
        del node.attr[name]
    for attribute in definition.attr:
        if attribute.name not in node.attr:
            node.attr[attribute.name].CopyFrom(attribute.default_value)


def redirect(graph: graph_pb2.GraphDef, old: str, new: str) -> None:
    """Lets everything that reads from the node `old` read from `new`."""
    for node in graph.node:
        if node.name == new:
            continue
        for place, reference in enumerate(node.input):
            if node_name(reference) == old:
                node.input[place] = new


def without_unused(graph: graph_pb2.GraphDef) -> graph_pb2.GraphDef:
    """The graph without the nodes that its result doesn't depend on."""
    by_name = {node.name: node for node in graph.node}
    needed: set[str] = set()
    waiting = [node.name for node in graph.node if node.op == RETURNED]
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += [node_name(reference) for reference in by_name[name].input]
    kept = graph_pb2.GraphDef(versions=graph.versions, library=graph.library)
    kept.node.extend(node for node in graph.node if node.name in needed)
    return kept


def given_name(node: node_def_pb2.NodeDef) -> str:
    """The name of a dataset's node: `give_name`'s, else `name=`, else what tf.data makes up."""
    if _STAGE in node.attr:
        return node.attr[_STAGE].s.decode()
    if "metadata" not in node.attr:
        return ""
    written: bytes = dataset_metadata_pb2.Metadata.FromString(node.attr["metadata"].s).name
    return written.decode()


def give_name(node: node_def_pb2.NodeDef, name: str) -> None:
    """Names a dataset's node, in traces too where its operation takes a `name=`."""
    node.attr[_STAGE].s = name.encode()
    if "metadata" in node.attr:
        metadata = dataset_metadata_pb2.Metadata.FromString(node.attr["metadata"].s)
        metadata.name = name.encode()
        node.attr["metadata"].s = metadata.SerializeToString()
