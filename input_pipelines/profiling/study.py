"""The profile of a pipeline: warm, cold and stage by stage, in rounds. Runs in a study's process.

Everything that is compared takes a turn in every round, so that what slows the machine for a while
slows all of it.
"""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import tensorflow as tf

from input_pipelines.graph import DatasetGraph, Stage
from input_pipelines.profiling.flow import elements_per_example, upstream
from input_pipelines.profiling.intervals import Interval, finite
from input_pipelines.profiling.model_nodes import Running, running_stages
from input_pipelines.profiling.prefixes import (
    CACHE,
    OwnCost,
    Prefix,
    Spent,
    elements_to_fill,
    own_costs,
)
from input_pipelines.profiling.rates import Cost, Limit, limit, rate_alone
from input_pipelines.profiling.whole import Whole, WholeRound
from input_pipelines.profiling.words import why
from input_pipelines.study import Study
from results.errors import UserError, described
from results.pipeline_file import PROFILE, put_part
from results.run_folder import RunFolder

NOTE = (
    "warm and cold, calls, buffers and memory are of the pipeline as written; a stage's own CPU "
    "and waiting are of the same stages working one call at a time, without tf.data's rewriting"
)
PREFETCH = "prefetch"
"""The kind of a stage that works ahead; its own cost is a hand-over, too small to be measured."""
_SIZING_SECONDS = 0.2
"""A first look at the rate: blocks of stages are cut by it."""


@dataclass
class _Rounds:
    """What was measured so far: one entry a round."""

    warm: list[WholeRound] = field(default_factory=list)
    cold: list[WholeRound] = field(default_factory=list)
    prefixes: list[dict[str, Spent]] = field(default_factory=list)


def profile(study: Study) -> None:
    """Measures the study's pipeline and writes the part "profile" of `pipeline.json`.

    Raises UserError where the pipeline gives nothing or fails; what whole rounds had measured by
    then is written.
    """
    rounds = _Rounds()
    parts: _Parts | None = None
    try:
        parts = _Parts(study)
        for number in range(study.rounds):
            parts.measure(rounds, number, study.block_seconds)
    except StopIteration:
        raise UserError(
            "pipeline: gives no batch; it needs as many examples as a batch holds, "
            f"batch.per_replica={study.batch}, and a filter that lets some pass"
        ) from None
    except tf.errors.OpError as error:
        if parts is not None and rounds.prefixes:
            _write(study, parts, rounds, f"; stopped in round {len(rounds.prefixes) + 1}")
        raise UserError(
            f"pipeline: it failed while it was measured ({': '.join(described(error))})"
        ) from error
    _write(study, parts, rounds, "")


class _Parts:
    """All that takes a turn in a round."""

    def __init__(self, study: Study) -> None:
        dataset = study.dataset()
        self.graph = DatasetGraph.of(dataset)
        self.serial = self.graph.one_call_at_a_time()
        self.per_example = elements_per_example(self.graph, self.serial, study.batch)
        last = self.serial.stages[-1].name
        filling = elements_to_fill(self.serial, last, self.per_example) * study.batch
        self.warm = Whole(dataset, study.batch)
        self.warm.fill(filling)
        files = study.feed.train.files
        self.cold = Whole(study.dataset(), study.batch, files) if files else None
        if self.cold is not None:
            self.cold.fill(filling)
        first = self.warm.block(_SIZING_SECONDS).block
        rate = first.per_second(first.elements)
        self._prefixes = [
            Prefix(self.serial, stage, self.per_example, rate)
            for stage in self.serial.stages
            if stage.name in self.per_example
        ]
        for prefix in self._prefixes:
            prefix.fill()

    def measure(self, rounds: _Rounds, number: int, seconds: float) -> None:
        """One round: every part for so many seconds, in another order each time."""
        warm = self.warm.block(seconds)
        cold = None if self.cold is None else self.cold.block(seconds)
        start = number % len(self._prefixes)
        in_turn = [*self._prefixes[start:], *self._prefixes[:start]]
        spent = {prefix.stage.name: prefix.block(seconds) for prefix in in_turn}
        rounds.warm.append(warm)
        rounds.cold += [cold] if cold is not None else []
        rounds.prefixes.append(spent)


def _write(study: Study, parts: _Parts, rounds: _Rounds, more_of_note: str) -> None:
    cores = len(os.sched_getaffinity(0))
    warm = parts.warm.record(rounds.warm)
    cold, cold_missing = _cold(parts, rounds)
    costs = own_costs(parts.serial.stages, rounds.prefixes)
    running = _mean_running(parts.graph.stages, rounds.warm)
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
        for stage in parts.graph.stages
        if stage.name in costs or stage.kind == PREFETCH
    }
    steady = [cost for cost in each.values() if cost.name not in once]
    limiting = limit(steady, cores, warm["cores_busy"] or 0.0)
    put_part(
        RunFolder(study.folder),
        PROFILE,
        {
            "pipeline": asdict(study.feed.pipeline),
            "batch": study.batch,
            "cores": cores,
            "emulated": None,
            "rounds": len(rounds.prefixes),
            "block_seconds": study.block_seconds,
            "note": NOTE + more_of_note,
            "stages": [
                _stage_record(
                    stage,
                    costs.get(stage.name),
                    running.get(stage.name, Running()),
                    parts.per_example.get(stage.name),
                    rate_alone(each[stage.name], cores) if stage.name in each else None,
                    limiting,
                )
                for stage in parts.graph.stages
            ],
            "limiting_stage": limiting and limiting.stage,
            "limiting_why": why(limiting, steady, cores, warm["cores_busy"] or 0.0),
            "warm": warm,
            "cold": cold,
            "cold_missing": cold_missing,
        },
    )


def _cold(parts: _Parts, rounds: _Rounds) -> tuple[dict[str, float | None] | None, str | None]:
    """The cold rate, or why there is none."""
    if parts.cold is None:
        return None, "the examples lie in no file"
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
