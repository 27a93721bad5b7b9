"""The cores of emulated hosts: CPU time that a process got, against what was asked for, and how
evenly it came.

python -m tests.performance.emulated_hosts [--rounds 15] [--seconds 2] [--save]

In each round a process computes without a pause on a host of each size, one host after the other.
It tells, by its own accounting, its CPU seconds a second, and how long pieces of work lasted that
take 2 ms of CPU: on half a core 4 ms, where its share came evenly. The machine must have a core to
spare: a process can't get more than others leave it.
"""

import argparse
import json
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from launcher.engines import Group, Host, TaskProcess
from launcher.engines.local import LocalEngine
from results.statistics.order_statistics import median_interval
from tests.performance.record import save

ASKED_CORES = (0.25, 0.5, 1.0)
_PIECE_SECONDS = 0.002
"""As a small model's step takes."""
_COMPUTE = "tests.performance.emulated_hosts:compute"
_PATIENCE_SECONDS = 60.0


def main() -> None:
    """Measures, prints, and with --save keeps the figure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--save", action="store_true")
    given = parser.parse_args()
    found = measured(given.rounds, given.seconds)
    for asked, of in found.items():
        print(
            f"{asked} cores asked: {of['got_cores']:.4f} ({of['confidence']:.0%}: {of['low']:.4f} "
            f"to {of['high']:.4f}) in the median round, "
            f"{of['least_cores']:.4f} to {of['most_cores']:.4f} in all; a piece of 2 ms took "
            f"{of['piece_ms']:.2f} ms in the median, {of['short_piece_ms']:.2f} to "
            f"{of['long_piece_ms']:.2f} in 90% of cases"
        )
    if given.save:
        conditions = {"rounds": given.rounds, "seconds": given.seconds}
        save("emulated_hosts", conditions | {"asked_cores": found})


def measured(rounds: int, seconds: float) -> dict[str, dict[str, float]]:
    """By the cores asked for: what a process got, the median over rounds with its interval, and
    what pieces of work took, medians and 5% and 95% quantiles over all of them."""
    told: dict[float, list[dict[str, Any]]] = {asked: [] for asked in ASKED_CORES}
    with (
        tempfile.TemporaryDirectory() as place,
        closing(LocalEngine("spawn")) as engine,
        closing(engine.open(Path(place), (), True, lambda: False)) as group,
    ):
        for number in range(rounds):
            for asked in ASKED_CORES:
                told[asked].append(_told(group, asked, seconds, Path(place), number))
    return {f"{asked:g}": _summary(of) for asked, of in told.items()}


def compute(seconds: str, answer: str) -> None:
    """In a process: tells `cores`, CPU seconds a second, and `pieces`, seconds each."""
    pieces: list[float] = []
    began, used = time.perf_counter(), time.process_time()
    end, piece_began, piece_used = began + float(seconds), began, used
    while (now := time.perf_counter()) < end:
        used_now = time.process_time()
        if used_now - piece_used >= _PIECE_SECONDS:
            pieces.append(now - piece_began)
            piece_began, piece_used = now, used_now
    cores = (time.process_time() - used) / (time.perf_counter() - began)
    Path(answer).write_text(json.dumps({"cores": cores, "pieces": pieces}))


def _told(group: Group, asked: float, seconds: float, place: Path, number: int) -> dict[str, Any]:
    answer, name = place / f"{asked}-{number}.json", f"host-of-{asked}"
    words, log = [str(seconds), str(answer)], place / "log.txt"
    host = Host(name, cores=asked)
    group.start(TaskProcess(name, _COMPUTE, words, {}, log, host=host))
    code = group.poll(_PATIENCE_SECONDS + seconds)[name].code
    assert code == 0, log.read_text()
    answered: dict[str, Any] = json.loads(answer.read_text())
    return answered


def _summary(told: list[dict[str, Any]]) -> dict[str, float]:
    cores = [float(each["cores"]) for each in told]
    short, median, long = np.quantile(
        [p for each in told for p in each["pieces"]], (0.05, 0.5, 0.95)
    )
    interval = median_interval(cores)
    return {
        "got_cores": interval.median,
        "low": interval.low,
        "high": interval.high,
        "confidence": interval.confidence,
        "least_cores": min(cores),
        "most_cores": max(cores),
        "piece_ms": 1000 * float(median),
        "short_piece_ms": 1000 * float(short),
        "long_piece_ms": 1000 * float(long),
    }


if __name__ == "__main__":
    main()
