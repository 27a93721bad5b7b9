"""Our loop against tf_keras `fit` and against PyTorch DDP: milliseconds a step, two workers.

    python -m tests.performance.loop_against_fit [--repeats 7] [--save]

Every repeat runs all of them one after the other, in an order that turns; a ratio compares runs of
the same repeat. Steps are timed alike: wall time over the steps after the warm-up.
"""

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import numpy as np
import scipy.stats

from launcher.addresses import choose_addresses
from launcher.cluster_plan import tf_config
from launcher.engines import Group, TaskProcess
from launcher.engines.local import LocalEngine
from launcher.session import Session
from results.streams import STEPS, read_rows
from tests.performance.record import save
from tests.runs import run

WARMUP, STEPS_EACH = 100, 400
WORKERS = 2
KERAS_3, KERAS_2, FIT, DDP = "ours, Keras 3", "ours, tf_keras", "tf_keras fit", "PyTorch DDP, gloo"
SHARED_CORES = "ours, Keras 3, launch.pin_cores=false"


def ours(session: Session, folder: Path, keras: int, steps_per_call: int, *more: str) -> float:
    outcome, run_folder = run(
        session,
        folder,
        "strategy=multiworker",
        f"workers={WORKERS}",
        f"keras={keras}",
        "workload._target_=tests.performance.cnn.workload",
        "source=array",
        "source.parameters.arrays=tests.performance.cnn.arrays",
        "batch.per_replica=64",
        "pipeline.shuffle=0",
        f"until.steps={STEPS_EACH}",
        f"loop.steps_per_call={steps_per_call}",
        *more,
    )
    if outcome.state != "done":
        raise SystemExit(f"{outcome.reason}\n{outcome.log_tail}")
    rows = read_rows(run_folder.task_folder("chief-0"), STEPS).to_pandas()
    return 1000 * float(rows.seconds[rows.step > WARMUP].mean())


def fit(group: Group, folder: Path, steps_per_call: int) -> float:
    folder.mkdir(parents=True)
    addresses = choose_addresses(WORKERS, None)
    cluster = {"chief": addresses[:1], "worker": addresses[1:]}
    tasks = [("chief", 0), *(("worker", index) for index in range(WORKERS - 1))]
    answer = folder / "answer.json"
    for role, index in tasks:
        group.start(
            TaskProcess(
                name=f"{role}-{index}",
                function="tests.performance.fit_worker:main",
                arguments=[str(STEPS_EACH), str(WARMUP), str(steps_per_call), str(answer)],
                environment={
                    "TF_CONFIG": tf_config(cluster, role, index),
                    "TF_USE_LEGACY_KERAS": "1",
                    "CUDA_VISIBLE_DEVICES": "-1",
                },
                log=folder / f"{role}-{index}.txt",
            )
        )
    ended: dict = {}
    while len(ended) < len(tasks):
        ended |= group.poll(1.0)
    if not answer.exists():
        raise SystemExit((folder / "chief-0.txt").read_text()[-3000:])
    return json.loads(answer.read_text())


def ddp(folder: Path) -> float:
    folder.mkdir(parents=True)
    port = choose_addresses(1, None)[0].rpartition(":")[2]
    answer = folder / "answer.json"
    command = [sys.executable, "-m", "tests.performance.ddp_worker"]
    asked = [str(WORKERS), port, str(STEPS_EACH), str(WARMUP), str(answer)]
    processes = [subprocess.Popen([*command, str(rank), *asked]) for rank in range(WORKERS)]
    if any(process.wait() for process in processes):
        raise SystemExit("PyTorch's processes failed")
    return json.loads(answer.read_text())


def interval(ratios: list[float]) -> tuple[float, float, float]:
    """Median of paired ratios and its 95% interval (t, on logarithms)."""
    logs = np.log(ratios)
    half = scipy.stats.t.ppf(0.975, len(logs) - 1) * logs.std(ddof=1) / len(logs) ** 0.5
    return float(np.median(ratios)), *(float(np.exp(logs.mean() + s * half)) for s in (-1, 1))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--repeats", type=int, default=7)
    arguments.add_argument("--save", action="store_true")
    asked = arguments.parse_args()
    measured: dict[tuple[str, int], list[float]] = {}
    with (
        tempfile.TemporaryDirectory() as place,
        Session() as session,
        closing(LocalEngine("fork")) as engine,
        closing(engine.open(Path(place), (), False, lambda: False)) as group,
    ):
        for repeat in range(asked.repeats):
            folder = Path(place) / str(repeat)
            jobs = {}
            for k in (1, 10):
                at = folder / str(k)
                jobs[KERAS_3, k] = lambda at=at, k=k: ours(session, at / "keras3", 3, k)
                jobs[KERAS_2, k] = lambda at=at, k=k: ours(session, at / "keras2", 2, k)
                jobs[SHARED_CORES, k] = lambda at=at, k=k: ours(
                    session, at / "shared", 3, k, "launch.pin_cores=false"
                )
                jobs[FIT, k] = lambda at=at, k=k: fit(group, at / "fit", k)
            if importlib.util.find_spec("torch"):
                jobs[DDP, 1] = lambda folder=folder: ddp(folder / "ddp")
            names = list(jobs)
            for name in names[repeat % len(names) :] + names[: repeat % len(names)]:
                measured.setdefault(name, []).append(jobs[name]())
                print(repeat, *name, f"{measured[name][-1]:.2f} ms", flush=True)
    table = []
    for k in (1, 10):
        for name in (KERAS_3, KERAS_2, SHARED_CORES):
            ratios = [f / o for f, o in zip(measured[FIT, k], measured[name, k], strict=True)]
            table.append([f"{FIT} ÷ {name}, {k} a call", *interval(ratios)])
    if (DDP, 1) in measured:
        ratios = [d / o for d, o in zip(measured[DDP, 1], measured[KERAS_3, 1], strict=True)]
        table.append([f"{DDP} ÷ {KERAS_3}, 1 a call", *interval(ratios)])
    milliseconds = {f"{name}, {k} a call": values for (name, k), values in measured.items()}
    for name, values in milliseconds.items():
        print(f"{name:32} median {np.median(values):7.2f} ms a step")
    for name, middle, low, high in table:
        print(f"{name:44} {middle:5.2f} × ({low:.2f} to {high:.2f})")
    if asked.save:
        save("loop_against_fit", {"milliseconds_a_step": milliseconds, "ratios": table})


if __name__ == "__main__":
    main()
