"""FLOPs of a step, counted from its traced graph: contractions only, two for each multiply-add.

Only what runs is counted: gradients for the first layer's input are traced as well, and left out by
TensorFlow, since nothing reads them.

What matrix products and convolutions take is nearly all of a model's arithmetic, and what is meant
where a model's FLOPs are set against a machine's peak (Chowdhery et al., "PaLM", 2022, appendix B).
"""

from collections import Counter
from math import prod
from typing import Any

import tensorflow as tf

_MATMULS = {"MatMul": "transpose_a", "BatchMatMulV2": "adj_x", "BatchMatMulV3": "adj_x"}
_CONVOLUTIONS = {"Conv2D", "DepthwiseConv2dNative", "Conv3D"}
_OF_FILTERS = {"Conv2DBackpropFilter", "DepthwiseConv2dNativeBackpropFilter"}
_OF_INPUTS = {"Conv2DBackpropInput", "DepthwiseConv2dNativeBackpropInput"}
_CALLS = {"PartitionedCall", "StatefulPartitionedCall"}
_LOOPS = {"While", "StatelessWhile"}
_UNKNOWN_PREFIXES = (
    "Xla",
    "Cudnn",
    "_Fused",
    "_MklNative",
    "Conv3DBackprop",
    "SparseTensorDense",
    "SparseMatMul",
    "EagerPyFunc",
)


class _UnknownError(Exception):
    """An operation whose FLOPs can't be told before it runs."""


def step_flops(graph: tf.Graph, replicas: int) -> int | None:
    """FLOPs of one replica's step in `graph`, whose one loop takes the steps of a call; `replicas`
    make each in this process. None where they can't be told, or where nothing is multiplied."""
    loops = [op for op in graph.get_operations() if op.type in _LOOPS]
    if len(loops) != 1:
        return None
    try:
        body = _function(loops[0], "body")
        whole = _of_graph(body, body.outputs)
    except _UnknownError:
        return None
    return whole // replicas or None


def _of_graph(graph: Any, outputs: list[tf.Tensor]) -> int:
    """FLOPs of what has to run for `outputs` and for whatever the graph writes."""
    waiting = [tensor.op for tensor in outputs] + list(graph.control_outputs)
    executed = {op.name: op for op in waiting}
    used = {tensor.name for tensor in outputs}
    while waiting:
        op = waiting.pop()
        used |= {tensor.name for tensor in op.inputs}
        for before in [*(tensor.op for tensor in op.inputs), *op.control_inputs]:
            if before.name not in executed:
                executed[before.name] = before
                waiting.append(before)
    return sum(_of_operation(op, used) for op in executed.values())


def _of_operation(op: tf.Operation, used: set[str]) -> int:
    """`used`: names of the tensors that are read; of a function, others are not made."""
    kind = op.type
    if kind in _MATMULS:
        axis = -2 if op.get_attr(_MATMULS[kind]) else -1
        return 2 * _count(op.outputs[0]) * _shape(op.inputs[0])[axis]
    if kind in _CONVOLUTIONS:
        return _convolution(kind, result=op.outputs[0], filters=op.inputs[1])
    if kind in _OF_INPUTS:
        return _convolution(kind, result=op.inputs[2], filters=op.inputs[1])
    if kind in _OF_FILTERS:
        return _convolution(kind, result=op.inputs[2], filters=op.outputs[0])
    if kind == "Einsum":
        return _einsum(op)
    if kind in _CALLS:
        function = _function(op, "f")
        pairs = zip(op.outputs, function.outputs, strict=True)
        return _of_graph(function, [inner for outer, inner in pairs if outer.name in used])
    if kind in _LOOPS:
        body = _function(op, "body")
        if _of_graph(body, body.outputs):
            raise _UnknownError("how often a loop runs")
        return 0
    if kind.startswith(_UNKNOWN_PREFIXES):
        raise _UnknownError(kind)
    return 0


def _convolution(kind: str, *, result: tf.Tensor, filters: tf.Tensor) -> int:
    """Every element of the result takes a filter's height × width × channels in; each channel of a
    depthwise one has filters of its own."""
    shape = _shape(filters)
    taken = prod(shape[:-2]) if kind.startswith("Depthwise") else prod(shape[:-1])
    return 2 * _count(result) * taken


def _einsum(op: tf.Operation) -> int:
    """Every combination of its labels is multiplied and added once."""
    inputs = op.get_attr("equation").decode().partition("->")[0].split(",")
    if len(inputs) != 2 or any("." in labels for labels in inputs):
        raise _UnknownError("Einsum")
    sizes: dict[str, int] = {}
    for labels, tensor in zip(inputs, op.inputs, strict=True):
        if any(count > 1 for count in Counter(labels).values()):
            raise _UnknownError("Einsum along a diagonal")
        sizes |= dict(zip(labels, _shape(tensor), strict=True))
    return 2 * prod(sizes.values())


def _function(op: tf.Operation, attribute: str) -> Any:
    """The graph of the function that `op` calls."""
    graph: Any = op.graph
    function = graph._get_function(op.get_attr(attribute).name)
    if function is None or not hasattr(function, "graph"):
        raise _UnknownError(op.type)
    return function.graph


def _shape(tensor: tf.Tensor) -> list[int]:
    if not tensor.shape.is_fully_defined():
        raise _UnknownError(f"the shape of {tensor.name}")
    return [int(size) for size in tensor.shape.as_list()]


def _count(tensor: tf.Tensor) -> int:
    return prod(_shape(tensor))
