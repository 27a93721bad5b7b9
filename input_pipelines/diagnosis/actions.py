"""What to do about a verdict, in order of what it is predicted to gain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from input_pipelines.diagnosis.blocks import (
    APART,
    CACHED,
    COLD,
    INPUT,
    LARGER,
    LARGER_TIMES,
    WARM,
    Series,
)
from input_pipelines.diagnosis.prediction import Sides, exposure, step_seconds
from input_pipelines.diagnosis.shares import COMMUNICATE, COMPUTE, FETCH, OVERHEAD, PREPARE

if TYPE_CHECKING:
    from input_pipelines.diagnosis.trying import Tried

SMALLEST_GAIN = 1.05
"""Times as fast: what gains less is no advice."""


@dataclass(frozen=True)
class Action:
    """Something to change."""

    name: str
    line: str
    predicted_speedup: float
    """Examples per second then ÷ now."""
    overrides: tuple[str, ...]
    """To be added to the command; none where it takes more than that."""


@dataclass(frozen=True)
class Situation:
    """All that predictions rest on; seconds per step."""

    whole: float
    """A step as it is: read from storage, where anything is."""
    warm: float
    cached: float
    alone: float
    """Without an exchange of gradients."""
    larger: float
    cached_cpu: float
    input: float
    """Of a step's batches, when nothing else runs and files lie in the page cache."""
    input_cpu: float
    cores: float


def situation(found: Mapping[str, Series], cores: float) -> Situation:
    """Medians over the rounds."""
    step = {name: float(median(each.step_seconds)) for name, each in found.items()}
    return Situation(
        whole=step.get(COLD, step[WARM]),
        warm=step[WARM],
        cached=step[CACHED],
        alone=step.get(APART, step[CACHED]),
        larger=step[LARGER],
        cached_cpu=float(median(found[CACHED].cpu_seconds)),
        input=step[INPUT],
        input_cpu=float(median(found[INPUT].cpu_seconds)),
        cores=cores,
    )


def actions(
    now: Situation, tried: Sequence["Tried"], claimed: Sequence[str], batch: int
) -> tuple[Action, ...]:
    """What is worth it, most first.

    Args:
      tried: the present pipeline and others.
      claimed: classes that surely hold training back.
      batch: `batch.per_replica`.
    """
    found = []
    if {PREPARE, FETCH} & set(claimed):
        found += _other_pipelines(now, tried)
    if {OVERHEAD, COMMUNICATE} & set(claimed):
        found.append(_larger_batch(now, batch))
    best: dict[str, Action] = {}
    for action in sorted(found, key=lambda each: -each.predicted_speedup):
        best.setdefault(action.name, action)
    return tuple(each for each in best.values() if each.predicted_speedup >= SMALLEST_GAIN)


def outlook(now: Situation, claimed: Sequence[str], examples_per_step: int) -> str | None:
    """What the most would be that a faster accelerator gives, where the model holds training."""
    if COMPUTE not in claimed or not now.input:
        return None
    rest = max(now.input, now.cached - now.alone)
    times = now.whole / rest if rest > 0 else float("inf")
    rate = examples_per_step / now.input
    if times <= SMALLEST_GAIN:
        return f"a faster accelerator would gain nothing: the input gives {rate:,.0f} examples/s"
    return (
        f"a faster accelerator could make it {times:.1f} × as fast at most: the input would hold it"
        f" at {rate:,.0f} examples/s; else a simpler model, or more workers"
    )


def _other_pipelines(now: Situation, tried: Sequence["Tried"]) -> list[Action]:
    present = {each.cold: each for each in tried if not each.overrides}
    cold = True in present
    if not present:
        return []
    # One process alone was tried; the run's tasks prepare side by side.
    crowd = now.input / median(present[False].seconds)
    crowd_cpu = now.input_cpu / median(present[False].cpu_seconds)
    whole = now.whole if cold else now.warm

    def sides(of: "Tried") -> Sides:
        return Sides(
            model=now.cached,
            model_cpu=now.cached_cpu,
            input=crowd * median(of.seconds),
            input_cpu=crowd_cpu * median(of.cpu_seconds),
            cores=now.cores,
        )

    exposed = exposure(sides(present[cold]), whole)
    found = []
    for each in tried:
        if not each.overrides or each.refused:
            continue
        speedup = whole / step_seconds(sides(each), exposed)
        line = f"{each.does} ({' '.join(each.overrides)}): {speedup:.2f} × as fast"
        found.append(Action(each.name, line, speedup, each.overrides))
    return found


def _larger_batch(now: Situation, batch: int) -> Action:
    """Fixed costs of a step and its exchange are paid for more examples."""
    exchange = now.cached - now.alone
    model_side = now.larger + exchange
    ratio = model_side / now.cached
    sides = Sides(
        model=model_side,
        model_cpu=now.cached_cpu * ratio,
        input=LARGER_TIMES * now.input,
        input_cpu=LARGER_TIMES * now.input_cpu,
        cores=now.cores,
    )
    present = Sides(now.cached, now.cached_cpu, now.input, now.input_cpu, now.cores)
    exposed = exposure(present, now.warm)
    # Fetching grows with the examples: it gains nothing.
    then = step_seconds(sides, exposed) + LARGER_TIMES * max(0.0, now.whole - now.warm)
    speedup = LARGER_TIMES * now.whole / then
    override = f"batch.per_replica={LARGER_TIMES * batch}"
    line = (
        f"a batch {LARGER_TIMES} times as large ({override}): {speedup:.2f} × the examples/s; "
        "it takes other steps to learn as much"
    )
    return Action("larger batch", line, speedup, (override,))
