"""Settings worth a try: what the model of the stages proposes, then what lies beside the best one.

Only settings that keep the elements of an epoch are among them; where the order must stay too
(`deterministic=true`), only those that keep it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from input_pipelines.settings import PipelineSettings
from input_pipelines.tuning.rates import MAP, READ, Cost, behind, best_rate, calls_for

_PARSE = "parse"
_WIDER = 2
_CALLS_A_CORE = 4
"""That the model's proposals have at once: with one a core, each waits to be woken between two."""
_MOST_AHEAD = 8
_BUFFERS = (None, 1, _MOST_AHEAD)
"""Batches made ahead; None is AUTOTUNE's choice, which a race holds to about the most."""
_MOST_CALLS = 64


def buffers(batch_bytes: int, budget_bytes: int) -> tuple[int | None, ...]:
    """How many batches may be made ahead, of those that are worth a try (None: AUTOTUNE's choice),
    within the memory that there is."""
    return tuple(
        ahead for ahead in _BUFFERS if (ahead or _MOST_AHEAD) * batch_bytes <= budget_bytes
    )


def proposals(
    given: PipelineSettings,
    stages: Sequence[Cost],
    cores: int,
    caches: Sequence[str],
    ordered: bool,
    ahead: Sequence[int | None] = _BUFFERS,
) -> list[PipelineSettings]:
    """Most promising first, `given` not among them.

    Args:
      caches: of `memory` and `disk`, those that there is room for.
      ordered: whether the order of the elements must stay.
      ahead: how many batches may be made ahead, as `buffers` has it.
    """
    prefetch = None if None in ahead else given.prefetch
    found: list[tuple[float, PipelineSettings]] = []
    for cache in ("none", *caches):
        left = stages if cache == "none" else behind(stages, _PARSE)
        rate = best_rate(left, cores)
        calls = max(calls_for(left, MAP, rate), _CALLS_A_CORE * cores)
        chosen = replace(given, cache=cache, parallel_calls=calls, prefetch=prefetch, threads=None)
        if cache == "none" and _reads_may_change(given, ordered, stages):
            chosen = replace(chosen, parallel_reads=max(calls_for(left, READ, rate), cores))
        found += [(rate, replace(chosen, parallel_calls=None)), (rate, chosen)]
    ordered_by_rate = sorted(found, key=lambda each: -each[0])
    unique = dict.fromkeys(repr(settings) for _, settings in ordered_by_rate)
    by_text = {repr(settings): settings for _, settings in ordered_by_rate}
    return [by_text[text] for text in unique if by_text[text] != given]


def neighbours(
    best: PipelineSettings,
    stages: Sequence[Cost],
    cores: int,
    ordered: bool,
    caches: Sequence[str],
    ahead: Sequence[int | None] = _BUFFERS,
) -> Iterator[PipelineSettings]:
    """Settings that differ from the best so far in one thing."""
    yield replace(best, batch_first=not best.batch_first)
    for cache in caches:
        if cache != best.cache:
            yield replace(best, cache=cache)
    calls = best.parallel_calls
    yield from (
        replace(best, parallel_calls=each)
        for each in _steps(calls, cores)
        if each != best.parallel_calls
    )
    if not ordered and best.deterministic:
        yield replace(best, deterministic=False)
    if best.cache == "none" and _reads_may_change(best, ordered, stages):
        for each in _steps(best.parallel_reads, cores):
            if each != best.parallel_reads:
                yield replace(best, parallel_reads=each)
    for batches in ahead:
        if batches != best.prefetch:
            yield replace(best, prefetch=batches)


def _reads_may_change(settings: PipelineSettings, ordered: bool, stages: Sequence[Cost]) -> bool:
    """How many files our own pipelines read at once is part of their order; a person's interleave,
    where there is one, keeps its own."""
    if settings._target_ is None:
        return not ordered
    return any(stage.kind == READ for stage in stages)


def _steps(number: int | None, cores: int) -> list[int | None]:
    if number is None:
        return [cores, _CALLS_A_CORE * cores]
    return [None, max(1, number // _WIDER), min(_MOST_CALLS, _WIDER * number)]
