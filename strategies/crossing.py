"""Where a step of a parameter server's worker waits for the wire: moments at which all that the
step reads has come to the worker, and all that it hands over has come to the servers.

What crosses is found in the graph, once it is there: the model decides what it reads, and the
optimizer what it sends. Each tensor passes an identity where it arrives, which the stamp follows;
nothing else waits for the stamp, so that the first layer may compute while the last is still read.
(TensorFlow keeps an identity that has a stamp and a user behind it: taking it away would let the
stamp follow the sender.)
"""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from strategies.stamps import Clock

_READS = ("ReadVariableOp", "ResourceGather", "ResourceGatherNd")
"""Operations by which a worker reads a variable, or rows of one."""
_SERVER, _WORKER = "/job:ps/", "/device:CPU:0"
"""How devices are called in the graph that the coordinator traces for every worker."""


def pulled(operations: Sequence[tf.Operation], fed: tf.Tensor, clock: Clock) -> tf.Tensor:
    """When the last value that these operations read of variables was there, float64 []; NaN where
    none of them is seen to read. They read once `fed` is there: left to itself, TensorFlow would
    read while the input is waited for.
    """
    arrived = []
    for read in operations:
        if read.type in _READS:
            read._add_control_input(fed.op)
            (value,) = read.outputs
            users = [user for user in value.consumers() if not _on_server(user)]
            arrived.append(_arriving(value, _WORKER, users))
    return _stamped_arrival(arrived, clock)


def pushed(operations: Sequence[tf.Operation], clock: Clock) -> tf.Tensor:
    """When the last tensor that these operations send to parameter servers had come there and word
    of it was back, float64 []; NaN where none of them is seen to send."""
    words = []
    for device, tensors in _sent(operations).items():
        with tf.device(device):
            arrived = [
                _arriving(tensor, device, [u for u in tensor.consumers() if u.device == device])
                for tensor in tensors
            ]
            words.append(tf.group(*arrived))  # one word from each server, not one a tensor
    return _stamped_arrival(words, clock)


def _sent(operations: Sequence[tf.Operation]) -> dict[str, list[tf.Tensor]]:
    """By a server's device, the tensors that operations there take of a worker, each once. (A
    variable's handle, and what is read of one, has no device in the graph.)"""
    found: dict[str, dict[Any, tf.Tensor]] = {}
    for operation in filter(_on_server, operations):
        for tensor in operation.inputs:
            if tensor.op.device and not _on_server(tensor.op):
                found.setdefault(operation.device, {})[tensor.ref()] = tensor
    return {device: list(tensors.values()) for device, tensors in found.items()}


def _arriving(tensor: tf.Tensor, device: str, users: Sequence[tf.Operation]) -> tf.Operation:
    """An identity of `tensor` on `device`, from which its `users` there take it from now on."""
    with tf.device(device):
        identity = tf.identity(tensor)
    for user in users:
        for place, taken in enumerate(user.inputs):
            if taken is tensor:
                user._update_input(place, identity)
    return identity.op


def _on_server(operation: tf.Operation) -> bool:
    return bool(operation.device.startswith(_SERVER))


def _stamped_arrival(arrived: Sequence[tf.Operation], clock: Clock) -> tf.Tensor:
    if not arrived:
        return tf.constant(float("nan"), tf.float64)
    with tf.control_dependencies(arrived):
        return clock()
