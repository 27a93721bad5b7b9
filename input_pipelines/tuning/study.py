"""`python -m input_pipelines tune`: from a pipeline to the fastest that gives the same elements.

Runs in a study's process.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from math import ceil
from typing import Any

import psutil
import tensorflow as tf

from input_pipelines.failing import failure
from input_pipelines.profiling.study import profile_briefly
from input_pipelines.racing import Runner, on_few_examples
from input_pipelines.settings import PipelineSettings
from input_pipelines.study import Study
from input_pipelines.tuning.proof import Reference, compared, reference
from input_pipelines.tuning.proposals import buffers, neighbours, proposals
from input_pipelines.tuning.rates import MAP, READ, Cost, costs
from input_pipelines.tuning.search import Entrant, Race, faster
from results.errors import UserError
from results.pipeline_file import PROFILE, TUNING, part, put_part
from results.run_folder import RunFolder
from results.statistics import LogRatio

_SHARE_OF_FREE_MEMORY = 0.5
_RACE_BLOCK = 0.5
_MOST_COMPARED = 4
"""Settings, the fastest first, until one gives the same examples."""
_CACHE_OVERHEAD = 1.2
"""Bytes of a cached example ÷ bytes of its tensors."""


def tune(study: Study) -> None:
    """Searches, proves equivalence, confirms and writes the part "tuning" of `pipeline.json`.

    Raises UserError where the pipeline fails, nothing fits into `tune.ram_mb`, or the pipeline
    gives other examples from pass to pass.
    """
    try:
        _tune(_on_its_cores(study))
    except tf.errors.OpError as error:
        raise failure(study.key, study.dataset(), error) from error


def _tune(study: Study) -> None:
    began = time.perf_counter()
    batch_bytes = _bytes_of_a_batch(study)
    budget = _budget_bytes(study, batch_bytes)
    small = on_few_examples(study)
    held = reference(small)
    profile_briefly(study)
    record = part(RunFolder(study.folder), PROFILE) or {}
    stages = costs(record.get("stages", ()))
    room = _Room(
        study.cores,
        held.order_matters,
        _caches(study, batch_bytes, budget),
        buffers(batch_bytes, budget),
    )
    race = Race(
        lambda settings: Runner(small, settings, cold=study.feed.storage.emulated),
        study.rounds,
        _RACE_BLOCK * study.block_seconds,
    )
    given = race.wave([study.feed.pipeline], None)
    race.end_after(study.tune.seconds)
    found, untried = _searched(race, given, stages, room)
    best, same_order = _proved(race, given, found, held)
    ratio, pairs = _confirmed(race, given, best)
    if ratio is None or ratio.interval()[0] <= 1:
        best, ratio, same_order = given, None, held.same_order
    changes = _changes(given.settings, best.settings, stages)
    put_part(
        RunFolder(study.folder),
        TUNING,
        {
            "given": asdict(given.settings),
            "chosen": asdict(best.settings),
            "overrides": [override for override, _ in changes],
            "changes": [{"override": override, "why": why} for override, why in changes],
            "ratio": None if ratio is None else ratio.ratio,
            "low": None if ratio is None else ratio.interval()[0],
            "high": None if ratio is None else ratio.interval()[1],
            "pairs": pairs,
            "examples_per_second": {
                "given": given.pace_over(study.rounds) * study.batch,
                "chosen": best.pace_over(study.rounds) * study.batch,
            },
            "same": {
                "examples": held.epoch.count,
                "whole_epoch": held.whole and held.epoch.count == study.epoch_examples,
                "elements": held.epoch.elements,
                "same_order": same_order,
                "random": held.random,
            },
            "budget_mb": budget / 1e6,
            "cores": study.cores,
            "caches": list(room.caches),
            "tried": [_tried(entrant, given, study.batch) for entrant in race.entrants.values()],
            "untried": untried,
            "asked_seconds": study.tune.seconds,
            "seconds": time.perf_counter() - began,
        },
    )


@dataclass(frozen=True)
class _Room:
    """What settings may take and change."""

    cores: int
    ordered: bool
    caches: Sequence[str]
    ahead: Sequence[int | None]


def _searched(
    race: Race, given: Entrant, stages: Sequence[Cost], room: _Room
) -> tuple[Entrant, int]:
    """The best of the model's proposals and of what lies beside it, and how many settings the time
    was too short for."""
    wanted = proposals(
        given.settings, stages, room.cores, room.caches, room.ordered, ahead=room.ahead
    )
    start = given.runner
    best = race.wave(wanted, given)
    while True:
        beside = list(
            neighbours(
                best.settings, stages, room.cores, room.ordered, room.caches, ahead=room.ahead
            )
        )
        left = {repr(each) for each in (*wanted, *beside)} - set(race.entrants)
        if race.time_is_over or not left:
            break
        found = race.wave(beside, best)
        if found is best:
            break
        best = found
    given.runner = start  # it may have dropped out, and is compared with the best at the end
    return best, len(left) if race.time_is_over else 0


def _proved(race: Race, given: Entrant, best: Entrant, held: Reference) -> tuple[Entrant, bool]:
    """The fastest that gives the same examples, ready to run, and whether in the same order; the
    pipeline as it is where none does among the few fastest."""
    for entrant in [best, *race.next_best(best)][:_MOST_COMPARED]:
        if entrant is given:
            break
        comparison = compared(held, entrant.settings)
        entrant.refused = comparison.refused
        if comparison.refused is None:
            if entrant.runner is None:
                race.back(entrant)
            return entrant, comparison.same_order
    return given, held.same_order


def _confirmed(
    race: Race, given: Entrant, best: Entrant
) -> tuple[LogRatio | None, list[tuple[float, float]]]:
    """How many times as fast the best is, over blocks in turns that no choice was made by."""
    if best is given:
        return None, []
    pairs = race.confirmed(given, best)
    return faster(pairs), pairs


def _changes(
    given: PipelineSettings, chosen: PipelineSettings, stages: Sequence[Cost] = ()
) -> list[tuple[str, str]]:
    """Each setting that differs, as it is typed, and why."""
    found = []
    for each in fields(PipelineSettings):
        before, after = getattr(given, each.name), getattr(chosen, each.name)
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


def _tried(entrant: Entrant, given: Entrant, batch: int) -> dict[str, Any]:
    changes = _changes(given.settings, entrant.settings)
    return {
        "settings": asdict(entrant.settings),
        "overrides": [override for override, _ in changes],
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
        raise UserError(f"{study.key}: gives no batch; there is nothing to tune") from None
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
    """The cache that there is room for: in memory, where it is read without being decoded, else on
    disk, else none."""
    if study.epoch_examples is None:
        return ()
    whole = _CACHE_OVERHEAD * batch_bytes / study.batch * study.epoch_examples
    if whole <= budget:
        return ("memory",)
    return ("disk",) if whole <= psutil.disk_usage(str(study.folder)).free / 2 else ()
