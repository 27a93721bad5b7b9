"""What this machine's cores reach at multiplying matrices: the peak that a model is set against."""

import time

import tensorflow as tf

_SIZE = 1024
"""Rows of square matrices: large enough for all cores, small enough for their caches."""
_SECONDS = 0.1
_AT_LEAST = 3


def matmul_flops_per_second() -> float:
    """Float32 FLOP/s of the fastest of a tenth of a second's matrix products, on all cores that
    this process may use; two FLOPs for each multiply-add, as `strategies.step_flops` counts."""
    with tf.device("CPU:0"):
        matrix = tf.ones([_SIZE, _SIZE])
        tf.matmul(matrix, matrix)  # threads and memory are there from now on
        fastest, done, began = float("inf"), 0, time.perf_counter()
        while done < _AT_LEAST or time.perf_counter() - began < _SECONDS:
            before = time.perf_counter()
            tf.matmul(matrix, matrix).numpy()
            fastest = min(fastest, time.perf_counter() - before)
            done += 1
    return 2 * _SIZE**3 / fastest
