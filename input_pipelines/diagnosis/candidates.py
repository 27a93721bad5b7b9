"""Other settings of a pipeline that may be worth it, for what holds training back.

Only what keeps the examples that training sees; whether it helps is for a measurement to say.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from input_pipelines.diagnosis.shares import FETCH, PREPARE
from input_pipelines.settings import PipelineSettings

_WAITING_CALLS_A_CORE = 8
"""Calls at once where a map waits for something else than this machine's cores."""
_MANY_READS = 16


@dataclass(frozen=True)
class Candidate:
    """A change of the pipeline, as it is typed and as it is said."""

    name: str
    does: str
    overrides: tuple[str, ...]
    pipeline: PipelineSettings


def candidates(
    pipeline: PipelineSettings, claimed: Sequence[str], cores: int
) -> tuple[Candidate, ...]:
    """What to try for the classes that are claimed; nothing where the input isn't among them."""
    if not {PREPARE, FETCH} & set(claimed):
        return ()
    found = []

    def change(name: str, does: str, **changed: Any) -> None:
        overrides = tuple(f"pipeline.{key}={_typed(value)}" for key, value in changed.items())
        found.append(Candidate(name, does, overrides, replace(pipeline, **changed)))

    if pipeline.cache == "none":
        change("cache", "keep prepared examples in memory", cache="memory")
    if PREPARE in claimed:
        if pipeline.parallel_calls is not None:
            change(
                "parallel calls", "prepare as many examples at once as helps", parallel_calls=None
            )
        waiting = _WAITING_CALLS_A_CORE * cores
        if (pipeline.parallel_calls or 0) < waiting:
            change("parallel calls", f"prepare {waiting} examples at once", parallel_calls=waiting)
        if pipeline.threads is not None:
            change("threads", "let every core prepare", threads=None)
        if not pipeline.batch_first:
            change("batch first", "prepare whole batches at once", batch_first=True)
    if FETCH in claimed and (pipeline.parallel_reads or 0) < _MANY_READS:
        change("parallel reads", f"read {_MANY_READS} files at once", parallel_reads=_MANY_READS)
    if pipeline.prefetch is not None:
        change("prefetch", "prepare batches ahead of the step", prefetch=None)
    return tuple(found)


def _typed(value: Any) -> str:
    return "null" if value is None else str(value).lower()
