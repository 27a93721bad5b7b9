"""When tf.data service pays: throughput with data workers against without, on three inputs.

    python -m tests.performance.data_service [--repeats 7] [--seconds 8] [--save]

waits      5 ms an example that take a thread and no core, as a call to another machine
computes   about a millisecond of a core, in TensorFlow's threads, which use all cores anyway
python     a millisecond of Python, under the one lock of its process

Each is trained on by one process: by itself, by itself with more calls and threads (which is all
that waiting asks for), and with one and two data workers on the same cores. Every repeat runs all
of them one after the other, in an order that turns; a ratio compares runs of the same repeat. Speed
is all examples over all seconds after the warm-up, for what comes in bursts has no typical step.
"""

import argparse
import itertools
import tempfile
from pathlib import Path

import numpy as np

from launcher.session import Session
from results.statistics import paired
from results.streams import STEPS, read_rows
from tests.performance.record import save
from tests.runs import run

WARMUP = 20
INPUTS = {"waits": "waits", "computes": "computes", "python": "runs_python"}
ALONE = "alone"
WAYS = {
    ALONE: (),
    "alone, 16 threads": ("pipeline.parallel_calls=16", "pipeline.threads=16"),
    "1 data worker": ("pipeline.service.workers=1",),
    "2 data workers": ("pipeline.service.workers=2",),
}


def examples_per_second(
    session: Session, folder: Path, workload: str, seconds: float, overrides: tuple[str, ...]
) -> float:
    outcome, run_folder = run(
        session,
        folder,
        "strategy=one_device",
        f"workload._target_=tests.performance.served_input.{workload}",
        "batch.per_replica=16",
        "loop.steps_per_call=1",
        f"measure.warmup_steps={WARMUP}",
        f"until.seconds={seconds}",
        "report=false",
        *overrides,
    )
    if outcome.state != "done":
        raise SystemExit(f"{outcome.reason}\n{outcome.log_tail}")
    rows = read_rows(run_folder.task_folder("chief-0"), STEPS).to_pandas()
    rows = rows[rows.step > WARMUP]
    return float(rows.examples.sum() / rows.seconds.sum())


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--repeats", type=int, default=7)
    arguments.add_argument("--seconds", type=float, default=8.0)
    arguments.add_argument("--save", action="store_true")
    asked = arguments.parse_args()
    pairs = list(itertools.product(INPUTS, WAYS))
    measured: dict[tuple[str, str], list[float]] = {pair: [] for pair in pairs}
    with tempfile.TemporaryDirectory() as place, Session() as session:
        for repeat in range(asked.repeats):
            turn = repeat * len(WAYS) // 2 % len(pairs)
            for number, (kind, way) in enumerate(pairs[turn:] + pairs[:turn]):
                folder = Path(place) / f"{repeat}-{number}"
                speed = examples_per_second(session, folder, INPUTS[kind], asked.seconds, WAYS[way])
                measured[kind, way].append(speed)
                print(repeat, f"{kind:10}", f"{way:24}", f"{speed:8.0f} examples/s", flush=True)
    ratios = []
    for kind, way in pairs:
        middle = float(np.median(measured[kind, way]))
        line = f"{kind:10} {way:24} {middle:8.0f} examples/s"
        if way != ALONE and asked.repeats > 1:
            found = paired(measured[kind, way], measured[kind, ALONE])
            low, high = found.interval()
            ratios.append([kind, way, found.ratio, low, high])
            line += f", {found.ratio:.2f} times ({low:.2f} to {high:.2f}) as fast as alone"
        print(line)
    if asked.save:
        speeds = {f"{kind}, {way}": values for (kind, way), values in measured.items()}
        save("data_service", {"examples_per_second": speeds, "ratios": ratios})


if __name__ == "__main__":
    main()
