"""What a run used: CPU, memory, storage, network, and what the whole machine waited for."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.pressure import RESOURCES as SHORT
from results.run_folder import RunFolder
from results.streams import RESOURCES, read_rows


def used(folder: RunFolder) -> dict[str, Any]:
    """The fields of `benchmarks.summary` that add up what tasks sampled of themselves."""
    tables = [read_rows(folder.task_folder(task), RESOURCES) for task in folder.tasks()]
    columns = [{name: table[name].to_numpy() for name in table.column_names} for table in tables]
    sampled = [each for each in columns if len(each["time"])]
    peaks = [_largest(each["peak_rss_bytes"], each["rss_bytes"]) for each in sampled]
    known = [peak / 1e6 for peak in peaks if peak is not None]
    counters = ("read_bytes", "written_bytes", "sent_bytes", "received_bytes")
    return {
        "core_seconds": _added([grown(each["cpu_seconds"]) for each in sampled]),
        "peak_rss_mb_task_max": max(known, default=None),
        "peak_rss_mb_sum": _added([peak / 1e6 if peak is not None else None for peak in peaks]),
        **{name: _whole(_added([grown(each[name]) for each in sampled])) for name in counters},
    }


def stalled(status: Mapping[str, Any]) -> dict[str, float | None]:
    """The fields about waiting of whoever's processes."""
    told = status.get("stalled_shares") or {}
    return {f"stalled_{resource}_share": told.get(resource) for resource in SHORT}


def grown(counter: np.ndarray) -> float | None:
    """The end of a counter [n] that begins at 0 and begins again when its task was restarted."""
    values = np.asarray(counter, dtype=np.float64)
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    restarts = np.flatnonzero(np.diff(values) < 0)
    return float(values[-1] + values[restarts].sum())


def _largest(*columns: np.ndarray) -> float | None:
    values = np.concatenate([np.asarray(column, dtype=np.float64) for column in columns])
    values = values[np.isfinite(values)]
    return float(values.max()) if len(values) else None


def _added(values: list[float | None]) -> float | None:
    """The sum; None where there is nothing, or where one of them is not known."""
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
