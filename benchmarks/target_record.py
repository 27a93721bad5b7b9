"""Time to target as `target.json` has it (see `results.target_file`), and in words."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from benchmarks.catalogue import Instance
from benchmarks.to_target import Seed, TargetCell, ToTarget
from results.statistics.order_statistics import CONFIDENCE, fewest_values
from results.text import counted, number, percent

_OVER_SEEDS = ("steps", "examples", "seconds", "start_up_seconds", "usd", "examples_per_second")


def record_of(
    found: ToTarget, machine: Instance | None, usd_per_hour: float | None
) -> dict[str, Any]:
    """The whole file."""
    return {
        "workload": found.workload,
        "quality": found.quality,
        "quality_name": found.quality_name,
        "direction": found.direction,
        "price": None if machine is None else _price(machine, usd_per_hour),
        "left_out": list(found.left_out),
        "says": sentences(found),
        "cells": [_cell(cell) for cell in found.cells],
    }


def sentences(found: ToTarget) -> list[str]:
    """What to take from it: invalid cells first, then what the intervals are worth, and whether
    speed and time to target name the same cell."""
    return [*_invalid(found), *_worth(found.cells), *_speed_and_time(found.cells)]


def _price(machine: Instance, usd_per_hour: float | None) -> dict[str, Any]:
    return {
        "usd_per_hour": usd_per_hour,
        "machine": machine.name,
        "source": machine.source,
        "published": machine.published.isoformat(),
    }


def _cell(cell: TargetCell) -> dict[str, Any]:
    return {
        "label": cell.label,
        "strategy": cell.strategy,
        "workers": cell.workers,
        "overlapping": cell.overlapping,
        "emulated": cell.emulated,
        "batch_per_update": cell.batch_per_update,
        "every_steps": cell.every_steps,
        "valid": cell.valid,
        "reached": sum(seed.reached for seed in cell.seeds),
        **{field: _over_seeds(cell, field) for field in _OVER_SEEDS},
        "seeds": [asdict(seed) | {"reached": seed.reached} for seed in cell.seeds],
    }


def _over_seeds(cell: TargetCell, field: str) -> dict[str, float] | None:
    interval = cell.over_seeds(field)
    if interval is None:
        return None
    p10, p90 = np.quantile([getattr(seed, field) for seed in cell.seeds], (0.1, 0.9))
    return asdict(interval) | {"p10": float(p10), "p90": float(p90)}


def _invalid(found: ToTarget) -> Iterator[str]:
    for cell in found.cells:
        missed = [seed for seed in cell.seeds if not seed.reached]
        if missed:
            whose = "the others' best" if len(missed) < len(cell.seeds) else "their best"
            yield (
                f"{cell.label} is invalid: {len(cell.seeds) - len(missed)} of "
                f"{counted(len(cell.seeds), 'seed')} reached {found.quality_name} "
                f"{found.quality:g}; {whose}: {', '.join(map(_best, missed))}."
            )


def _best(seed: Seed) -> str:
    quality = "never evaluated" if seed.best_quality is None else f"{seed.best_quality:.4g}"
    return f"{quality} (seed {seed.seed}{'' if seed.state == 'done' else ', ' + seed.state})"


def _worth(cells: Sequence[TargetCell]) -> Iterator[str]:
    counts = sorted({len(cell.seeds) for cell in cells if cell.valid})
    for count in counts:
        interval = next(
            cell.over_seeds("steps") for cell in cells if cell.valid and len(cell.seeds) == count
        )
        if interval is not None and interval.confidence < CONFIDENCE:
            yield (
                f"With {count} seeds the interval is from the least to the greatest, and holds the "
                f"median with {percent(interval.confidence)}; 95% needs {fewest_values()} seeds."
            )


def _speed_and_time(cells: Sequence[TargetCell]) -> Iterator[str]:
    """Whether the cell of most examples a second is also the soonest; said with how sure it is."""
    known = []
    for cell in cells:
        seconds, speed = cell.over_seeds("seconds"), cell.over_seeds("examples_per_second")
        if seconds is not None and speed is not None:
            known.append((cell, seconds, speed))
    if len(known) < 2:
        return
    soonest = min(known, key=lambda each: each[1].median)
    fastest = max(known, key=lambda each: each[2].median)
    if soonest is fastest:
        yield f"{soonest[0].label} has the most examples/s and the shortest median time to target."
        return
    sure = "" if soonest[1].high < fastest[1].low else " (their intervals overlap)"
    yield (
        f"More examples/s is not sooner here: {fastest[0].label} trains on "
        f"{number(fastest[2].median)} examples/s and takes {number(fastest[1].median)} s, "
        f"{soonest[0].label} on {number(soonest[2].median)} and takes "
        f"{number(soonest[1].median)} s{sure}."
    )
