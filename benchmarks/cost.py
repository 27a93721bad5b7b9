"""What running costs: by the second, each machine from the start of its tasks to their end.

Every second that was begun is paid whole, as Amazon, Google and Microsoft bill Linux machines.
Their least bill of a minute is left out, and so is what a provider takes to give a machine: neither
belongs to a run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from math import floor, isfinite, log10
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmarks.quantities import SECONDS_PER_HOUR
from results.text import DASH

_FORGIVEN = 1e-6
"""Of a second: that much is rounding, not another second begun."""
_MILLION = 1e6
_FEW_CENTS = 0.1
"""Below it whole cents would be one figure or none."""
_TOO_MANY_ZEROS = 1e-9
"""Dollars below which zeros are counted, not written."""
_MOST_IN_CENTS = 1e15
"""From it on a double no longer tells cents apart."""


def cost_usd(
    usd_per_hour: ArrayLike, seconds: ArrayLike, machines: ArrayLike = 1
) -> NDArray[np.float64]:
    """USD for `machines` that each run `seconds`; shapes broadcast. NaN where the price is."""
    billed = np.ceil(np.asarray(seconds, dtype=np.float64) - _FORGIVEN)
    hours = np.asarray(machines, dtype=np.float64) * billed / SECONDS_PER_HOUR
    return np.asarray(usd_per_hour, dtype=np.float64) * hours


def to_the_cent(usd: float) -> Decimal:
    """The amount rounded to whole cents, halves up, as a bill shows it."""
    return Decimal(repr(round(usd, 9))).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def in_usd(usd: float | None) -> str:
    """ "$12.34", or two figures, "$0.0031", below 10 cents; a dash for None."""
    if usd is None or not isfinite(usd):
        return DASH
    if 0 < usd < _TOO_MANY_ZEROS:
        return f"${usd:.2g}"
    if 0 < usd < _FEW_CENTS:
        return f"${usd:.{1 - floor(log10(usd))}f}"
    if usd >= _MOST_IN_CENTS:
        return f"${usd:.3g}"
    return f"${to_the_cent(usd):,}"


@dataclass(frozen=True)
class RunCost:
    """What a run cost, in USD. What the run did not measure is None.

    `usd` is all that was paid, start-up and failures included; `training_usd` is what is left
    without them; the three parts add up to the whole.
    """

    machines: int
    usd: float
    training_usd: float
    start_up_usd: float | None
    failures_usd: float | None
    usd_per_million_examples: float | None
    """Of useful examples, everything paid."""
    training_usd_per_million_examples: float | None
    """The same without start-up and failures: what a longer run tends to."""
    usd_per_epoch: float | None
    usd_to_target: float | None
    """Everything paid until held-out quality first reached the target."""


def cost_of_run(
    summary: Mapping[str, Any],
    usd_per_hour: float,
    machines: int = 1,
    *,
    train_examples: float | None = None,
    seconds_to_target: float | None = None,
) -> RunCost | None:
    """What the run of a summary cost on machines at that price; None where its time isn't known.

    Args:
      train_examples: examples of one epoch.
      seconds_to_target: from the start of the tasks until the quality that was wanted.
    """
    total = _number(summary, "total_seconds")
    if total is None:
        return None
    start_up = _number(summary, "seconds_to_first_step")
    failures = _failure_seconds(summary)
    billed = float(cost_usd(usd_per_hour, total, machines))
    per_second = usd_per_hour * machines / SECONDS_PER_HOUR
    parts = [None if each is None else each * per_second for each in (start_up, failures)]
    training = max(0.0, billed - sum(each for each in parts if each is not None))
    examples = _number(summary, "examples")
    per_example = billed / examples if examples else None
    return RunCost(
        machines=machines,
        usd=billed,
        training_usd=training,
        start_up_usd=parts[0],
        failures_usd=parts[1],
        usd_per_million_examples=_times(per_example, _MILLION),
        training_usd_per_million_examples=_times(
            training / examples if examples else None, _MILLION
        ),
        usd_per_epoch=_times(per_example, train_examples),
        usd_to_target=(
            None
            if seconds_to_target is None
            else float(cost_usd(usd_per_hour, seconds_to_target, machines))
        ),
    )


def _failure_seconds(summary: Mapping[str, Any]) -> float | None:
    """Starting again, and the steps that were made in vain."""
    restarting = _number(summary, "restart_seconds")
    lost, step = _number(summary, "lost_steps"), _number(summary, "step_seconds_median")
    if not lost:
        return restarting
    return None if step is None else (restarting or 0.0) + lost * step


def _times(value: float | None, factor: float | None) -> float | None:
    return None if value is None or factor is None else value * factor


def _number(record: Mapping[str, Any], name: str) -> float | None:
    value = record.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return None
    return float(value)
