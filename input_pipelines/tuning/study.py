"""`python -m input_pipelines tune`: from a pipeline to the fastest that gives the same elements.

Runs in a study's process.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import asdict, fields
from math import ceil
from typing import Any

import psutil
import tensorflow as tf

from input_pipelines.equivalence import fingerprint
from input_pipelines.profiling.study import profile_briefly
from input_pipelines.racing import Runner, on_few_examples
from input_pipelines.settings import PipelineSettings
from input_pipelines.study import Study
from input_pipelines.tuning.proposals import neighbours, proposals
from input_pipelines.tuning.rates import MAP, READ, Cost, costs
from input_pipelines.tuning.search import Entrant, Race, faster
from results.errors import UserError
from results.pipeline_file import PROFILE, TUNING, part, put_part
from results.run_folder import RunFolder
from results.statistics import LogRatio

_SHARE_OF_FREE_MEMORY = 0.5
_RACE_BLOCK = 0.5
_EXAMPLES_WITHOUT_END = 4_096
"""That are compared of a pipeline that never ends."""
_CACHE_OVERHEAD = 1.2
"""Bytes of a cached example ÷ bytes of its tensors."""


def tune(study: Study) -> None:
    """Searches, confirms, proves equivalence and writes the part "tuning" of `pipeline.json`.

    Raises UserError where the pipeline fails, or nothing fits into `tune.ram_mb`.
    """
    began = time.perf_counter()
    study = _on_its_cores(study)
    batch_bytes = _bytes_of_a_batch(study)
    budget = _budget_bytes(study, batch_bytes)
    profile_briefly(study)
    record = part(RunFolder(study.folder), PROFILE) or {}
    stages = costs(record.get("stages", ()))
    caches = _caches(study, batch_bytes, budget)
    small = on_few_examples(study)
    race = Race(
        lambda settings: Runner(small, settings, cold=study.feed.storage.emulated),
        study.rounds,
        _RACE_BLOCK * study.block_seconds,
        until=began + study.tune.seconds,
    )
    given = race.wave([study.feed.pipeline], None)
    best = _searched(race, given, study, stages, caches)
    ratio, pairs = _confirmed(race, given, best)
    same = _same(study, small, best.settings)
    if same is None:
        best.refused = "an epoch of it holds other elements, by hash"
    if same is None or ratio is None or ratio.interval()[0] <= 1:
        best, ratio = given, None
        same = _same(study, small, given.settings)
    put_part(
        RunFolder(study.folder),
        TUNING,
        {
            "given": asdict(given.settings),
            "chosen": asdict(best.settings),
            "overrides": [override for override, _ in _changes(given, best, stages)],
            "changes": [
                {"override": override, "why": why}
                for override, why in _changes(given, best, stages)
            ],
            "ratio": None if ratio is None else ratio.ratio,
            "low": None if ratio is None else ratio.interval()[0],
            "high": None if ratio is None else ratio.interval()[1],
            "pairs": pairs,
            "examples_per_second": {
                "given": given.pace_over(study.rounds) * study.batch,
                "chosen": best.pace_over(study.rounds) * study.batch,
            },
            "same": same,
            "budget_mb": budget / 1e6,
            "cores": study.cores,
            "caches": list(caches),
            "tried": [_tried(entrant, study.batch) for entrant in race.entrants.values()],
            "seconds": time.perf_counter() - began,
        },
    )


def _searched(
    race: Race, given: Entrant, study: Study, stages: Sequence[Cost], caches: Sequence[str]
) -> Entrant:
    """The best of the model's proposals and of what lies beside it."""
    wanted = proposals(given.settings, stages, study.cores, caches, study.ordered)
    start = given.runner
    best = race.wave(wanted, given)
    while not race.time_is_over:
        beside = list(neighbours(best.settings, study.cores, study.ordered, caches))
        if all(repr(settings) in race.entrants for settings in beside):
            break
        found = race.wave(beside, best)
        if found is best:
            break
        best = found
    given.runner = start  # it may have dropped out, and is compared with the best at the end
    return best


def _confirmed(
    race: Race, given: Entrant, best: Entrant
) -> tuple[LogRatio | None, list[tuple[float, float]]]:
    """How many times as fast the best is, over blocks in turns that no choice was made by."""
    if best is given:
        return None, []
    pairs = race.confirmed(given, best)
    return faster(pairs), pairs


def _same(study: Study, small: Study, chosen: PipelineSettings) -> dict[str, Any] | None:
    """The proof that an epoch holds the same elements as before, and whether in the same order, by
    hash; None where it doesn't."""
    examples = small.epoch_examples or _EXAMPLES_WITHOUT_END
    before, after = (
        fingerprint(small.dataset(settings), by_example=True, take=examples)
        for settings in (study.feed.pipeline, chosen)
    )
    if not before.same_elements(after):
        return None
    return {
        "examples": before.count,
        "whole_epoch": small.epoch_examples is not None
        and small.epoch_examples == study.epoch_examples,
        "elements": before.elements,
        "same_order": before.same_order(after),
    }


def _changes(given: Entrant, best: Entrant, stages: Sequence[Cost]) -> list[tuple[str, str]]:
    """Each setting that differs, as it is typed, and why."""
    found = []
    for each in fields(PipelineSettings):
        before, after = getattr(given.settings, each.name), getattr(best.settings, each.name)
        if before != after:
            typed = "null" if after is None else str(after).lower()
            found.append((f"pipeline.{each.name}={typed}", _why(each.name, after, stages)))
    return found


def _why(name: str, value: Any, stages: Sequence[Cost]) -> str:
    return {
        "cache": f"what is prepared once need not be again: {_costliest(stages, MAP)}",
        "parallel_calls": f"{_costliest(stages, MAP)}, as many at once as help",
        "parallel_reads": f"files are read side by side: {_costliest(stages, READ)}",
        "deterministic": "no example waits for a slower one before it",
        "batch_first": "one call prepares a whole batch",
        "prefetch": "batches are made while the step computes",
        "threads": "every core prepares",
    }.get(name, "")


def _costliest(stages: Sequence[Cost], kind: str) -> str:
    of_kind = [stage for stage in stages if stage.kind == kind]
    if not of_kind:
        return "none of its stages"
    most = max(of_kind, key=lambda stage: stage.busy)
    return f"{most.name} takes {1e6 * most.busy:,.0f} µs an example"


def _tried(entrant: Entrant, batch: int) -> dict[str, Any]:
    return {
        "settings": asdict(entrant.settings),
        "examples_per_second": entrant.pace_over(len(entrant.paces)) * batch
        if entrant.paces
        else None,
        "blocks": len(entrant.paces),
        "refused": entrant.refused,
    }


def _on_its_cores(study: Study) -> Study:
    """The study on `tune.cores` cores of this process."""
    cores = study.tune.cores
    if cores is not None and hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        if cores > len(allowed):
            raise UserError(f"tune.cores={cores}: this process may use {len(allowed)}")
        os.sched_setaffinity(0, allowed[:cores])
    return study


def _bytes_of_a_batch(study: Study) -> int:
    try:
        batch = next(iter(study.dataset()))
    except StopIteration:
        raise UserError("pipeline: gives no batch; there is nothing to tune") from None
    dense = tf.nest.flatten(batch, expand_composites=True)
    return sum(tensor.numpy().nbytes for tensor in dense)


def _budget_bytes(study: Study, batch_bytes: int) -> int:
    asked = study.tune.ram_mb
    if asked is None:
        return int(_SHARE_OF_FREE_MEMORY * psutil.virtual_memory().available)
    if asked * 1_000_000 < batch_bytes:
        raise UserError(
            f"tune.ram_mb={asked}: not enough for a single batch of {batch_bytes / 1e6:,.1f} MB; "
            f"give at least {ceil(2 * batch_bytes / 1e6)}"
        )
    return asked * 1_000_000


def _caches(study: Study, batch_bytes: int, budget: int) -> tuple[str, ...]:
    """Kinds of cache that there is room for."""
    if study.epoch_examples is None:
        return ()
    whole = _CACHE_OVERHEAD * batch_bytes / study.batch * study.epoch_examples
    kinds = []
    if whole <= budget:
        kinds.append("memory")
    if whole <= psutil.disk_usage(str(study.folder)).free / 2:
        kinds.append("disk")
    return tuple(kinds)
