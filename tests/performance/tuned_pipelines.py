"""What `tune` finds, against every setting of a grid: how fast, and in which part of the time.

Each pipeline is wrong in a known way; with `--well-written` each leaves all to AUTOTUNE, and there
is no grid. The tuned one and the grid's best are measured again at the end, in turns, with the one
that was given.

    python -m tests.performance.tuned_pipelines [--well-written] [--tune-seconds 30] [--save]
"""

import argparse
import itertools
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
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
    "CSV, one call at a time, nothing ahead": (
        "workload=embedding",
        "source.parameters.examples=16384",
        "pipeline.parallel_calls=1",
        "pipeline.prefetch=0",
    ),
    "JPEG, one call at a time, nothing ahead": (
        *_JPEG,
        "pipeline.parallel_calls=1",
        "pipeline.parallel_reads=1",
        "pipeline.prefetch=0",
    ),
    "small files read one by one from storage of 50 ms a request": (
        *_JPEG,
        "source.parameters.shards=128",
        "pipeline.parallel_calls=1",
        "pipeline.parallel_reads=1",
        "pipeline.prefetch=0",
        "emulate.storage.latency_ms=50",
    ),
}
WELL_WRITTEN: dict[str, tuple[str, ...]] = {
    "JPEG, all left to AUTOTUNE": _JPEG,
    "CSV, all left to AUTOTUNE": ("workload=embedding", "source.parameters.examples=16384"),
    "digits, cached, all left to AUTOTUNE": ("workload=digits_mlp", "pipeline.cache=memory"),
    "JPEG, its order to be kept, all left to AUTOTUNE": (*_JPEG, "deterministic=true"),
}
GRID = {
    "parallel_calls": (1, 2, 8, None),
    "parallel_reads": (1, 4, 16),
    "prefetch": (0, None),
    "cache": ("none", "memory", "disk"),
    "deterministic": (True, False),
    "batch_first": (False, True),
}
_BLOCK_SECONDS = 0.5
_ROUNDS = 7
_FINALISTS = 6
"""Of the grid by one block each: a single one flatters whichever was lucky."""


def main() -> None:
    """Measures each pipeline and prints a line about it."""
    asked = _arguments()
    pipelines = WELL_WRITTEN if asked.well_written else MISCONFIGURED
    found = {}
    for name, words in pipelines.items():
        with tempfile.TemporaryDirectory(prefix="tuned-") as folder:
            tuned = _tuned(words, Path(folder), asked.tune_seconds)
            found[name] = _alone(tuned) if asked.well_written else _against_grid(tuned)
        print(f"{name}: {_told(found[name])}", flush=True)
        if asked.save:
            save("tuned_well_written" if asked.well_written else "tuned_pipelines", found)


@dataclass(frozen=True)
class _Tuned:
    """What `tune` made of a pipeline."""

    words: tuple[str, ...]
    study: Study
    chosen: PipelineSettings
    record: dict[str, Any]
    seconds: float


def _tuned(words: tuple[str, ...], folder: Path, tune_seconds: float) -> _Tuned:
    asked = experiment(*words, f"tune.seconds={tune_seconds}", "measure.rounds=5")
    study = study_of(asked, folder)
    began = time.perf_counter()
    tune(study)
    seconds = time.perf_counter() - began
    record = part(RunFolder(folder), TUNING) or {}
    chosen = PipelineSettings(**{**record["chosen"], "service": study.feed.pipeline.service})
    return _Tuned(words, study, chosen, record, seconds)


def _alone(tuned: _Tuned) -> dict[str, Any]:
    """Against what was given, measured again."""
    rates = _again(tuned.study, {"given": tuned.study.feed.pipeline, "tuned": tuned.chosen})
    return {
        "words": tuned.words,
        "overrides": tuned.record["overrides"],
        "same": tuned.record["same"],
        "tuning_seconds": tuned.seconds,
        "tuned_to_given": _ratio(rates["tuned"], rates["given"]),
        "rates": rates,
    }


def _against_grid(tuned: _Tuned) -> dict[str, Any]:
    began = time.perf_counter()
    best, tried = _grid(tuned.study)
    grid_seconds = time.perf_counter() - began
    given = tuned.study.feed.pipeline
    rates = _again(tuned.study, {"given": given, "tuned": tuned.chosen, "grid": best})
    return {
        "words": tuned.words,
        "overrides": tuned.record["overrides"],
        "same": tuned.record["same"],
        "tuning_seconds": tuned.seconds,
        "grid_seconds": grid_seconds,
        "grid_settings": tried,
        "grid_best": {key: getattr(best, key) for key in GRID},
        "tuned_to_given": _ratio(rates["tuned"], rates["given"]),
        "tuned_to_grid": _ratio(rates["tuned"], rates["grid"]),
        "rates": rates,
    }


def _grid(study: Study) -> tuple[PipelineSettings, int]:
    """The fastest setting of the grid, and how many there are: one block of each, then the fastest
    few in turns."""
    found: list[tuple[float, int, PipelineSettings]] = []
    every = list(_settings(study.feed.pipeline))
    for number, settings in enumerate(every):
        try:
            runner = _runner(study, settings)
            runner.run(_BLOCK_SECONDS)
        except (UserError, tf.errors.OpError):
            continue
        found.append((1 / runner.seconds_per_batch()[0], number, settings))
    fastest = sorted(found, reverse=True)[:_FINALISTS]
    rates = _again(study, {str(number): settings for _, number, settings in fastest})
    best = max(fastest, key=lambda each: median(rates[str(each[1])]))
    return best[2], len(every)


def _settings(given: PipelineSettings) -> Iterator[PipelineSettings]:
    for values in itertools.product(*GRID.values()):
        yield replace(given, **dict(zip(GRID, values, strict=True)))


def _runner(study: Study, settings: PipelineSettings) -> Runner:
    return Runner(on_few_examples(study), settings, cold=study.feed.storage.emulated)


def _again(study: Study, settings: dict[str, PipelineSettings]) -> dict[str, list[float]]:
    """Examples a second of each, over rounds in turns."""
    runners = {name: _runner(study, each) for name, each in settings.items()}
    take_turns(list(runners.values()), _ROUNDS, _BLOCK_SECONDS, seed=1)
    return {
        name: [study.batch / seconds for seconds in runner.seconds_per_batch()]
        for name, runner in runners.items()
    }


def _ratio(a: list[float], b: list[float]) -> dict[str, float]:
    found = paired(a, b)
    low, high = found.interval()
    return {"ratio": found.ratio, "low": low, "high": high}


def _told(found: dict[str, Any]) -> str:
    gained = found["tuned_to_given"]
    line = f"{gained['ratio']:.2f} × ({gained['low']:.2f} to {gained['high']:.2f}) as fast as given"
    if "tuned_to_grid" in found:
        kept, share = found["tuned_to_grid"], found["tuning_seconds"] / found["grid_seconds"]
        line += (
            f"; {kept['ratio']:.2f} × ({kept['low']:.2f} to {kept['high']:.2f}) the best of "
            f"{found['grid_settings']} settings, in {share:.0%} of their time"
        )
    return f"{line}; {' '.join(found['overrides']) or 'nothing changed'}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--well-written", action="store_true")
    parser.add_argument("--tune-seconds", type=float, default=30.0)
    parser.add_argument("--save", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
