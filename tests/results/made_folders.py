"""Run and sweep folders made through the real writers, for tests and for looking at reports.

python tests/results/made_folders.py <folder>      writes <folder>/run and <folder>/sweep
"""

import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.resources import Sample
from benchmarks.summary import summarize
from results.profiles import OPERATIONS
from results.run_folder import RunFolder
from results.streams import RESOURCES, STEPS, StreamWriter

WARMUP_STEPS = 10
START = 1_780_000_000.0
"""When made runs begin, unix seconds."""


@dataclass(frozen=True)
class Made:
    """One run to be made; defaults are a healthy small one."""

    strategy: str = "multiworker"
    workers: int = 2
    steps: int = 400
    batch: int = 32
    step_seconds: float = 0.0064
    wait_seconds: float = 0.0006
    workload: str = "digits_mlp"
    seed: int = 0
    state: str = "done"
    reason: str | None = None
    started: float = START
    quality: float = 0.962
    steps_per_call: int = 10
    overrides: tuple[str, ...] = ()


def task_names(made: Made) -> list[str]:
    """All tasks of the run, the way a plan names them."""
    if made.strategy == "parameter_server":
        return ["chief-0", *(f"worker-{i}" for i in range(made.workers)), "ps-0"]
    if made.strategy == "multiworker":
        return ["chief-0", *(f"worker-{i}" for i in range(made.workers - 1))]
    return ["chief-0"]


def training_tasks(made: Made) -> list[str]:
    names = [name for name in task_names(made) if not name.startswith("ps")]
    return names[1:] if made.strategy == "parameter_server" else names


def make_run(path: Path, made: Made, **status: Any) -> RunFolder:
    """Write a whole run folder, its summary included. `status` adds to or replaces fields of it."""
    folder = RunFolder(path)
    path.mkdir(parents=True, exist_ok=True)
    write_plan(folder, made)
    first_step, ended = made.started + 4.1, made.started + 4.1
    if made.state != "not_applicable":
        for task in task_names(made):
            write_events(folder, task, made, first_step)
        ended = write_steps(folder, made, first_step)
        for task in task_names(made):
            write_resources(folder, task, made, ended)
    folder.write(
        "status.json",
        {
            "state": made.state,
            "reason": made.reason,
            "cause": None,
            "started": iso(made.started - 4.0),
            "ended": iso(ended + 1.2),
            "exit_codes": dict.fromkeys(task_names(made), 0),
            "tasks_started": made.started,
            "preparation_seconds": 3.4,
            **status,
        },
    )
    folder.write("summary.json", summarize(folder))
    return folder


def make_profile(folder: RunFolder, operation: str = "dense/MatMul") -> None:
    """What is converted from the traces of a run's tasks: two operations."""
    rows = [
        {
            "operation": name,
            "kind": name.rpartition("/")[2],
            "place": "Host",
            "occurrences": 22,
            "self_seconds": seconds,
            "self_share": seconds / 0.4,
        }
        for name, seconds in ((operation, 0.3), ("dense/Relu", 0.1))
    ]
    folder.write(OPERATIONS, {"steps": [20, 30], "tasks": folder.tasks(), "operations": rows})


def iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="microseconds")


def write_plan(folder: RunFolder, made: Made) -> None:
    replicas = made.workers
    folder.write(
        "plan.json",
        {
            "experiment": {
                "strategy": {
                    "name": made.strategy,
                    "loop": "coordinator" if made.strategy == "parameter_server" else "synchronous",
                },
                "workers": made.workers,
                "ps": 1,
                "keras": 3,
                "workload": {"name": made.workload, "parameters": {"hidden": 128}},
                "source": {"name": "digits", "parameters": {}},
                "batch": {"per_replica": made.batch, "total": made.batch * replicas},
                "until": {"steps": made.steps, "seconds": None},
                "measure": {"warmup_steps": WARMUP_STEPS},
                "loop": {"steps_per_call": made.steps_per_call},
                "seed": made.seed,
            },
            "tasks": [
                {
                    "task": name,
                    "role": name.split("-")[0],
                    "index": int(name.split("-")[1]),
                    "address": f"127.0.0.1:{4000 + place}",
                    "env": {},
                    "gpus": [],
                    "pid": 1000 + place,
                }
                for place, name in enumerate(task_names(made))
            ],
            "engine": "local",
            "emulated": [],
            "overrides": [
                f"strategy={made.strategy}",
                f"workers={made.workers}",
                f"seed={made.seed}",
                *made.overrides,
            ],
        },
    )
    folder.write(
        "environment.json",
        {
            "versions": {"python": "3.11.7", "tensorflow": "2.21.0", "keras": "3.15.1"},
            "cpu_model": "AMD EPYC 7R13",
            "cores": 2,
            "memory_mb": 24000,
            "gpu": None,
            "load": [0.1, 0.2, 0.2],
            "git_revision": "0123456789abcdef",
        },
    )


def write_events(folder: RunFolder, task: str, made: Made, first_step: float) -> None:
    import json

    late = 0.05 * task_names(made).index(task)
    moments = {
        "process_started": 0.3,
        "imported": 2.2,
        "cluster_joined": 2.6,
        "data_ready": 2.9,
        "model_built": 3.2,
        "first_call_done": 4.1,
    }
    lines = [
        {"time": made.started + after + late, "event": name} for name, after in moments.items()
    ]
    if task == "chief-0" and made.state == "done":
        lines.append(
            {
                "time": first_step + made.steps * made.step_seconds,
                "event": "evaluated",
                "step": made.steps,
                "quality": made.quality,
                "quality_name": "accuracy",
                "quality_direction": "higher",
                "seconds": 0.2,
            }
        )
    place = folder.task_folder(task)
    place.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (place / "events.jsonl").write_text(text)
    (place / "log.txt").write_text(f"{task} began\nepoch 1\n")


def write_steps(folder: RunFolder, made: Made, first_step: float) -> float:
    """Rows of every training task; returns when the last step ended."""
    random = np.random.default_rng(made.seed)
    ended = first_step
    for task in training_tasks(made):
        seconds = made.step_seconds * np.exp(0.06 * random.standard_normal(made.steps))
        starts = first_step + np.concatenate([[0.0], np.cumsum(seconds)[:-1]])
        number = np.arange(1, made.steps + 1)
        noise = 0.05 * random.standard_normal(made.steps)
        loss = 0.08 + 2.2 * np.exp(-number / (made.steps / 5)) * (1 + noise)
        last_of_call = number % made.steps_per_call == 0
        writer = StreamWriter(folder.task_folder(task), STEPS)
        writer.append(
            {
                "step": number,
                "start": starts,
                "seconds": seconds,
                "wait_seconds": np.minimum(made.wait_seconds, seconds)
                * random.uniform(0.7, 1.3, made.steps),
                "examples": np.full(made.steps, made.batch * replicas_per_task(made)),
                "loss": np.where(last_of_call, loss, np.nan),
            }
        )
        writer.close(parquet=True)
        ended = max(ended, float(starts[-1] + seconds[-1]))
    return ended


def replicas_per_task(made: Made) -> int:
    return made.workers if made.strategy in ("mirrored", "central_storage") else 1


def write_resources(folder: RunFolder, task: str, made: Made, ended: float) -> None:
    random = np.random.default_rng(made.seed + len(task))
    times = np.arange(made.started + 0.3, ended + 0.5, 0.5)
    load = np.where(times < made.started + 2.2, 0.95, 0.6) * random.uniform(0.9, 1.05, len(times))
    memory = 90e6 + 420e6 * (1 - np.exp(-(times - times[0]) / 1.2))
    samples = [
        Sample(
            time=float(time),
            cpu_seconds=float(cpu),
            rss_bytes=int(rss),
            peak_rss_bytes=int(rss),
            read_bytes=1_000_000 * place,
            written_bytes=2_000 * place,
            voluntary_switches=50 * place,
            involuntary_switches=3 * place,
            sent_bytes=None if made.strategy == "one_device" else 700_000 * place,
            received_bytes=None if made.strategy == "one_device" else 690_000 * place,
            threads=24,
        )
        for place, (time, cpu, rss) in enumerate(
            zip(times, np.cumsum(load * 0.5), memory, strict=True)
        )
    ]
    writer = StreamWriter(folder.task_folder(task), RESOURCES)
    rows = [asdict(sample) for sample in samples]
    writer.append({name: [row[name] for row in rows] for name in rows[0]})
    writer.close(parquet=True)


FAILED = {
    "cause": {
        "task": "worker-0",
        "kind": "user",
        "message": "loss is NaN at step 118 in worker-0; lower the learning rate",
        "exit_code": 1,
        "signal": None,
        "step": 118,
        "log_tail": "step 110 loss 3.1\nstep 117 loss inf\nloss is NaN at step 118",
    },
    "exit_codes": {"chief-0": -9, "worker-0": 1},
}


def make_sweep(path: Path) -> Path:
    """Strategies × workers, one of them failed and one not applicable."""
    speeds = {
        ("one_device", 1): 0.0027,
        ("mirrored", 1): 0.0031,
        ("mirrored", 2): 0.0049,
        ("mirrored", 4): 0.0094,
        ("multiworker", 1): 0.0034,
        ("multiworker", 2): 0.0064,
        ("multiworker", 4): 0.0121,
        ("parameter_server", 1): 0.0071,
        ("parameter_server", 2): 0.0092,
        ("parameter_server", 4): 0.0178,
    }
    number = 0
    for (strategy, workers), seconds in speeds.items():
        started = START + 30 * number
        wait = 0.08 * seconds * (1 + number % 3)
        made = Made(strategy, workers, step_seconds=seconds, wait_seconds=wait, started=started)
        make_run(path / str(number), made)
        number += 1
    reason = "strategy=one_device computes once: workers=2 must be 1"
    not_applicable = Made("one_device", 2, state="not_applicable", reason=reason, started=started)
    make_run(path / str(number), not_applicable)
    failing = Made("multiworker", 2, steps=118, state="failed", seed=7, started=started + 60)
    make_run(path / str(number + 1), failing, **FAILED)
    return path


if __name__ == "__main__":
    where = Path(sys.argv[1])
    begun = time.perf_counter()
    make_run(where / "run", Made(workers=2, steps=3000))
    make_sweep(where / "sweep")
    print(f"made {where} in {time.perf_counter() - begun:.1f} s")
