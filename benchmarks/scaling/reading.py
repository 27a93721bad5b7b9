"""Points from the columns of `results.load`, and the refusal of runs that don't belong together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.breakdown import PARTS
from benchmarks.scaling.cells import Cell, Point
from benchmarks.scaling.observed import sampled_cores, step_seconds_seen
from results.configuration import flat
from results.errors import UserError
from results.groups import makes_a_difference
from results.run_folder import ENVIRONMENT, RunFolder
from results.text import counted, emulated_in_all, one_line

if TYPE_CHECKING:
    import pandas as pd

_MBIT = "emulate.network.mbit_per_second"
_ACCELERATOR = "emulate.accelerator.examples_per_second"
_HOST_CORES = "emulate.hosts.cores"
_STRAGGLER_BELOW = "emulate.straggler."
_TASKS_BESIDE_WORKERS = {"multiworker": 0, "parameter_server": 1}
"""Of the strategies whose workers are tasks: whether a coordinator and servers are as well."""
_STEPS_PER_CALL = "loop.steps_per_call"
_MACHINE = ("cpu_model", "cores", "memory_bytes", "gpus")
_SAME_MEMORY = 0.02
"""The system keeps a little for itself, not always the same."""
_IN_THE_MODEL = {"workers", "ps", "strategy", "workload", "keras", _MBIT, _ACCELERATOR}
_IN_THE_MODEL_BELOW = ("batch.", "strategy.", "engine.")
_NOT_OF_SPEED_BELOW = ("until.", "measure.", "evaluate.", "checkpoint.", "watch.")
_OF_THE_WORKLOAD = ("workload.", "source", "source.")
_LIES_WITHIN = {"pull": "compute", "push": "update", "call": "rest"}
_WHAT_IS_LEFT = "rest"
"""Part of a step that is known only where all others are."""
_MOST = 0.5
"""Share of a run's time."""
_LONGEST = 60


@dataclass(frozen=True)
class Group:
    """Runs that one model is fitted to."""

    strategy: str
    workload: str
    rule: str
    """`weak`: the batch of a replica is the same for any number of workers; `strong`: the global
    batch is."""
    varied: str
    """What else they have in common and other groups have otherwise; empty where nothing is."""
    points: tuple[Point, ...]
    steps_alone: tuple[np.ndarray, ...]
    """Seconds of every step, [n] each, of the runs with one worker."""
    left_out: int
    """Runs of this strategy and workload that failed or did not finish, or whose speed was not
    measured."""
    emulated: str | None
    slowed: bool
    """Whether some task's emulated accelerator was slower than the others'."""


def groups_of(runs: pd.DataFrame) -> list[Group]:
    """The finished runs of a frame of `results.load`, by what is fitted together.

    Raises UserError where none has finished, where they ran on different machines, where some of
    them computed and others emulated it, or where one group would hold different workloads, naming
    the difference.
    """
    rows: list[dict[str, Any]] = runs.to_dict("records")  # type: ignore[assignment]
    done = [row for row in rows if row.get("state") == "done" and _speed(row) is not None]
    if not done:
        raise UserError(
            f"{counted(len(rows), 'run')} and none finished with a speed; give a sweep "
            "such as experiment=scaling makes"
        )
    environments = [environment_of(row) for row in done]
    check_one_machine(done, environments)
    _check_computing(done)
    found = []
    for key in dict.fromkeys(_name(row) for row in done):
        mine = [place for place, row in enumerate(done) if _name(row) == key]
        others = [row for row in rows if _name(row) == key]
        left_out = len(others) - len(mine)
        for varied, places in _by_what_varies([done[place] for place in mine], key).items():
            of = [done[mine[place]] for place in places]
            told = [environments[mine[place]] for place in places]
            found.append(_group(key, varied, of, told, left_out))
    return found


def _group(
    key: tuple[str, str],
    varied: str,
    rows: Sequence[Mapping[str, Any]],
    environments: Sequence[Mapping[str, Any]],
    left_out: int,
) -> Group:
    points = [_point(row, told) for row, told in zip(rows, environments, strict=True)]
    if any(point.cell.gradient_bytes is None for point in points):
        unknown = [replace(point.cell, gradient_bytes=None) for point in points]
        points = [replace(p, cell=cell) for p, cell in zip(points, unknown, strict=True)]
    alone = [
        step_seconds_seen(
            _text(row.get("folder")),
            int(_number(row.get("warmup_steps")) or 0),
            int(_number(row.get(_STEPS_PER_CALL)) or 1),
        )
        for row, point in zip(rows, points, strict=True)
        if point.cell.workers == 1
    ]
    return Group(
        strategy=key[0],
        workload=key[1],
        rule=_rule([point.cell for point in points]),
        varied=varied,
        points=tuple(points),
        steps_alone=tuple(steps for steps in alone if len(steps)),
        left_out=left_out,
        emulated=emulated_in_all(_text(row.get("emulated")) for row in rows),
        slowed=any(_is_slowed(row) for row in rows),
    )


def _is_slowed(row: Mapping[str, Any]) -> bool:
    return any(key.startswith(_STRAGGLER_BELOW) and _number(row[key]) is not None for key in row)


def _point(row: Mapping[str, Any], environment: Mapping[str, Any]) -> Point:
    workers = int(_number(row.get("workers")) or 1)
    point = Point(
        run=str(row.get("run")),
        cell=Cell(
            workers=workers,
            batch_per_replica=_batch_per_replica(row, workers),
            ps=int(_number(row.get("ps")) or 1),
            gradient_bytes=_number(row.get("gradient_bytes")),
            mbit_per_second=_number(row.get(_MBIT)),
            accelerator=_number(row.get(_ACCELERATOR)),
            host_cores=_number(row.get(_HOST_CORES)),
            shared_cores=_shared_cores(row, _cores(environment)),
        ),
        examples_per_second=_speed(row) or 0.0,
        wait_share=_number(row.get("wait_share")) or 0.0,
        busy_cores=_busy_cores(row),
    )
    return replace(point, parts=_parts(row, point.step_seconds))


def _parts(row: Mapping[str, Any], step_seconds: float) -> dict[str, float]:
    """Means over steps, of which a few may be very long: as shares of the typical step, where all
    of them are known. What a worker pulls counts as computing, what it pushes as the update and
    what lies between two calls as what is left, as in runs that didn't tell them apart."""
    told = {part: _number(row.get(f"step_{part}_seconds")) for part in PARTS}
    found = {part: seconds for part, seconds in told.items() if seconds is not None}
    for part, within in _LIES_WITHIN.items():
        if part in found and within in found:
            found[within] += found.pop(part)
    whole = sum(found.values())
    if _WHAT_IS_LEFT not in found or whole <= 0:
        return found
    return {part: seconds * step_seconds / whole for part, seconds in found.items()}


def _batch_per_replica(row: Mapping[str, Any], workers: int) -> float:
    total = _number(row.get("batch_total")) or _number(row.get("batch.total"))
    if total is not None:
        return total / workers
    return _number(row.get("batch_per_replica")) or _number(row.get("batch.per_replica")) or 1.0


def _rule(cells: Sequence[Cell]) -> str:
    per_replica = {cell.batch_per_replica for cell in cells}
    return "weak" if len(per_replica) <= len({cell.batch_total for cell in cells}) else "strong"


def _busy_cores(row: Mapping[str, Any]) -> float | None:
    """Cores that the run's tasks kept busy while they trained.

    By their samples of that time; where there are too few, by the whole run's CPU and time, which
    tells of training only where that was most of it: else None.
    """
    path = _text(row.get("folder"))
    sampled = sampled_cores(path) if path else None
    if sampled is not None:
        return sampled
    used, training = _number(row.get("core_seconds")), _number(row.get("training_seconds"))
    if used is None or not training:
        return None
    whole = max(training, _number(row.get("total_seconds")) or 0.0)
    return used / whole if training > _MOST * whole else None


def _by_what_varies(
    rows: Sequence[Mapping[str, Any]], key: tuple[str, str]
) -> dict[str, list[int]]:
    """Places of the rows that belong to one model, by what sets them apart from the others."""
    keys = [name for name in dict.fromkeys(n for row in rows for n in row) if _may_matter(name)]
    values = {name: [_shown(row.get(name)) for row in rows] for name in keys}
    varied = {name: of for name, of in values.items() if len(set(of)) > 1}
    for name, of in varied.items():
        if name.startswith(_OF_THE_WORKLOAD) and not _compute_is_known(rows):
            raise UserError(
                f"{key[0]}, {key[1]} has runs of different workloads in one fit: {name}="
                f"{' and '.join(dict.fromkeys(of))}; choose one: where='{name} == {of[0]}'"
            )
    apart = {name: of for name, of in varied.items() if not name.startswith(_OF_THE_WORKLOAD)}
    found: dict[str, list[int]] = {}
    for place in range(len(rows)):
        label = ", ".join(f"{name}={of[place]}" for name, of in apart.items())
        found.setdefault(label, []).append(place)
    return found


def _may_matter(column: str) -> bool:
    """Whether a column is a key of the configuration that sets runs apart."""
    asked = "." in column or column in ("communication", "source", "devices", "deterministic")
    return (
        asked
        and column not in _IN_THE_MODEL
        and not column.startswith(_IN_THE_MODEL_BELOW)
        and not column.startswith(_NOT_OF_SPEED_BELOW)
        and makes_a_difference(column)
    )


def _compute_is_known(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a gradient's size is all that workloads can differ in for a model."""
    return all(
        _number(row.get(_ACCELERATOR)) is not None
        and _number(row.get("gradient_bytes")) is not None
        for row in rows
    )


def check_one_machine(
    rows: Sequence[Mapping[str, Any]], environments: Sequence[Mapping[str, Any]]
) -> None:
    """Raises UserError, naming the difference, where rows were measured on different machines."""
    for key in _MACHINE:
        values: dict[str, Mapping[str, Any]] = {}
        for row, told in zip(rows, environments, strict=True):
            if told.get(key) is not None:
                values.setdefault(_shown(told[key]), row)
        if len(values) > 1 and not (key == "memory_bytes" and _same_memory(values)):
            first, second = list(values.items())[:2]
            raise UserError(
                f"runs of different machines in one fit, {key}: {first[0]} in run "
                f"{first[1].get('run')} and {second[0]} in run {second[1].get('run')}; give runs "
                "of one machine"
            )


def _check_computing(rows: Sequence[Mapping[str, Any]]) -> None:
    """Raises UserError where some rows have an emulated accelerator and others have none."""
    emulated = [row for row in rows if _number(row.get(_ACCELERATOR)) is not None]
    computed = [row for row in rows if _number(row.get(_ACCELERATOR)) is None]
    if emulated and computed:
        one, other = emulated[0], computed[0]
        raise UserError(
            f"runs with and without an emulated accelerator in one fit, {_ACCELERATOR}: "
            f"{_shown(one[_ACCELERATOR])} in run {one.get('run')} and null in run "
            f"{other.get('run')}; choose one: where='{_ACCELERATOR} == null' or "
            f"where='{_ACCELERATOR} > 0'"
        )


def _same_memory(values: Mapping[str, Any]) -> bool:
    sizes = [float(value) for value in values]
    return max(sizes) <= min(sizes) * (1 + _SAME_MEMORY)


def environment_of(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the run of a row noted of its machine; empty where it noted nothing."""
    path = _text(row.get("folder"))
    return (RunFolder(Path(path)).read_if_there(ENVIRONMENT) or {}) if path else {}


def _cores(environment: Mapping[str, Any]) -> int | None:
    found = _number(flat(environment).get("cores"))
    return None if found is None else int(found)


def _shared_cores(row: Mapping[str, Any], cores: int | None) -> float | None:
    """Of a machine's: all, or those of the one emulated host, or None where each task has an
    emulated host and the machine has enough for all of them."""
    of_host, strategy = _number(row.get(_HOST_CORES)), row.get("strategy")
    if cores is None or of_host is None:
        return cores
    if strategy not in _TASKS_BESIDE_WORKERS:
        return min(of_host, cores)
    servers = int(_number(row.get("ps")) or 0)
    tasks = int(_number(row.get("workers")) or 1) + _TASKS_BESIDE_WORKERS[strategy] * (1 + servers)
    return cores if tasks * of_host > cores else None


def _name(row: Mapping[str, Any]) -> tuple[str, str]:
    return one_line(row.get("strategy"), _LONGEST), one_line(row.get("workload"), _LONGEST)


def _speed(row: Mapping[str, Any]) -> float | None:
    found = _number(row.get("examples_per_second"))
    return found if found is not None and found > 0 else None


def _number(value: Any) -> float | None:
    """A finite number; None for anything else, such as a frame's NaN for what is missing."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        return None
    return float(value) if np.isfinite(value) else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _shown(value: Any) -> str:
    missing = value is None or (isinstance(value, float) and np.isnan(value))
    return "null" if missing else one_line(value, _LONGEST)
