"""What the recorder costs: CPU microseconds a step, and how much longer a `digits_mlp` step takes.

    python -m tests.performance.recorder_cost [--calls 10000] [--pairs 30] [--save]

CPU: 10,000 calls at the pace of a `digits_mlp` step, so that the recorder's thread wakes as often
as beside training. Counted are the CPU clock of that thread (all it samples, builds and writes)
and what the calls themselves take in the training loop.

Ratio: blocks of real `digits_mlp` training steps, about a second each, with and without a recorder
in turn; the order within a pair turns too. 95% interval over pairs, by Student's t on logarithms.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import scipy.stats

from benchmarks.recorder import Recorder
from results.run_folder import RunFolder
from tests.performance.record import save

STEP_SECONDS = 0.0027
"""A `digits_mlp` step (shared facts); the recorder may cost 1% of it, 27 microseconds."""

PACED_SECONDS = 30.0
"""So long calls keep the pace; the rest, as fast as can be, is still built and written."""

BATCH = 32
BLOCK_SECONDS = 2.0


@dataclass(frozen=True)
class Cost:
    """CPU of the recorder over many calls, microseconds; `share` is of a step of 2.7 ms."""

    steps_per_call: int
    calls: int
    call_us: float
    thread_us_per_step: float
    cpu_us_per_step: float
    share: float


@dataclass(frozen=True)
class Ratio:
    """Seconds of a step with a recorder ÷ without, with its 95% interval over pairs."""

    steps_per_call: int
    pairs: int
    step_us: float
    ratio: float
    low: float
    high: float


def main() -> None:
    """Measure, print both tables, save where asked."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--calls", type=int, default=10_000)
    arguments.add_argument("--pairs", type=int, default=30, help="0 leaves TensorFlow out")
    arguments.add_argument("--save", action="store_true")
    asked = arguments.parse_args()
    with recorder() as warmed_up:  # imports and first writes are paid once, before the first step
        warmed_up.steps(1, np.zeros(1), np.ones(1), np.zeros(1), BATCH, 0.5)
    costs = [cost(asked.calls, steps_per_call) for steps_per_call in (1, 10)]
    print(f"{asked.calls:,} calls beside a step of {1000 * STEP_SECONDS} ms")
    print("steps a call   us a call   thread, us a step   all CPU, us a step   of a step")
    for each in costs:
        print(
            f"{each.steps_per_call:12}{each.call_us:12.2f}{each.thread_us_per_step:20.2f}"
            f"{each.cpu_us_per_step:21.2f}{100 * each.share:11.2f}%"
        )
    ratios = [ratio(asked.pairs, steps_per_call) for steps_per_call in (1, 10) if asked.pairs > 1]
    if ratios:
        print(f"digits_mlp with ÷ without a recorder, {asked.pairs} interleaved pairs")
        print("steps a call   us a step     ratio   95% interval")
    for pair in ratios:
        print(
            f"{pair.steps_per_call:12}{pair.step_us:12.0f}{pair.ratio:10.4f}"
            f"   {pair.low:.4f} to {pair.high:.4f}"
        )
    if asked.save:
        measured = {"cost": [asdict(each) for each in costs]}
        measured["ratio"] = [asdict(each) for each in ratios]
        save("recorder_cost", measured)


class recorder:  # noqa: N801  reads as what it gives
    """A recorder in a temporary folder."""

    def __enter__(self) -> Recorder:
        self._folder = tempfile.TemporaryDirectory()
        self._recorder = Recorder(RunFolder(Path(self._folder.name)), "chief-0")
        return self._recorder

    def __exit__(self, *_: object) -> None:
        self._recorder.close()
        self._folder.cleanup()


def cost(calls: int, steps_per_call: int) -> Cost:
    """CPU of `calls` paced calls."""
    pause = STEP_SECONDS * steps_per_call
    paced = min(calls, int(PACED_SECONDS / pause))
    with recorder() as recording:
        clock = time.pthread_getcpuclockid(recording._thread.ident or 0)
        before = time.clock_gettime(clock)
        for call in range(calls):
            recording.steps(1 + call * steps_per_call, *columns(steps_per_call), BATCH, 0.5)
            if call < paced:
                time.sleep(pause)
        while recording._calls:  # until the thread has written the last of them
            time.sleep(0.1)
        thread = time.clock_gettime(clock) - before
    in_loop = call_seconds(steps_per_call)
    per_step = thread / (calls * steps_per_call)
    together = per_step + in_loop / steps_per_call
    return Cost(
        steps_per_call=steps_per_call,
        calls=calls,
        call_us=1e6 * in_loop,
        thread_us_per_step=1e6 * per_step,
        cpu_us_per_step=1e6 * together,
        share=together / STEP_SECONDS,
    )


def columns(steps_per_call: int) -> np.ndarray:
    """Start, seconds and wait of a call's steps, [3, k]."""
    values = np.empty((3, steps_per_call))
    values[0], values[1], values[2] = time.time(), STEP_SECONDS, STEP_SECONDS / 20
    return values


def call_seconds(steps_per_call: int) -> float:
    """What one call takes in the training loop."""
    values = columns(steps_per_call)
    with recorder() as recording:
        begun = time.thread_time()
        for call in range(10_000):
            recording.steps(1 + call, *values, BATCH, 0.5)
        return (time.thread_time() - begun) / 10_000


def ratio(pairs: int, steps_per_call: int) -> Ratio:
    """Compare blocks of training with and without a recorder, on a batch whose step takes at least
    STEP_SECONDS: the recorder costs the same whatever the step does."""
    batch, call_seconds_now = BATCH, 0.0
    while call_seconds_now < STEP_SECONDS * steps_per_call:
        batch *= 2
        train = training(steps_per_call, batch)
        call_seconds_now = median_seconds(train)
    calls = max(1, int(BLOCK_SECONDS / call_seconds_now))
    logarithms, without = [], []
    for pair in range(pairs):
        seconds = {}
        for recorded in (True, False) if pair % 2 else (False, True):
            seconds[recorded] = block(train, calls, steps_per_call, recorded)
        logarithms.append(np.log(seconds[True] / seconds[False]))
        without.append(seconds[False] / (calls * steps_per_call))
    middle = float(np.mean(logarithms))
    half = float(scipy.stats.sem(logarithms) * scipy.stats.t.ppf(0.975, pairs - 1))
    return Ratio(
        steps_per_call=steps_per_call,
        pairs=pairs,
        step_us=1e6 * float(np.median(without)),
        ratio=float(np.exp(middle)),
        low=float(np.exp(middle - half)),
        high=float(np.exp(middle + half)),
    )


def median_seconds(train: Callable[[], float], calls: int = 40) -> float:
    """Median seconds of a call, after some to warm up."""
    seconds = []
    for _ in range(2 * calls):
        begun = time.perf_counter()
        train()
        seconds.append(time.perf_counter() - begun)
    return float(np.median(seconds[calls:]))


def block(train: Callable[[], float], calls: int, steps_per_call: int, recorded: bool) -> float:
    """Seconds of `calls` calls; the columns are made either way, only recording differs.

    As many calls go before them: a recorder makes its files at its first writing, once a run.
    """
    with recorder() if recorded else nullcontext() as recording:
        for call in range(2 * calls):
            if call == calls:
                begun = time.perf_counter()
            made = columns(steps_per_call)
            loss = train()
            if recording is not None:
                recording.steps(1 + call * steps_per_call, *made, BATCH, loss)
        return time.perf_counter() - begun


def training(steps_per_call: int, batch: int) -> Callable[[], float]:
    """A function that makes `steps_per_call` real training steps of `digits_mlp`, without input."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    from benchmarks.workloads.digits_mlp import workload

    made = workload()
    model, optimizer = made.model(), made.optimizer()
    optimizer.build(model.trainable_variables)
    random = np.random.default_rng(0)
    x = tf.constant(random.random((batch, 8, 8, 1), dtype=np.float32))
    y = tf.constant(random.integers(0, 10, batch))

    @tf.function
    def call() -> tf.Tensor:
        loss = tf.constant(0.0)
        for _ in range(steps_per_call):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(made.loss(y, model(x, training=True)))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    return lambda: float(call())


if __name__ == "__main__":
    main()
