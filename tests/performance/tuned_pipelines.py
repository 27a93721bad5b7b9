"""What `tune` finds, against every setting of a grid: how fast, and in which part of the time.

Each pipeline is wrong in a known way. The tuned one and the grid's best are measured again at the
end, in turns, with the one that was given.

    python -m tests.performance.tuned_pipelines [--only name …] [--save]
"""

import argparse
import itertools
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import tensorflow as tf

from input_pipelines.racing import Runner, on_few_examples, take_turns
from input_pipelines.settings import PipelineSettings
from input_pipelines.study import Study
from input_pipelines.tuning.study import tune
from launcher.study_task import study_of
from results.errors import UserError
from results.pipeline_file import TUNING, part
from results.run_folder import RunFolder
from results.statistics import paired
from tests.performance.record import save
from tests.runs import experiment

_JPEG = ("workload=jpeg_cnn", "source.parameters.examples=2048")
MISCONFIGURED: dict[str, tuple[str, ...]] = {
    "JPEG, one call at a time, nothing ahead": (
        *_JPEG,
        "pipeline.parallel_calls=1",
        "pipeline.parallel_reads=1",
        "pipeline.prefetch=0",
    ),
    "small files on storage of 10 ms a request, read one by one": (
        *_JPEG,
        "source.parameters.shards=64",
        "pipeline.parallel_reads=1",
        "emulate.storage.latency_ms=10",
    ),
    "CSV, one call at a time": (
        "workload=embedding",
        "source.parameters.examples=16384",
        "pipeline.parallel_calls=1",
        "pipeline.prefetch=0",
    ),
}
GRID = {
    "parallel_calls": (1, 2, 4, 16, None),
    "parallel_reads": (1, 4, 16),
    "prefetch": (0, None),
    "cache": ("none", "memory", "disk"),
    "deterministic": (True, False),
}
_GRID_BLOCK_SECONDS = 0.5
_ROUNDS = 7


def main() -> None:
    """Measures each pipeline and prints a line about it."""
    asked = _arguments()
    found = {}
    for name in asked.only or MISCONFIGURED:
        with tempfile.TemporaryDirectory(prefix="tuned-") as folder:
            found[name] = _measured(MISCONFIGURED[name], Path(folder), asked.tune_seconds)
        print(f"{name}: {_told(found[name])}", flush=True)
    if asked.save:
        save("tuned_pipelines", found)


def _measured(words: tuple[str, ...], folder: Path, tune_seconds: float) -> dict[str, Any]:
    asked = experiment(*words, f"tune.seconds={tune_seconds}", "measure.rounds=5")
    study = study_of(asked, folder)
    began = time.perf_counter()
    tune(study)
    tuning_seconds = time.perf_counter() - began
    tuning = part(RunFolder(folder), TUNING) or {}
    chosen = PipelineSettings(**{**tuning["chosen"], "service": study.feed.pipeline.service})
    began = time.perf_counter()
    best, tried = _grid(study)
    grid_seconds = time.perf_counter() - began
    rates = _again(study, {"given": study.feed.pipeline, "tuned": chosen, "grid": best})
    return {
        "words": words,
        "overrides": tuning["overrides"],
        "same": tuning["same"],
        "tuning_seconds": tuning_seconds,
        "grid_seconds": grid_seconds,
        "grid_settings": tried,
        "grid_best": {key: getattr(best, key) for key in GRID},
        "tuned_to_given": _ratio(rates["tuned"], rates["given"]),
        "tuned_to_grid": _ratio(rates["tuned"], rates["grid"]),
        "rates": rates,
    }


def _grid(study: Study) -> tuple[PipelineSettings, int]:
    """The fastest setting of the grid by one block each, and how many there were."""
    small, best, fastest, tried = on_few_examples(study), study.feed.pipeline, 0.0, 0
    for settings in _settings(study.feed.pipeline):
        tried += 1
        try:
            runner = Runner(small, settings, cold=study.feed.storage.emulated)
            runner.run(_GRID_BLOCK_SECONDS)
        except (UserError, tf.errors.OpError):
            continue
        rate = 1 / runner.seconds_per_batch()[0]
        if rate > fastest:
            best, fastest = settings, rate
    return best, tried


def _settings(given: PipelineSettings) -> Iterator[PipelineSettings]:
    for values in itertools.product(*GRID.values()):
        yield replace(given, **dict(zip(GRID, values, strict=True)))


def _again(study: Study, settings: dict[str, PipelineSettings]) -> dict[str, list[float]]:
    """Examples a second of each, over rounds in turns."""
    small = on_few_examples(study)
    runners = {
        name: Runner(small, each, cold=study.feed.storage.emulated)
        for name, each in settings.items()
    }
    take_turns(list(runners.values()), _ROUNDS, _GRID_BLOCK_SECONDS, seed=1)
    return {
        name: [study.batch / seconds for seconds in runner.seconds_per_batch()]
        for name, runner in runners.items()
    }


def _ratio(a: list[float], b: list[float]) -> dict[str, float]:
    found = paired(a, b)
    low, high = found.interval()
    return {"ratio": found.ratio, "low": low, "high": high}


def _told(found: dict[str, Any]) -> str:
    gained, kept = found["tuned_to_given"], found["tuned_to_grid"]
    share = found["tuning_seconds"] / found["grid_seconds"]
    return (
        f"{gained['ratio']:.1f} × ({gained['low']:.1f} to {gained['high']:.1f}) as fast as given; "
        f"{kept['ratio']:.2f} × ({kept['low']:.2f} to {kept['high']:.2f}) the best of "
        f"{found['grid_settings']} settings, in {share:.0%} of their time; {found['overrides']}"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", choices=list(MISCONFIGURED))
    parser.add_argument("--tune-seconds", type=float, default=30.0)
    parser.add_argument("--save", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
