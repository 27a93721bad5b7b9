"""Emulated accelerators side by side: how long their waits last, and what they take of a core.

python -m tests.performance.emulated_accelerators [--replicas 16] [--rounds 7] [--steps 20] [--save]

Each replica is a process of its own. The lengths take turns in every round, all replicas at once.
What is measured is a replica's computing alone, between two time stamps in the graph, with
stand-ins for the gradients of a small model; nothing is reduced, which is no part of computing.
"""

import argparse
import multiprocessing
import os
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.performance.record import save

ASKED_MS = (30, 60, 120)
_READY_SECONDS = 600


def main() -> None:
    """Measures, prints, and with --save keeps the figure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--replicas", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--save", action="store_true")
    given = parser.parse_args()
    found = measured(given.replicas, given.rounds, given.steps)
    for asked, of in found.items():
        print(
            f"{asked} ms asked: {of['got_ms']:.2f} ms in the median replica and round, "
            f"{of['error']:+.1%}; farthest off {of['farthest_error']:+.1%}; "
            f"{of['core_share']:.2%} of a core each, at most {of['most_core_share']:.2%}"
        )
    if given.save:
        conditions = {"replicas": given.replicas, "rounds": given.rounds, "steps": given.steps}
        save("emulated_accelerators", conditions | {"asked_ms": found})


def measured(replicas: int, rounds: int, steps: int) -> dict[str, dict[str, float]]:
    """By the wait asked for in ms: what was got, in medians of replicas in rounds."""
    os.environ |= {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}  # of the children
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tensorflow", "keras"])
    barrier, told = context.Barrier(replicas), context.SimpleQueue()
    processes = [
        context.Process(target=_replica, args=(barrier, told, rounds, steps), daemon=True)
        for _ in range(replicas)
    ]
    for process in processes:
        process.start()
    rows = np.array([told.get() for _ in processes])  # [replica, round, length, (ms, core)]
    for process in processes:
        process.join()
    return {
        str(asked): _summary(asked, rows[:, :, place, 0], rows[:, :, place, 1])
        for place, asked in enumerate(ASKED_MS)
    }


def _summary(asked: int, got: np.ndarray, core: np.ndarray) -> dict[str, float]:
    errors = got / asked - 1
    by_replica = np.median(core, axis=1)
    return {
        "got_ms": float(np.median(got)),
        "error": float(np.median(errors)),
        "farthest_error": float(errors.flat[np.argmax(np.abs(errors))]),
        "core_share": float(np.median(by_replica)),
        "most_core_share": float(by_replica.max()),
    }


def _replica(barrier: Any, told: Any, rounds: int, steps: int) -> None:
    calls = [_call(asked / 1000) for asked in ASKED_MS]
    for call in calls:
        call(2)
    barrier.wait(_READY_SECONDS)
    told.put([[_one(call, barrier, steps) for call in calls] for _ in range(rounds)])


def _one(call: Any, barrier: Any, steps: int) -> tuple[float, float]:
    """Median milliseconds of a step's computing, and the share of a core over all of them."""
    barrier.wait(_READY_SECONDS)
    began, used = time.perf_counter(), time.process_time()
    seconds = call(steps)
    used, took = time.process_time() - used, time.perf_counter() - began
    return 1000 * float(np.median(seconds)), used / took


def _call(seconds: float) -> Any:
    """A function from a number of steps to the seconds that each one's computing took."""
    import tensorflow as tf

    from strategies.emulated_accelerator import emulated, local_wait

    weights = [tf.Variable(tf.zeros([64, 64])), tf.Variable(tf.zeros([64]))]

    def compute(x: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, Sequence[Any]]:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((x @ weights[0] + weights[1] - y) ** 2)
        return loss, tape.gradient(loss, weights)

    waiting = emulated(compute, weights, local_wait(seconds))

    @tf.function(autograph=False)
    def call(count: tf.Tensor) -> tf.Tensor:
        def step(k: tf.Tensor, end: tf.Tensor, took: Any) -> tuple[tf.Tensor, tf.Tensor, Any]:
            with tf.control_dependencies([end]):
                start = tf.timestamp()
            with tf.control_dependencies([start]):
                x, y = tf.zeros([32, 64]) + 1.0, tf.random.uniform([32, 64])
            _, gradients = waiting(x, y)
            with tf.control_dependencies(gradients):
                end = tf.timestamp()
            return k + 1, end, took.write(k, end - start)

        took = tf.TensorArray(tf.float64, count, element_shape=[])
        _, _, took = tf.while_loop(lambda k, *_: k < count, step, (0, tf.timestamp(), took))
        return took.stack()

    return lambda steps: call(tf.constant(steps)).numpy()


if __name__ == "__main__":
    main()
