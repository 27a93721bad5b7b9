"""What one replica's accelerator must hold in a step, told from the traced graph before any runs.

It is counted from below: only what any order of the operations has to keep. Until the backward
pass begins that is the batch and the results of the forward pass that the backward pass reads; at
its end, all gradients. Workspaces, the runtime's own memory, fragments, and whatever has no fixed
shape (a loop's stacks) come on top on a real device.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from strategies.model import Training, replica_gradients
from strategies.model_size import gradient_bytes, model_size

_SAME_MEMORY = {"Identity", "Reshape", "ExpandDims", "Squeeze", "StopGradient", "PreventGradient"}
"""Operations whose result is their first input, seen otherwise."""
_SHAPE_ONLY = {"Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike"}
"""Operations that never look at their input's values."""
_HELD_ANYWAY = {"Const", "Placeholder", "ReadVariableOp"}
"""Operations whose results are counted as variables or as the batch, or not at all."""


@dataclass(frozen=True)
class StepMemory:
    """Bytes of one replica."""

    variable_bytes: int
    optimizer_bytes: int
    """Of the optimizer's variables."""
    gradient_bytes: int
    """Where all shapes are known, else 0."""
    batch_bytes: int
    """Of a batch, as the model gets it."""
    activation_bytes: int
    """Results of the forward pass that the backward pass reads."""


def step_memory(
    training: Training, workload: Any, batch: Any, *, examples: int, parts: int
) -> StepMemory:
    """Of a step with `examples` examples.

    Args:
      batch: (x, y) of examples, any number; shapes and types are looked at.
      parts: equal ones that the examples are computed in, one after the other.
    """
    compute = replica_gradients(training, workload, examples_per_update=examples, copies=1)
    specs = tf.nest.map_structure(lambda each: _spec(each, examples // parts), batch)
    traced = tf.function(compute, autograph=False).get_concrete_function(*specs)
    share, gradients = traced.structured_outputs
    dense = [each for each in gradients if each is not None]
    size = model_size(training, remote=False)
    fed = sum(_bytes(spec) for spec in tf.nest.flatten(specs))
    return StepMemory(
        variable_bytes=size.variable_bytes,
        optimizer_bytes=size.optimizer_bytes,
        gradient_bytes=gradient_bytes(dense, tf.float32) or 0,
        batch_bytes=parts * fed,
        activation_bytes=_kept_for_backward(share, dense),
    )


def _kept_for_backward(share: tf.Tensor, gradients: Sequence[Any]) -> int:
    """Bytes of all tensors on the way to `share` that operations on the way to `gradients`, and not
    to `share`, read."""
    flat = tf.nest.flatten(gradients, expand_composites=True)
    forward = _before([share.op])
    read: dict[str, tf.Tensor] = {}
    for name, op in _before([tensor.op for tensor in flat]).items():
        if name not in forward and op.type not in _SHAPE_ONLY:
            for tensor in map(_source, op.inputs):
                if tensor.op.name in forward and tensor.op.type not in _HELD_ANYWAY:
                    read[tensor.name] = tensor
    return sum(_bytes(tensor) for tensor in read.values())


def _before(operations: Iterable[tf.Operation]) -> dict[str, tf.Operation]:
    """Those that have to run for `operations`, and these, by name."""
    waiting = list(operations)
    found = {op.name: op for op in waiting}
    while waiting:
        for tensor in waiting.pop().inputs:
            if tensor.op.name not in found:
                found[tensor.op.name] = tensor.op
                waiting.append(tensor.op)
    return found


def _source(tensor: tf.Tensor) -> tf.Tensor:
    while tensor.op.type in _SAME_MEMORY:
        tensor = tensor.op.inputs[0]
    return tensor


def _spec(value: Any, examples: int) -> tf.TensorSpec:
    return tf.TensorSpec([examples, *value.shape[1:]], value.dtype)


def _bytes(tensor: Any) -> int:
    """0 where the shape, or the size of an element, isn't fixed."""
    count = tensor.shape.num_elements()
    return 0 if count is None else int(count * tensor.dtype.size)
