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
_BUFFERS = (1, 8)
_MOST_CALLS = 64


def proposals(
    given: PipelineSettings,
    stages: Sequence[Cost],
    cores: int,
    caches: Sequence[str],
    ordered: bool,
) -> list[PipelineSettings]:
    """Most promising first, `given` not among them.

    Args:
      caches: of `memory` and `disk`, those that there is room for.
      ordered: whether the order of the elements must stay.
    """
    found: list[tuple[float, PipelineSettings]] = []
    for cache in ("none", *caches):
        left = stages if cache == "none" else behind(stages, _PARSE)
        rate = best_rate(left, cores)
        calls = calls_for(left, MAP, rate)
        reads = calls_for(left, READ, rate)
        chosen = replace(
            given, cache=cache, parallel_calls=max(calls, cores), prefetch=None, threads=None
        )
        for settings in (replace(chosen, parallel_calls=None), chosen):
            if ordered or cache != "none":
                found.append((rate, settings))
            else:
                found.append((rate, replace(settings, parallel_reads=max(reads, cores))))
    ordered_by_rate = sorted(found, key=lambda each: -each[0])
    unique = dict.fromkeys(repr(settings) for _, settings in ordered_by_rate)
    by_text = {repr(settings): settings for _, settings in ordered_by_rate}
    return [by_text[text] for text in unique if by_text[text] != given]


def neighbours(
    best: PipelineSettings, cores: int, ordered: bool, caches: Sequence[str]
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
    if not ordered:
        if best.deterministic:
            yield replace(best, deterministic=False)
        for each in _steps(best.parallel_reads, cores):
            if each != best.parallel_reads and best.cache == "none":
                yield replace(best, parallel_reads=each)
    for ahead in (None, *_BUFFERS):
        if ahead != best.prefetch:
            yield replace(best, prefetch=ahead)


def _steps(number: int | None, cores: int) -> list[int | None]:
    if number is None:
        return [cores, _WIDER * _WIDER * cores]
    return [None, max(1, number // _WIDER), min(_MOST_CALLS, _WIDER * number)]
