"""From rounds of measuring to the part "profile" of `pipeline.json`."""

import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import tensorflow as tf

from input_pipelines.graph import Stage
from input_pipelines.own_stages import our_stages
from input_pipelines.profiling.flow import upstream
from input_pipelines.profiling.intervals import Interval, finite, over_rounds
from input_pipelines.profiling.model_nodes import Running, running_stages
from input_pipelines.profiling.parts import Parts, Rounds
from input_pipelines.profiling.prefixes import CACHE, OwnCost, own_costs
from input_pipelines.profiling.rates import Cost, Limit, limit, rate_alone
from input_pipelines.profiling.whole import WholeRound
from input_pipelines.profiling.words import why
from input_pipelines.study import Study

_NOTE = (
    "warm and cold, calls, buffers and memory are of the pipeline as written; a stage's own CPU "
    "and waiting are of the same stages working one call at a time, without tf.data's rewriting"
)
_PREFETCH = "prefetch"
"""The kind of a stage that works ahead; its own cost is a hand-over, too small to be measured."""


def profile_record(study: Study, parts: Parts, rounds: Rounds) -> dict[str, Any]:
    """The part "profile" of `pipeline.json`, of the rounds that there are.

    Behind a person's own pipeline lie stages of ours, which cost next to nothing a batch: they are
    nothing to be changed, and left out.
    """
    ours = our_stages(parts.graph.stages)
    stages = [stage for stage in parts.graph.stages if stage.name not in ours]
    cores = len(os.sched_getaffinity(0))
    cold, cold_missing = _cold(parts, rounds)
    costs = own_costs(parts.serial.stages, rounds.prefixes)
    running = _mean_running(parts.graph.stages, parts.as_written(rounds))
    cores_busy = over_rounds([of.block.cores_busy for of in parts.as_written(rounds)]).value
    once = _only_once(parts.serial.stages)
    each = {
        stage.name: Cost(
            stage.name,
            costs[stage.name].cpu_seconds.value,
            costs[stage.name].wait_seconds.value,
            _calls(stage),
            apart=stage.parallelism is not None,
        )
        if stage.name in costs
        else Cost(stage.name, 0.0, 0.0, 1, apart=True)
        for stage in stages
        if stage.name in costs or stage.kind == _PREFETCH
    }
    steady = [cost for cost in each.values() if cost.name not in once]
    limiting = limit(steady, cores, cores_busy)
    return {
        "pipeline": asdict(study.feed.pipeline),
        "batch": study.batch,
        "cores": cores,
        "emulated": study.emulated,
        "rounds": len(rounds.prefixes),
        "block_seconds": study.block_seconds,
        "note": _NOTE,
        "stages": [
            _stage_record(
                stage,
                costs.get(stage.name),
                running.get(stage.name, Running()),
                parts.per_example.get(stage.name),
                rate_alone(each[stage.name], cores) if stage.name in each else None,
                limiting,
            )
            for stage in stages
        ],
        "limiting_stage": limiting and limiting.stage,
        "limiting_why": why(limiting, steady, cores, cores_busy),
        "warm": parts.warm.record(rounds.warm),
        "cold": cold,
        "cold_missing": cold_missing,
    }


def _cold(parts: Parts, rounds: Rounds) -> tuple[dict[str, float | None] | None, str | None]:
    """The cold rate, or why there is none."""
    if parts.cold is None:
        return None, "the examples lie in no file"
    if parts.emulated:
        return parts.cold.record(rounds.cold), None
    read = [of.block.storage_bytes for of in rounds.cold]
    if None in read:
        return None, "this system does not tell what is read from storage"
    if not sum(each or 0 for each in read):
        return (
            None,
            "nothing was read from storage: a cache of the pipeline or of the system has it",
        )
    return parts.cold.record(rounds.cold), None


def _only_once(stages: Sequence[Stage]) -> set[str]:
    """Stages before a cache, which work in the first epoch only."""
    return {
        before.name
        for cache in stages
        if cache.kind == CACHE
        for before in upstream(stages, cache.name)
        if before.name != cache.name
    }


def _calls(stage: Stage) -> int | None:
    """As `Cost.calls` has it: 1 for a serial stage, None for AUTOTUNE."""
    if stage.parallelism is None:
        return 1
    return None if stage.parallelism == tf.data.AUTOTUNE else stage.parallelism


def _mean_running(stages: Sequence[Stage], rounds: Sequence[WholeRound]) -> dict[str, Running]:
    """What the model told at the ends of the blocks: parallelism of the last, the others' mean."""
    told = [running_stages(stages, of.model) for of in rounds]
    return {
        name: Running(
            parallelism=last.parallelism,
            buffer_size=last.buffer_size,
            buffered_elements=_mean([of[name].buffered_elements for of in told if name in of]),
            buffered_bytes=_mean([of[name].buffered_bytes for of in told if name in of]),
            bytes_in=last.bytes_in,
            bytes_out=last.bytes_out,
        )
        for name, last in told[-1].items()
    }


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _stage_record(
    stage: Stage,
    cost: OwnCost | None,
    running: Running,
    per_example: float | None,
    alone: float | None,
    limiting: Limit | None,
) -> dict[str, Any]:
    holds = running.buffered_elements or stage.buffer_size is not None or stage.kind == CACHE
    return {
        "name": stage.name,
        "op": stage.op,
        **_interval("cpu", None if cost is None else cost.cpu_seconds),
        **_interval("wait", None if cost is None else cost.wait_seconds),
        "parallelism_set": _setting(stage.parallelism),
        "parallelism_used": running.parallelism,
        "buffer_size": _setting(stage.buffer_size),
        "buffered_elements": running.buffered_elements if holds else None,
        "bytes_in_per_example": _times(per_example, running.bytes_in),
        "bytes_out_per_example": _times(per_example, running.bytes_out),
        "ram_bytes": running.buffered_bytes if holds else None,
        "examples_per_second_alone": alone,
        "random": stage.random,
        "limits": limiting is not None and limiting.stage == stage.name,
    }


def _interval(kind: str, of: Interval | None) -> dict[str, float | None]:
    return {
        f"{kind}_seconds_per_example": None if of is None else of.value,
        f"{kind}_low": None if of is None else finite(of.low),
        f"{kind}_high": None if of is None else finite(of.high),
    }


def _setting(value: int | None) -> int | str | None:
    return "auto" if value == tf.data.AUTOTUNE else value


def _times(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one * other
