"""A map's function of one element as one of a whole batch (TensorFlow's parallel-for)."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import function_pb2, graph_pb2, node_def_pb2
from tensorflow.core.protobuf import saved_object_graph_pb2
from tensorflow.python.ops.parallel_for import pfor
from tensorflow.python.saved_model.function_deserialization import load_function_def_library
from tensorflow.python.saved_model.nested_structure_coder import encode_structure

_NO_CONVERTER = "No pfor vectorization defined for "


class NotVectorizable(Exception):
    """A function can't be computed on whole batches; the message says why, without a subject."""


def vectorized(
    graph: graph_pb2.GraphDef,
    node: node_def_pb2.NodeDef,
    batches: tuple[tf.TensorSpec, ...],
    results: tuple[tf.TensorSpec, ...],
) -> str:
    """Adds to the graph's library the function of a map's node that takes `batches` of its
    elements and gives `results`; returns its name.

    Each element's result is the same but for the last bits of sums and products of matrices, which
    may be added up in another order.

    Raises:
      NotVectorizable: its elements have no fixed shape, or an operation has no vectorized form
        (the slow loop that TensorFlow would put in its place is no gain).
    """
    for spec in batches:
        if spec.dtype == tf.variant or not spec.shape[1:].is_fully_defined():
            raise NotVectorizable("takes elements whose shapes differ, so they don't stack")
    if any(spec.dtype == tf.variant for spec in results):
        raise NotVectorizable("gives sparse or ragged elements, which don't stack")
    function = _loaded(graph.library)[node.attr["f"].func.name]
    captured = _captured_specs(graph, node)

    def one(elements: Any, others: Any) -> list[Any]:
        flat = tf.nest.flatten(function._call_flat([*elements, *others], []))
        return [tf.ensure_shape(t, r.shape[1:]) for t, r in zip(flat, results, strict=True)]

    @tf.function(input_signature=(*batches, *captured), autograph=False)
    def whole(*arguments: Any) -> list[Any]:
        elements, others = list(arguments[: len(batches)]), arguments[len(batches) :]
        mapped = tf.vectorized_map(
            lambda row: one(row, others), elements, fallback_to_while_loop=False
        )
        return [tf.ensure_shape(m, r.shape) for m, r in zip(mapped, results, strict=True)]

    try:
        with _quiet():
            concrete = whole.get_concrete_function()
    except (ValueError, TypeError, NotImplementedError) as error:
        raise NotVectorizable(_said(error)) from error
    definition = concrete.function_def
    have = {known.signature.name for known in graph.library.function}
    inner = concrete.graph.as_graph_def().library
    graph.library.function.extend(f for f in inner.function if f.signature.name not in have)
    graph.library.function.append(definition)
    # As tf.data marks what it runs itself.
    graph.library.function[-1].attr["_tf_data_function"].b = True
    name: str = definition.signature.name
    return name


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps TensorFlow from printing the node that it can't vectorize, some 50 lines."""
    logger = tf.get_logger()
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


@pfor.RegisterPFor("DecodeRaw")
def _decode_raw(one: Any) -> Any:
    """TensorFlow has no vectorized form of these two, which work entry by entry anyway."""
    decoded = tf.raw_ops.DecodeRaw(
        bytes=one.stacked_input(0),
        out_type=one.get_attr("out_type"),
        little_endian=one.get_attr("little_endian"),
    )
    return pfor.wrap(decoded, True)


@pfor.RegisterPFor("LookupTableFindV2")
def _look_up(one: Any) -> Any:
    found = tf.raw_ops.LookupTableFindV2(
        table_handle=one.unstacked_input(0),
        keys=one.stacked_input(1),
        default_value=one.unstacked_input(2),
    )
    return pfor.wrap(found, True)


def _loaded(library: function_pb2.FunctionDefLibrary) -> Mapping[str, Any]:
    """All functions of a library as ones that can be called with flat tensors."""
    copied = function_pb2.FunctionDefLibrary()
    copied.CopyFrom(library)  # The loader renames what it is given.
    signatures = saved_object_graph_pb2.SavedObjectGraph()
    for function in library.function:
        takes, gives = function.signature.input_arg, function.signature.output_arg
        signature = signatures.concrete_functions[function.signature.name]
        signature.canonicalized_input_signature.CopyFrom(encode_structure((_specs(takes), {})))
        signature.output_signature.CopyFrom(encode_structure(_specs(gives)))
    loaded: Mapping[str, Any] = load_function_def_library(copied, signatures)
    return loaded


def _specs(arguments: Any) -> tuple[tf.TensorSpec, ...]:
    return tuple(tf.TensorSpec(None, tf.dtypes.as_dtype(a.type), a.name) for a in arguments)


def _captured_specs(
    graph: graph_pb2.GraphDef, node: node_def_pb2.NodeDef
) -> tuple[tf.TensorSpec, ...]:
    """Types of what the function takes beside its element; shapes are the function's to know."""
    dtypes = node.attr["Targuments"].list.type
    return tuple(tf.TensorSpec(None, tf.dtypes.as_dtype(dtype)) for dtype in dtypes)


def _said(error: Exception) -> str:
    lines = str(error).splitlines()
    at = next((line for line in lines if _NO_CONVERTER in line), None)
    if at is not None:
        op = at.partition(_NO_CONVERTER)[2].split()[0].rstrip(".,:")
        return f"calls {op}, which works on one element at a time"
    return f"can't be computed on whole batches ({(lines or [''])[0][:150]})"
