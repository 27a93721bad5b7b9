"""What `tune` finds, against every setting of a grid: how fast, and in which part of the time.

Each pipeline is wrong in a known way; with `--well-written` each leaves all to AUTOTUNE, and there
is no grid. The tuned one and the grid's best are measured again at the end, in turns, with the one
that was given. `--only <name> …` takes some of the pipelines and keeps what was saved of others;
`--keep-grid` takes the grid's best setting and its time from what was saved, and only tunes anew.

    python -m tests.performance.tuned_pipelines [--well-written] [--tune-seconds 30] [--save]
"""

import argparse
import itertools
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

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
from tests.performance.record import save, saved
from tests.runs import experiment

_T = TypeVar("_T")

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
_PART = 48
"""Settings that one process tries."""
_BLOCK_SECONDS = 0.5
_ROUNDS = 7
_LAST_ROUNDS = 21
"""Of the ratios that are told."""
_FINALISTS = 6
"""Of the grid by one block each: a single one flatters whichever was lucky."""


def main() -> None:
    """Measures each pipeline and prints a line about it."""
    asked = _arguments()
    pipelines = WELL_WRITTEN if asked.well_written else MISCONFIGURED
    figure = "tuned_well_written" if asked.well_written else "tuned_pipelines"
    before = saved(figure)
    found = dict(before) if asked.only else {}
    for name in asked.only or pipelines:
        with tempfile.TemporaryDirectory(prefix="tuned-") as folder:
            given = _Given(pipelines[name], Path(folder), asked.tune_seconds)
            if asked.well_written:
                found[name] = _alone(given)
            else:
                found[name] = _against_grid(given, before[name] if asked.keep_grid else None)
        print(f"{name}: {_told(found[name])}", flush=True)
        if asked.save:
            save(figure, found, kept=bool(asked.only) or asked.keep_grid)


@dataclass(frozen=True)
class _Given:
    """A pipeline as it was given."""

    words: tuple[str, ...]
    folder: Path
    tune_seconds: float

    def study(self) -> Study:
        """To be made in each process anew."""
        asked = (f"tune.seconds={self.tune_seconds}", "measure.rounds=5")
        return study_of(experiment(*self.words, *asked), self.folder)


@dataclass(frozen=True)
class _Tuned:
    """What `tune` made of a pipeline."""

    given: PipelineSettings
    chosen: PipelineSettings
    record: dict[str, Any]
    seconds: float


def _apart(work: Callable[..., _T], *given: Any) -> _T:
    """What `work` returns, from a process of its own: an iterator that was let go may keep its
    buffers and threads, so what was tried before would slow what is tried next."""
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(work, *given).result()


def _tuned(given: _Given) -> _Tuned:
    study = given.study()
    began = time.perf_counter()
    tune(study)
    seconds = time.perf_counter() - began
    record = part(RunFolder(given.folder), TUNING) or {}
    before = study.feed.pipeline
    chosen = PipelineSettings(**{**record["chosen"], "service": before.service})
    return _Tuned(before, chosen, record, seconds)


def _alone(given: _Given) -> dict[str, Any]:
    """Against what was given, measured again."""
    tuned = _apart(_tuned, given)
    rates = _apart(_in_turns, given, {"given": tuned.given, "tuned": tuned.chosen}, _LAST_ROUNDS)
    return {
        "words": given.words,
        "overrides": tuned.record["overrides"],
        "same": tuned.record["same"],
        "tuning_seconds": tuned.seconds,
        "tuned_to_given": _ratio(rates["tuned"], rates["given"]),
        "rates": rates,
    }


def _against_grid(given: _Given, before: dict[str, Any] | None) -> dict[str, Any]:
    """`before`: what was measured before, whose grid is kept; None makes the grid."""
    tuned = _apart(_tuned, given)
    every = list(_settings(tuned.given))
    if before is None:
        best, grid_seconds = _best_of_grid(given, every)
    else:
        best, grid_seconds = replace(tuned.given, **before["grid_best"]), before["grid_seconds"]
    settings = {"given": tuned.given, "tuned": tuned.chosen, "grid": best}
    rates = _apart(_in_turns, given, settings, _LAST_ROUNDS)
    return {
        "words": given.words,
        "overrides": tuned.record["overrides"],
        "same": tuned.record["same"],
        "tune_seconds": given.tune_seconds,
        "tuning_seconds": tuned.seconds,
        "grid_seconds": grid_seconds,
        "grid_settings": len(every),
        "grid_best": {key: getattr(best, key) for key in GRID},
        "tuned_to_given": _ratio(rates["tuned"], rates["given"]),
        "tuned_to_grid": _ratio(rates["tuned"], rates["grid"]),
        "rates": rates,
    }


def _best_of_grid(given: _Given, every: list[PipelineSettings]) -> tuple[PipelineSettings, float]:
    """The fastest setting, and the seconds that finding it took."""
    parts = [every[start : start + _PART] for start in range(0, len(every), _PART)]
    first = [_apart(_one_block_each, given, part_of) for part_of in parts]
    measured = [rate for rates, _ in first for rate in rates]
    best, seconds = _apart(_best_of, given, every, measured)
    return best, seconds + sum(each for _, each in first)


def _settings(given: PipelineSettings) -> Iterator[PipelineSettings]:
    for values in itertools.product(*GRID.values()):
        yield replace(given, **dict(zip(GRID, values, strict=True)))


def _one_block_each(
    given: _Given, settings: list[PipelineSettings]
) -> tuple[list[float | None], float]:
    """Batches a second of each, None where it can't be had, and the seconds that this took."""
    study = given.study()
    began = time.perf_counter()
    rates: list[float | None] = []
    for each in settings:
        try:
            runner = _runner(study, each)
            runner.run(_BLOCK_SECONDS)
        except (UserError, tf.errors.OpError):
            rates.append(None)
        else:
            rates.append(1 / runner.seconds_per_batch()[0])
    return rates, time.perf_counter() - began


def _best_of(
    given: _Given, settings: list[PipelineSettings], rates: list[float | None]
) -> tuple[PipelineSettings, float]:
    """The fastest in turns of those whose single blocks were fastest, and the seconds."""
    known = [(rate, number) for number, rate in enumerate(rates) if rate is not None]
    finalists = [number for _, number in sorted(known, reverse=True)[:_FINALISTS]]
    began = time.perf_counter()
    found = _in_turns(given, {str(number): settings[number] for number in finalists}, _ROUNDS)
    best = max(finalists, key=lambda number: median(found[str(number)]))
    return settings[best], time.perf_counter() - began


def _runner(study: Study, settings: PipelineSettings) -> Runner:
    return Runner(on_few_examples(study), settings, cold=study.feed.storage.emulated)


def _in_turns(
    given: _Given, settings: dict[str, PipelineSettings], rounds: int
) -> dict[str, list[float]]:
    """Examples a second of each, over rounds in turns."""
    study = given.study()
    runners = {name: _runner(study, each) for name, each in settings.items()}
    take_turns(list(runners.values()), rounds, _BLOCK_SECONDS, seed=1)
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
    parser.add_argument("--only", nargs="*", choices=[*MISCONFIGURED, *WELL_WRITTEN])
    parser.add_argument("--keep-grid", action="store_true")
    parser.add_argument("--save", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
