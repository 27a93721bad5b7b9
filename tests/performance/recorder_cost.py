"""What the recorder costs: CPU microseconds a step, everything it does included.

    python -m tests.performance.recorder_cost [--calls 10000] [--repeats 3] [--save]

The process's own CPU clock runs over 10,000 calls paced at a `digits_mlp` step's 2.7 ms (so that
the recorder's thread wakes as often as it does beside training) and over the same without a
recorder; the difference, divided by the steps, is its cost. The pace makes it wait, not work.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.recorder import Recorder
from results.run_folder import RunFolder
from tests.performance.record import save

STEP_SECONDS = 0.0027
"""A `digits_mlp` step (shared facts); the recorder may cost 1% of it, 27 microseconds."""


def main() -> None:
    """Measure, print the table, save where asked."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--calls", type=int, default=10_000)
    arguments.add_argument("--repeats", type=int, default=3)
    arguments.add_argument("--save", action="store_true")
    asked = arguments.parse_args()
    warm_up()
    rows = []
    for steps_per_call in (1, 10):
        costs = [cost(asked.calls, steps_per_call) for _ in range(asked.repeats)]
        rows.append(
            {
                "steps_per_call": steps_per_call,
                "call_us": statistics.median(each["call_us"] for each in costs),
                "cpu_us_per_step": statistics.median(each["cpu_us_per_step"] for each in costs),
                "cpu_us_per_step_largest": max(each["cpu_us_per_step"] for each in costs),
            }
        )
    print(f"{asked.calls:,} calls, {asked.repeats} repeats; a step of {1000 * STEP_SECONDS} ms")
    print("steps a call   in the loop, us a call   all CPU, us a step   largest   of a step")
    for row in rows:
        share = row["cpu_us_per_step"] / (1e6 * STEP_SECONDS)
        print(
            f"{row['steps_per_call']:12}   {row['call_us']:22.2f}   {row['cpu_us_per_step']:18.2f}"
            f"   {row['cpu_us_per_step_largest']:7.2f}   {100 * share:8.2f}%"
        )
    if asked.save:
        save("recorder_cost", {"calls": asked.calls, "step_seconds": STEP_SECONDS, "rows": rows})


def warm_up() -> None:
    """Imports and first writes are paid once, before the first step."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Recorder(RunFolder(Path(folder)), "x") as recorder,
    ):
        recorder.steps(1, np.zeros(1), np.ones(1), np.zeros(1), 32, 0.5)


def cost(calls: int, steps_per_call: int) -> dict[str, float]:
    """CPU of `calls` calls with a recorder less that of the same pace without one."""
    without = paced(calls, steps_per_call, None)
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(RunFolder(Path(folder)), "chief-0")
        used = paced(calls, steps_per_call, recorder)
        in_loop = in_the_loop(recorder, steps_per_call)
        recorder.close()
    return {
        "cpu_us_per_step": 1e6 * (used - without) / (calls * steps_per_call),
        "call_us": in_loop,
    }


def paced(calls: int, steps_per_call: int, recorder: Recorder | None) -> float:
    """CPU seconds of the process over `calls` calls, at most 30 s of them at the real pace.

    The rest of the calls come as fast as they can: their rows are built and written all the same.
    """
    pause = STEP_SECONDS * steps_per_call
    real = min(calls, int(30 / pause))
    begun = time.process_time()
    for call in range(calls):
        columns = np.empty((3, steps_per_call))
        columns[0] = time.time()
        columns[1] = STEP_SECONDS
        columns[2] = 0.0001
        if recorder is not None:
            recorder.steps(1 + call * steps_per_call, *columns, 32, 0.5)
        if call < real:
            time.sleep(pause)
    if recorder is not None:
        recorder.flush()
    return time.process_time() - begun


def in_the_loop(recorder: Recorder, steps_per_call: int) -> float:
    """Microseconds that the training loop itself waits for one call."""
    columns = np.zeros((3, steps_per_call))
    begun = time.perf_counter()
    for call in range(1000):
        recorder.steps(1 + call * steps_per_call, *columns, 32, 0.5)
    return 1e3 * (time.perf_counter() - begun)


if __name__ == "__main__":
    main()
