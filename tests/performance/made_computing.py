"""Computing that is real and lasts a known time longer than a small model's."""

from dataclasses import replace
from typing import Any

import tensorflow as tf

from benchmarks.workloads.digits_mlp import workload as digits_mlp
from benchmarks.workloads.workload import Workload
from strategies.waiting import MICROSECONDS, sleep_once


def lasting(hidden: int, seconds: float) -> Workload:
    """`digits_mlp` whose forward pass waits for `seconds` before its loss, using no core."""
    ours = digits_mlp(hidden=hidden)

    def loss(y: Any, outputs: tf.Tensor) -> tf.Tensor:
        with tf.control_dependencies([outputs]):
            done = sleep_once(tf.constant(round(seconds * MICROSECONDS), tf.int64))
        with tf.control_dependencies([done]):
            return ours.loss(y, tf.identity(outputs))

    return replace(ours, loss=loss)
