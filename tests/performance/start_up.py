"""From the start to the first step: four workers of ours against four fresh Python processes.

    python -m tests.performance.start_up [--repeats 7] [--runs 3] [--save]

In every repeat, in an order that turns: a sweep of four-worker runs through the command line
(`python -m launcher -m …`), and four processes that do the same as a person writes it
(`fresh_worker`), for a model of one layer and for `jpeg_cnn`. Ratios compare within a repeat.

- a run inside a sweep (the second and later, their median): from its beginning to the end of the
  first step of the last task, as the step's own stamp says.
- the first run: from the start of the command, with its checks and TensorFlow's import.
- between runs: from the last word of a run's tasks to the start of the next run's; no report.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from launcher.addresses import choose_addresses
from launcher.cluster_plan import tf_config
from results.run_folder import STATUS, RunFolder, unix_seconds
from results.streams import STEPS, read_rows
from tests.performance import one_layer
from tests.performance.loop_against_fit import interval
from tests.performance.record import save

WORKERS = 4
WORKLOADS = {
    "one layer": ["workload._target_=tests.performance.one_layer.workload"],
    "jpeg_cnn": ["workload=jpeg_cnn"],
}
_PATIENCE_SECONDS = 180.0


@dataclass(frozen=True)
class Sweep:
    """Seconds of one command."""

    command_to_first_step: float
    run_to_first_step: list[float]
    """Of the second and every later run."""
    between_runs: list[float]


def ours(workload: str, runs: int, cache: Path, folder: Path) -> Sweep:
    """A sweep over `runs` seeds."""
    began = time.time()
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "launcher", "-m", "strategy=multiworker", f"workers={WORKERS}"),
            *WORKLOADS[workload],
            "seed=" + ",".join(map(str, range(runs))),
            "until.steps=30",
            "report=false",
            f"cache_folder={cache}",
            f"hydra.sweep.dir={folder}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise SystemExit(ended.stdout + ended.stderr)
    told = [_moments(RunFolder(folder / str(run))) for run in range(runs)]
    return Sweep(
        command_to_first_step=told[0].first_step - began,
        run_to_first_step=[each.first_step - each.began for each in told[1:]],
        between_runs=[after.tasks - before.ended for before, after in pairwise(told)],
    )


@dataclass(frozen=True)
class _Moments:
    """Of one run, unix seconds."""

    began: float
    tasks: float
    first_step: float
    """Its end in every task."""
    ended: float
    """The last word of its last task."""


def _moments(folder: RunFolder) -> _Moments:
    status, events = folder.read(STATUS), [folder.events(task) for task in folder.tasks()]
    steps = [read_rows(folder.task_folder(task), STEPS).to_pandas() for task in folder.tasks()]
    return _Moments(
        began=unix_seconds(status["started"]),
        tasks=status["tasks_started"],
        first_step=max(float(rows.start[0] + rows.seconds[0]) for rows in steps),
        ended=max(of[-1]["time"] for of in events),
    )


def fresh(workload: str, data: Path, folder: Path) -> float:
    """Seconds from the start of four fresh processes until each has made its first step."""
    folder.mkdir(parents=True)
    cluster = {"worker": list(choose_addresses(WORKERS, None))}
    quiet = {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "2"}
    answers = [folder / f"{index}.txt" for index in range(WORKERS)]
    command = [sys.executable, "-m", "tests.performance.fresh_worker", workload.replace(" ", "_")]
    began = time.time()
    processes = [
        subprocess.Popen(
            [*command, str(data), str(answer)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=(folder / f"{index}.log").open("wb"),
            env={**os.environ, **quiet, "TF_CONFIG": tf_config(cluster, "worker", index)},
        )
        for index, answer in enumerate(answers)
    ]
    try:
        while not all(answer.exists() for answer in answers):
            broken = [index for index, each in enumerate(processes) if each.poll() is not None]
            if broken or time.time() - began > _PATIENCE_SECONDS:
                log = (folder / f"{(broken or [0])[0]}.log").read_text(errors="replace")
                raise SystemExit(f"the fresh processes didn't get to a first step:\n{log[-3000:]}")
            time.sleep(0.02)
    finally:
        for process in processes:
            process.kill()
            process.wait()
    return max(float(answer.read_text()) for answer in answers) - began


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--repeats", type=int, default=7)
    arguments.add_argument("--runs", type=int, default=3, help="of each sweep, 2 or more")
    arguments.add_argument("--save", action="store_true")
    asked = arguments.parse_args()
    sweeps: dict[str, list[Sweep]] = {name: [] for name in WORKLOADS}
    plain: dict[str, list[float]] = {name: [] for name in WORKLOADS}
    with tempfile.TemporaryDirectory() as place:
        cache, arrays = Path(place) / "cache", Path(place) / "digits.npz"
        one_layer.write_arrays(arrays)
        for name in WORKLOADS:  # prepares the data
            ours(name, 1, cache, Path(place) / f"before-{name}")
        for repeat in range(asked.repeats):
            jobs: list[Callable[[], None]] = []
            for name in WORKLOADS:
                at = Path(place) / f"{repeat}-{name}"
                data = arrays if name == "one layer" else cache
                jobs += [
                    lambda name=name, at=at: sweeps[name].append(
                        ours(name, asked.runs, cache, at / "ours")
                    ),
                    lambda name=name, at=at, data=data: plain[name].append(
                        fresh(name, data, at / "fresh")
                    ),
                ]
            turn = repeat % len(jobs)
            for job in jobs[turn:] + jobs[:turn]:
                job()
            for name in WORKLOADS:
                print(repeat, name, f"fresh {plain[name][-1]:.2f} s,", sweeps[name][-1], flush=True)
    ratios = _ratios(sweeps, plain)
    for row in ratios:
        print(f"{row[0]:60} {row[1]:.3f} × ({row[2]:.3f} to {row[3]:.3f})")
    between = [seconds for of in sweeps.values() for each in of for seconds in each.between_runs]
    print(f"between runs: median {statistics.median(between):.2f} s, longest {max(between):.2f} s")
    if asked.save:
        save(
            "start_up",
            {
                "fresh_seconds": plain,
                "ours_seconds": {name: [vars(each) for each in of] for name, of in sweeps.items()},
                "between_runs_seconds": between,
                "ratios": ratios,
            },
        )


def _ratios(
    sweeps: dict[str, list[Sweep]], plain: dict[str, list[float]]
) -> list[tuple[str, float, float, float]]:
    """Rows (what, middle, low, high) of seconds of ours ÷ those of fresh processes."""
    rows = []
    for name, of in sweeps.items():
        later = [statistics.median(each.run_to_first_step) for each in of]
        first = [each.command_to_first_step for each in of]
        for what, seconds in (("a run inside a sweep", later), ("a command's first run", first)):
            paired = [own / other for own, other in zip(seconds, plain[name], strict=True)]
            rows.append((f"{name}: {what} ÷ {WORKERS} fresh processes", *interval(paired)))
    return rows


if __name__ == "__main__":
    main()
