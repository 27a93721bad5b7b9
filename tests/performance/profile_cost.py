"""What profiling takes from the pipeline that is profiled: a share of its throughput.

    python -m tests.performance.profile_cost [--rounds 15] [--block-seconds 2] [--save]

Each round measures the input of `jpeg_cnn` twice, alone as a training loop would run it, and as the
profile does: beside the iterators of all stages, with tf.data's model asked for at the end. Which
comes first changes from round to round, and each has a process of its own, for an iterator that was
let go keeps its buffers for a while.
"""

import argparse
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

from tests.performance.jpeg_input import BATCH_PER_WORKER, NAME, SOURCE
from tests.performance.record import save


@dataclass(frozen=True)
class Spent:
    """What a block of draining gave and took."""

    examples_per_second: float
    cpu_seconds_each: float
    """CPU seconds of the process for an example; says more than throughput where other programs
    run on the machine."""


def alone(folder: Path, block_seconds: float) -> Spent:
    """The pipeline alone in the process."""
    from input_pipelines.profiling.whole import Whole

    study = _study(folder, block_seconds)
    whole = Whole(study.dataset(), study.batch)
    whole.fill(0)
    return _spent(whole.block(block_seconds, with_model=False).block)


def profiled(folder: Path, block_seconds: float) -> Spent:
    """The pipeline as `profile` measures it."""
    from input_pipelines.profiling.parts import Parts

    return _spent(Parts(_study(folder, block_seconds)).warm.block(block_seconds).block)


def main() -> None:
    """Measures, prints, and with --save keeps the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--block-seconds", type=float, default=2.0)
    parser.add_argument("--save", action="store_true")
    given = parser.parse_args()
    from input_pipelines.profiling.intervals import over_rounds

    lost, added = [], []
    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as processes,
    ):

        def of(way: Callable[[Path, float], Spent]) -> Spent:
            return processes.submit(way, Path(folder), given.block_seconds).result()

        of(alone)  # writes the examples
        for number in range(given.rounds):
            ways = (alone, profiled) if number % 2 == 0 else (profiled, alone)
            found = {way: of(way) for way in ways}
            without, beside = found[alone], found[profiled]
            lost.append(1 - beside.examples_per_second / without.examples_per_second)
            added.append(beside.cpu_seconds_each / without.cpu_seconds_each - 1)
            print(f"round {number}: {lost[-1]:.2%} slower, {added[-1]:.2%} more CPU", flush=True)
    taken = {"throughput_lost": over_rounds(lost), "cpu_added": over_rounds(added)}
    for what, share in taken.items():
        print(f"{what}: {share.value:.2%} (95%: {share.low:.2%} to {share.high:.2%})")
    if given.save:
        save(
            "profile_cost",
            {
                "rounds": given.rounds,
                "block_seconds": given.block_seconds,
                **{what: asdict(share) for what, share in taken.items()},
            },
        )


def _spent(block) -> Spent:
    return Spent(
        examples_per_second=block.per_second(block.elements),
        cpu_seconds_each=block.cpu_seconds / block.elements,
    )


def _study(folder: Path, block_seconds: float):
    """The input of `jpeg_cnn`, as a run of it has it by default."""
    from benchmarks.workloads.jpeg_cnn import workload
    from input_pipelines import PipelineSettings, load_source, open_source, prepare
    from input_pipelines.build import Feed
    from input_pipelines.settings import TuneSettings
    from input_pipelines.study import Study

    source = load_source(SOURCE, {})
    prepare(source, NAME, folder)
    train, test = open_source(source, NAME, folder)
    return Study(
        feed=Feed(train, test, workload(), PipelineSettings(), seed=0),
        batch=BATCH_PER_WORKER,
        replicas=1,
        ordered=True,
        rounds=1,
        block_seconds=block_seconds,
        tune=TuneSettings(),
        folder=folder,
    )


if __name__ == "__main__":
    main()
