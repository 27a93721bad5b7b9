"""On a real Slurm of four nodes and a real Ray of five, all on this machine: how soon a run takes
its first step, and how soon a lost node is known.

    python -m tests.performance.cluster_engines [--repeats 5] [--lost 3] [--save]

- first step: from the start of the command to the end of the first call of the last of four
  workers, on idle nodes, beside the local engine's first run in the same repeat, in turns.
- lost node: all that runs on the node of one of two workers is ended by SIGKILL at once, its daemon
  included; from then to the end of the start that it broke, with the cause known and named.
"""

import argparse
import os
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil

from results.run_folder import LOG, PLAN, STATUS, RunFolder
from results.statistics import paired
from tests.engines.beds import BEDS, Bed, RayBed, SlurmBed
from tests.engines.ray_cluster import ray_cluster
from tests.faults.commands import LONG, Command
from tests.faults.running import pids_printing_to, until
from tests.performance.record import save

WORKERS = 4
LOCAL = "local"
_SHORT = ("until.steps=30", "hydra.run.dir=run", "report=false")
_NAMED_SECONDS = 120.0


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--repeats", type=int, default=5)
    arguments.add_argument("--lost", type=int, default=3)
    arguments.add_argument("--save", action="store_true")
    asked = arguments.parse_args()
    measured = {
        "workers": WORKERS,
        "first_step": first_steps(asked.repeats),
        "lost_node_seconds": {
            "slurm": [lost_on_slurm() for _ in range(asked.lost)],
            "ray": [lost_on_ray() for _ in range(asked.lost)],
        },
    }
    print(measured["lost_node_seconds"])
    if asked.save:
        save("cluster_engines", measured)


def first_steps(repeats: int) -> dict[str, Any]:
    """Seconds of each engine, and their ratio to the local one's, by engine."""
    seconds: dict[str, list[float]] = {LOCAL: [], "slurm": [], "ray": []}
    with ExitStack() as up:
        slurm, ray = SlurmBed(), RayBed()
        up.enter_context(slurm.cluster(Path(up.enter_context(tempfile.TemporaryDirectory()))))
        address = up.enter_context(ray_cluster(nodes=WORKERS + 1)).address
        ray.words = ("engine=ray", f"engine.address={address}")
        slurm.words = ("engine=slurm", f"engine.nodes={WORKERS}")
        beds = {LOCAL: BEDS[LOCAL], "slurm": slurm, "ray": ray}
        for repeat in range(repeats):
            names = list(beds)
            for name in names[repeat % len(names) :] + names[: repeat % len(names)]:
                seconds[name].append(_first_step(beds[name]))
                print(repeat, name, f"{seconds[name][-1]:.1f} s", flush=True)
    return {
        name: {"seconds": each, "to_local": _ratio(each, seconds[LOCAL])}
        for name, each in seconds.items()
    }


def _first_step(bed: Bed) -> float:
    with tempfile.TemporaryDirectory() as place:
        began = time.time()
        words = ("strategy=multiworker", f"workers={WORKERS}", *_SHORT)
        command = bed.start(Path(place), *words)
        code, said = command.end(300)
        if code != 0:
            raise SystemExit(said)
        tasks = [each["task"] for each in command.run.read(PLAN)["tasks"]]
        return max(_first_call(command.run, task) for task in tasks) - began


def _first_call(run: RunFolder, task: str) -> float:
    (moment,) = [each["time"] for each in run.events(task) if each["event"] == "first_call_done"]
    return float(moment)


def _ratio(ours: list[float], local: list[float]) -> dict[str, float]:
    found = paired(ours, local)
    low, high = found.interval()
    return {"ratio": found.ratio, "low": low, "high": high}


def lost_on_slurm() -> float:
    """Seconds."""
    bed = SlurmBed()
    with tempfile.TemporaryDirectory() as place, bed.cluster(Path(place)) as cluster:
        return _lost(bed, Path(place), lambda host, pid: cluster.kill(host))


def lost_on_ray() -> float:
    """Seconds."""
    bed = RayBed()
    with tempfile.TemporaryDirectory() as place, bed.cluster(Path(place)):
        return _lost(bed, Path(place), _kill_node_of)


def _lost(bed: Bed, place: Path, kill: Callable[[str, int], None]) -> float:
    command = bed.start(place, "strategy=multiworker", "workers=2", *LONG)
    command.wait_for("worker-0", "first_call_done")
    log = command.run.task_folder("worker-0") / LOG
    (number,) = [
        number
        for number, each in enumerate(command.run.read(PLAN)["tasks"])
        if each["task"] == "worker-0"
    ]
    host = str(command.run.read(f".host-{number}.json")["host"])
    (pid, *_) = pids_printing_to(log)
    kill(host, pid)
    lost = time.time()
    return _named_after(command, lost)


def _named_after(command: Command, lost: float) -> float:
    until(lambda: command.run.read(STATUS)["state"] != "running", _NAMED_SECONDS)
    status = command.run.read(STATUS)
    (attempt,) = status["attempts"]
    if "was lost with its host" not in attempt["cause"]["message"]:
        raise SystemExit(f"another cause: {attempt['cause']}")
    command.end()
    return float(attempt["ended"]) - lost


def _kill_node_of(host: str, pid: int) -> None:
    """The raylet above that process, and all that it has started."""
    above = psutil.Process(pid).parents()
    raylet = next(process for process in above if process.name() == "raylet")
    for process in (raylet, *raylet.children(recursive=True)):
        try:
            os.kill(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


if __name__ == "__main__":
    main()
