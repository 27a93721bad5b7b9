"""`digits_mlp` whose input does one thing for each example: waits, computes, or runs Python."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.workloads.digits_mlp import workload as digits_mlp
from benchmarks.workloads.workload import Workload

WAIT_SECONDS = 5e-3
PYTHON_SECONDS = 1e-3
_SIDE, _PRODUCTS = 128, 8
"""8 products of 128 × 128 matrices take about a millisecond of one core."""


def waits() -> Workload:
    """5 ms that take a thread and no core, as a call to another machine would."""

    def wait(image: np.ndarray) -> np.ndarray:
        time.sleep(WAIT_SECONDS)  # Python's lock is free meanwhile.
        return image

    return _with(_called(wait))


def computes() -> Workload:
    """About a millisecond of a core, in TensorFlow's own threads."""

    def compute(image: tf.Tensor) -> tf.Tensor:
        matrix = tf.fill([_SIDE, _SIDE], image[0, 0, 0] / _SIDE)
        for _ in range(_PRODUCTS):
            matrix = tf.linalg.matmul(matrix, matrix)
        return image + 0 * matrix[0, 0]

    return _with(compute)


def runs_python() -> Workload:
    """A millisecond of Python, under the one lock of its process."""

    def spin(image: np.ndarray) -> np.ndarray:
        end = time.thread_time() + PYTHON_SECONDS
        while time.thread_time() < end:
            pass
        return image

    return _with(_called(spin))


def _called(function: Callable[[np.ndarray], np.ndarray]) -> Callable[[tf.Tensor], tf.Tensor]:
    def call(image: tf.Tensor) -> tf.Tensor:
        return tf.ensure_shape(tf.numpy_function(function, [image], image.dtype), image.shape)

    return call


def _with(function: Callable[[tf.Tensor], tf.Tensor]) -> Workload:
    ours = digits_mlp()
    assert ours.features is not None

    def features(example: Any) -> tuple[Any, Any]:
        x, y = ours.features(example)
        return function(x), y

    return replace(ours, features=features)
