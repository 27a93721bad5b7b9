"""What the stamps inside a step cost: microseconds of CPU, and how much longer a step takes.

    python -m tests.performance.step_stamps_cost [--pairs 30] [--seconds 1] [--save]

Blocks of real training steps on one batch, ten in a call, with and without the stamps for ready and
reduced gradients, in turn; the order within a pair turns too. The step's start, input and end are
stamped either way: rows of steps cannot be without. 95% interval over pairs, by Student's t on
logarithms.
"""

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any
from unittest import mock

import numpy as np
import scipy.stats

from tests.performance.record import save

STEPS_PER_CALL = 10
BATCHES = {"digits_mlp": 1024, "jpeg_cnn": 32}
"""Examples of a step: of the small model as many as make a step of about 2 ms."""


@dataclass(frozen=True)
class Cost:
    """Of one workload; the ratio is of wall seconds, with ÷ without."""

    workload: str
    batch: int
    pairs: int
    step_us: float
    cpu_us_per_step: float
    ratio: float
    low: float
    high: float


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--pairs", type=int, default=30)
    arguments.add_argument("--seconds", type=float, default=1.0, help="length of a block")
    arguments.add_argument("--save", action="store_true")
    asked = arguments.parse_args()
    costs = [cost(name, batch, asked.pairs, asked.seconds) for name, batch in BATCHES.items()]
    print("workload        batch   us a step   CPU, us a step     ratio   95% interval")
    for each in costs:
        print(
            f"{each.workload:12}{each.batch:9}{each.step_us:12.0f}{each.cpu_us_per_step:17.1f}"
            f"{each.ratio:10.4f}   {each.low:.4f} to {each.high:.4f}"
        )
    if asked.save:
        save("step_stamps_cost", {"cost": [asdict(each) for each in costs]})


def cost(workload: str, batch: int, pairs: int, seconds: float) -> Cost:
    """Compares blocks of about `seconds`."""
    calls = {stamps: training(workload, batch, stamps) for stamps in (True, False)}
    for call in calls.values():
        block(call, 5)
    count = max(1, int(seconds / (block(calls[False], 5)[0] * STEPS_PER_CALL)))
    logarithms, wall, cpu = [], [], []
    for pair in range(pairs):
        found = {}
        for stamps in (True, False) if pair % 2 else (False, True):
            found[stamps] = block(calls[stamps], count)
        logarithms.append(np.log(found[True][0] / found[False][0]))
        wall.append(found[False][0])
        cpu.append(found[True][1] - found[False][1])
    middle = float(np.mean(logarithms))
    half = float(scipy.stats.sem(logarithms) * scipy.stats.t.ppf(0.975, pairs - 1))
    return Cost(
        workload=workload,
        batch=batch,
        pairs=pairs,
        step_us=1e6 * float(np.median(wall)),
        cpu_us_per_step=1e6 * float(np.median(cpu)),
        ratio=float(np.exp(middle)),
        low=float(np.exp(middle - half)),
        high=float(np.exp(middle + half)),
    )


def block(call: Callable[[], None], count: int) -> tuple[float, float]:
    """Seconds of a step, and of CPU that the process took for it."""
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(count):
        call()
    steps = count * STEPS_PER_CALL
    return (time.perf_counter() - wall) / steps, (time.process_time() - cpu) / steps


def training(name: str, batch: int, stamps: bool) -> Callable[[], None]:
    """A function that makes ten steps as the loops do, on one batch that lies ready."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import importlib

    import tensorflow as tf

    from strategies.model import build_training, make_step
    from strategies.settings import LoopSettings
    from strategies.stamped import stamped_steps

    workload = importlib.import_module(f"benchmarks.workloads.{name}").workload()
    made = build_training(workload, LoopSettings(), seed=0)
    random = np.random.default_rng(0)
    x = tf.constant(random.random((batch, *made.model.input_shape[1:]), dtype=np.float32))
    y = tf.constant(random.integers(0, made.model.output_shape[-1], batch))
    numbers = tf.range(batch, dtype=tf.int64)
    step = make_step(
        made,
        workload,
        LoopSettings(),
        examples_per_update=batch,
        replicas=1,
        reduce=True,
        clock=tf.timestamp,
        told=lambda gradients: None,
    )

    @tf.function(autograph=False)
    def call() -> Any:
        count = tf.constant(STEPS_PER_CALL)
        take, train = (lambda: (numbers, (x, y))), (lambda of: step(*of))
        return stamped_steps(count, None, tf.timestamp, take, train).ends

    def unstamped(clock: Any, values: Any) -> tuple[tf.Tensor, Any]:
        return tf.constant(0.0, tf.float64), values

    if stamps:
        traced = call.get_concrete_function()
    else:
        with mock.patch("strategies.model.stamped", unstamped):
            traced = call.get_concrete_function()
    return lambda: traced().numpy()


if __name__ == "__main__":
    main()
