"""The blocks of all tasks as series over rounds, which everything else is computed from.

A block is a measurement of one variant of a training step, and a round has one of each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

COLD = "cold"
"""As it trains, every byte read from storage."""
WARM = "warm"
"""The same, and what is read lies in the page cache."""
CACHED = "cached"
"""On one batch, over and over: no input."""
APART = "apart"
"""The same, and no gradient leaves its replica."""
LARGER = "larger"
"""The same, on batches of `LARGER_TIMES` as many examples."""
INPUT = "input"
"""No model: the input alone."""
LARGER_TIMES = 4


@dataclass(frozen=True)
class Series:
    """One variant over n rounds; float64 [n], per step of all replicas together."""

    step_seconds: np.ndarray
    cpu_seconds: np.ndarray
    """Of all tasks."""
    read_bytes: np.ndarray
    """From storage, by all tasks; NaN where the system doesn't tell."""


def series(tasks: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Series]:
    """By variant, over the rounds that all tasks have whole.

    Tasks step together, so the times are the chief's; what was used is added up over tasks.
    """
    (chief,) = [name for name in tasks if name.startswith("chief")]
    variants = list(dict.fromkeys(str(block["variant"]) for block in tasks[chief]))
    found = {task: _by_place(blocks) for task, blocks in tasks.items()}
    whole = [
        number
        for number in sorted({int(block["round"]) for block in tasks[chief]})
        if all((number, variant) in of for of in found.values() for variant in variants)
    ]
    return {variant: _series(found, chief, whole, variant) for variant in variants}


def _by_place(blocks: Sequence[Mapping[str, Any]]) -> dict[tuple[int, str], Mapping[str, Any]]:
    return {(int(block["round"]), str(block["variant"])): block for block in blocks}


def _series(
    found: Mapping[str, Mapping[tuple[int, str], Mapping[str, Any]]],
    chief: str,
    rounds: Sequence[int],
    variant: str,
) -> Series:
    def of(task: str, field: str) -> np.ndarray:
        values = [found[task][number, variant] for number in rounds]
        return np.array(
            [np.nan if v[field] is None else v[field] / v["steps"] for v in values], np.float64
        )

    def over_tasks(field: str) -> np.ndarray:
        return np.sum([of(task, field) for task in found], axis=0)

    return Series(
        step_seconds=of(chief, "seconds"),
        cpu_seconds=over_tasks("cpu_seconds"),
        read_bytes=over_tasks("read_bytes"),
    )
