"""What all the instrumentation of a task costs: CPU of a step, and how much longer a step takes.

    python -m tests.performance.instrumentation_cost [--calls 10000] [--save]

With: the synchronous loop as it runs in a task, with its stamps in the graph, its rows of steps, a
recorder whose thread samples resources and writes rows and progress, events, TensorBoard's scalars,
the look at losses, at what is due next and at the wish to stop. Without: a plain loop in a compiled
function, of as many of the same steps on the same variables and the same input, whose mean loss is
fetched once a call; no recorder is open meanwhile. Blocks of calls take turns in one process, and
the order within a pair turns too.

CPU is that of the whole process, TensorFlow's and the recorder's threads included. Each figure is
the mean over pairs without the fifth that is least and the fifth that is greatest, as what else the
machine does now and then slows one block of a pair by much; intervals are 95%, bootstrapped: of CPU
on differences, of the ratio of wall seconds on logarithms.
"""

import argparse
import functools
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np
import scipy.stats

from benchmarks.recorder import Recorder
from results.run_folder import RunFolder
from tests.performance.record import save
from tests.runs import experiment

if TYPE_CHECKING:
    import tensorflow as tf

    from strategies.job import TrainingJob

STEPS_PER_CALL = 10
_FIRST_CALLS = 3
"""Before each block: a recorder makes its files at its first writing, once a run."""

_TRIMMED = 0.2
"""Of the pairs, at either end."""


@dataclass(frozen=True)
class Case:
    """A workload, and of how many calls both sides are measured."""

    workload: str
    batch: int
    shape: tuple[int, ...]
    share: float
    """Of the calls that are asked for."""


CASES = (
    Case("digits_mlp", 1024, (8, 8, 1), 1.0),
    Case("jpeg_cnn", 32, (64, 64, 3), 0.1),
)
"""Of the small model as many examples as make a step of about a millisecond."""


@dataclass(frozen=True)
class Cost:
    """Of one workload, with against without; `low` and `high` belong to `ratio`."""

    workload: str
    batch: int
    pairs: int
    calls: int
    step_us: float
    cpu_us_per_step: float
    cpu_low: float
    cpu_high: float
    ratio: float
    low: float
    high: float


def main() -> None:
    """Measures, prints, and with --save keeps the figure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--pairs", type=int, default=120)
    parser.add_argument("--save", action="store_true")
    given = parser.parse_args()
    costs = [cost(case, int(given.calls * case.share), given.pairs) for case in CASES]
    print("workload     batch   calls  us a step   CPU, us a step             ratio")
    for each in costs:
        cpu = f"{each.cpu_us_per_step:.1f} ({each.cpu_low:.1f} to {each.cpu_high:.1f})"
        ratio = f"{each.ratio:.4f} ({each.low:.4f} to {each.high:.4f})"
        print(
            f"{each.workload:12}{each.batch:6}{each.calls:8}{each.step_us:11.0f}   {cpu:24}{ratio}"
        )
    if given.save:
        save("instrumentation_cost", {"cost": [asdict(each) for each in costs]})


def cost(case: Case, calls: int, pairs: int) -> Cost:
    """Compares `pairs` of blocks that together have about `calls` calls on either side."""
    count = max(1, calls // pairs)
    with tempfile.TemporaryDirectory() as place:
        sides = Sides(case, Path(place))
        wall, cpu = np.empty([2, pairs, 2])  # seconds of a step [pair, (without, with)]
        for pair in range(pairs):
            for measured in (True, False) if pair % 2 else (False, True):
                wall[pair, int(measured)], cpu[pair, int(measured)] = sides.block(measured, count)
    ratio, *ratio_ends = np.exp(_middle(np.log(wall[:, 1] / wall[:, 0])))
    more, *more_ends = _middle(1e6 * (cpu[:, 1] - cpu[:, 0]))
    return Cost(
        workload=case.workload,
        batch=case.batch,
        pairs=pairs,
        calls=count * pairs,
        step_us=1e6 * float(np.median(wall[:, 0])),
        cpu_us_per_step=float(more),
        cpu_low=float(more_ends[0]),
        cpu_high=float(more_ends[1]),
        ratio=float(ratio),
        low=float(ratio_ends[0]),
        high=float(ratio_ends[1]),
    )


def _middle(values: np.ndarray) -> np.ndarray:
    """The trimmed mean and the ends of its 95% interval."""
    mean = functools.partial(scipy.stats.trim_mean, proportiontocut=_TRIMMED)
    ends = scipy.stats.bootstrap((values,), mean, rng=np.random.default_rng(0)).confidence_interval
    return np.array([mean(values), ends.low, ends.high])


class Sides:
    """Both loops over one model, in this process."""

    def __init__(self, case: Case, folder: Path) -> None:
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        from strategies import one_device, synchronous
        from strategies.model import build_training
        from strategies.synchronous_call import SynchronousCall

        self._folder, self._blocks = folder, 0
        self._recorder = _Current()
        job = _job(case, folder, self._recorder)
        strategy = one_device.build(job.placement)
        with self._recording(), strategy.scope():
            training = build_training(job.workload, job.loop, job.seed)
            self._loop = synchronous._Loop(job, strategy, training)
            self._loop.call = SynchronousCall(job, strategy, training, self._loop.feeding)
            self._loop.stopping.begin()
            self._measured()
        self._plain = _plain(job, training, self._loop.feeding[0])

    def block(self, measured: bool, calls: int) -> tuple[float, float]:
        """Seconds of a step, and of CPU that the process took for it."""
        call = self._measured if measured else self._plain
        with self._recording() if measured else nullcontext():
            for _ in range(_FIRST_CALLS):
                call()
            if measured:
                self._recorder.flush()
            wall, cpu = time.perf_counter(), time.process_time()
            for _ in range(calls):
                call()
            steps = calls * STEPS_PER_CALL
            return (time.perf_counter() - wall) / steps, (time.process_time() - cpu) / steps

    def _measured(self) -> None:
        if self._loop._train_once() or self._loop.milestones.reached(self._loop.step):
            raise SystemExit("the loop came to its end")

    def _recording(self) -> Recorder:
        self._blocks += 1
        folder = RunFolder(self._folder / str(self._blocks))
        self._recorder.now = Recorder(folder, "chief-0")
        return self._recorder.now


class _Current:
    """The recorder of the block that is measured, for a loop that is built once."""

    now: Recorder

    def __getattr__(self, name: str) -> Any:
        return getattr(self.now, name)


def _job(case: Case, folder: Path, recorder: Any) -> "TrainingJob":
    from input_pipelines import load_source, prepare
    from launcher.training_job import training_job

    asked = experiment(
        "strategy=one_device",
        f"workload={case.workload}",
        f"batch.per_replica={case.batch}",
        "pipeline._target_=tests.performance.made_batches.ready",
        f"+pipeline.parameters.shape={list(case.shape)}",
        "source=digits",  # held-out examples, at which nobody looks here
        f"loop.steps_per_call={STEPS_PER_CALL}",
        "until.steps=1000000000",
        f"cache_folder={folder / 'data'}",
    )
    asked = replace(asked, devices="cpu")
    source = load_source(asked.source.target, asked.source.parameters)
    prepare(source, asked.source.name, Path(asked.cache_folder))
    (folder / "tasks" / "chief-0").mkdir(parents=True)
    return training_job(asked, RunFolder(folder), "chief", 0, ("chief-0",), recorder)


def _plain(job: "TrainingJob", training: Any, iterator: Any) -> Callable[[], None]:
    import tensorflow as tf

    from strategies.model import make_step

    step = make_step(
        training,
        job.workload,
        job.loop,
        examples_per_update=job.batch_total,
        replicas=1,
        reduce=False,
        clock=lambda: tf.constant(0.0, tf.float64),
        told=lambda gradients: None,
    )

    @tf.function(autograph=False)
    def call(iterator: Any) -> "tf.Tensor":
        def one(k: Any, total: Any) -> tuple[Any, Any]:
            _, x, y = next(iterator)
            loss, _ = step(x, y)
            return k + 1, total + loss

        return tf.while_loop(lambda k, _: k < STEPS_PER_CALL, one, (0, 0.0))[1] / STEPS_PER_CALL

    def unstamped(clock: Any, values: Any) -> tuple[Any, Any]:
        return clock(), values

    with mock.patch("strategies.model.stamped", unstamped):
        traced = call.get_concrete_function(iterator)
    return lambda: float(traced(iterator))


if __name__ == "__main__":
    main()
