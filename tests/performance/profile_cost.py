"""What profiling takes from the pipeline that is profiled: a share of its throughput.

python -m tests.performance.profile_cost [--rounds 15] [--block-seconds 1] [--save]
"""

import argparse
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.performance.jpeg_input import BATCH_PER_WORKER, NAME, SOURCE
from tests.performance.record import save


def main() -> None:
    """Measures, prints, and with --save keeps the figure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--block-seconds", type=float, default=1.0)
    parser.add_argument("--save", action="store_true")
    given = parser.parse_args()
    from input_pipelines.profiling.cost import own_cost

    with tempfile.TemporaryDirectory() as folder:
        taken = own_cost(_study(Path(folder), given.rounds, given.block_seconds))
    for what, share in asdict(taken).items():
        low, high = share["low"], share["high"]
        print(f"{what}: {share['value']:.2%} (95%: {low:.2%} to {high:.2%})")
    if given.save:
        save("profile_cost", {"rounds": given.rounds, **asdict(taken)})


def _study(folder: Path, rounds: int, block_seconds: float):
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
        rounds=rounds,
        block_seconds=block_seconds,
        tune=TuneSettings(),
        folder=folder,
    )


if __name__ == "__main__":
    main()
