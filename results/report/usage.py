"""What each configuration kept busy while it trained: input, CPU, memory, network, GPUs side by
side.

From samples that tasks took of themselves after the first step; nothing is concluded from what was
not measured. A limit is named only where the machine says how much there is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from results.errors import UserError
from results.groups import Group
from results.loading import Run
from results.report.hosts import hosts_of
from results.report.timeline import Timeline, timeline
from results.run_folder import ENVIRONMENT
from results.text import DASH, fixed, number, one_line, percent

_NEAR_A_LIMIT = 0.9
"""Of the cores, or of the memory: there is hardly more to be had."""
_WAITS_FOR_INPUT = 0.1
"""Of a step: the shared design claims no class of a bottleneck below that."""
_MOST_ROWS = 24
_SMALLEST = 0.01
"""Of MB/s and MB: a rate below it is as good as none, and its figures say nothing."""

HEAD = ("configuration", "waits for input", "reads", "CPU", "memory", "network", "near a limit")
_GPU = "GPUs"


@dataclass(frozen=True)
class Bar:
    """A cell: text, and how much of its column's scale it takes, 0 to 1; None has no bar."""

    text: str
    share: float | None = None


@dataclass(frozen=True)
class _Used:
    wait_share: float | None
    read_mb_per_second: float | None
    cores: float | None
    memory_mb: float | None
    network_mb_per_second: float | None
    gpu_busy_share: float | None
    """The mean over GPUs."""
    gpu_memory_mb: float | None
    """The most that was in use at a time, all GPUs added up."""
    gpu_watts: float | None
    machine_cores: float | None
    machine_memory_mb: float | None


@dataclass(frozen=True)
class UsageTable:
    """A row a configuration (its first run stands for it), at most 24."""

    head: tuple[str, ...]
    rows: list[list[Bar]]


def usage_table(groups: Sequence[Group]) -> UsageTable:
    """The column of GPUs is there where a run tells of one."""
    used = [(group.label, _used(group.runs[0])) for group in groups[:_MOST_ROWS]]
    used = [(label, each) for label, each in used if each.wait_share is not None or each.cores]
    most_memory = most_of([each.memory_mb for _, each in used])
    most_read = most_of([each.read_mb_per_second for _, each in used])
    most_sent = most_of([each.network_mb_per_second for _, each in used])
    gpus = [_of_gpus(each) for _, each in used]
    has_gpus = any(bar.text != DASH for bar in gpus)
    rows = [
        [
            Bar(one_line(label, 60)),
            Bar(percent(each.wait_share), each.wait_share),
            bar_of(each.read_mb_per_second, "MB/s", most_read),
            _of_machine(each.cores, each.machine_cores),
            bar_of(each.memory_mb, "MB", each.machine_memory_mb or most_memory),
            bar_of(each.network_mb_per_second, "MB/s", most_sent),
            *([of_gpus] if has_gpus else []),
            Bar(_limits(each)),
        ]
        for (label, each), of_gpus in zip(used, gpus, strict=True)
    ]
    return UsageTable((*HEAD[:-1], _GPU, HEAD[-1]) if has_gpus else HEAD, rows)


def _used(run: Run) -> _Used:
    of = timeline(run)
    try:
        machine = run.folder.read_if_there(ENVIRONMENT) or {}
    except UserError:
        machine = {}
    machines = [*hosts_of(run).values()] or [machine]
    cores = _sum_of(machines, "cores")
    memory = _sum_of(machines, "memory_bytes")
    sent = _rate(of, "sent_bytes")
    return _Used(
        wait_share=run.value("wait_share"),
        read_mb_per_second=_scaled(_rate(of, "read_bytes"), 1e-6),
        cores=_rate(of, "cpu_seconds"),
        memory_mb=run.value("peak_rss_mb_sum"),
        network_mb_per_second=_scaled(sent, 1e-6),
        gpu_busy_share=_over_tasks(of, "gpu_busy_share", np.mean, np.mean),
        gpu_memory_mb=_scaled(_over_tasks(of, "gpu_memory_bytes", np.max, np.sum), 1e-6),
        gpu_watts=_over_tasks(of, "gpu_power_watts", np.mean, np.sum),
        machine_cores=cores,
        machine_memory_mb=_scaled(memory, 1e-6),
    )


def _sum_of(machines: Sequence[Mapping[str, Any]], name: str) -> float | None:
    known = [machine.get(name) for machine in machines]
    numbers = [float(each) for each in known if isinstance(each, int | float)]
    return sum(numbers) if len(numbers) == len(machines) else None


def _rate(of: Timeline, counter: str) -> float | None:
    """Growth of a counter a second, from the first step to the last, all tasks added up."""
    window = _training(of)
    if window is None:
        return None
    rates = [_growth(rows, counter, window) for rows in of.resources.values()]
    known = [rate for rate in rates if rate is not None]
    return sum(known) if known else None


def _training(of: Timeline) -> tuple[float, float] | None:
    """The first step's start and the last one's end, unix seconds; None without steps."""
    first = of.first_step
    if first is None:
        return None
    ended = [float((rows["start"] + rows["seconds"]).max()) for rows in of.steps.values()]
    return first + of.began, max(ended)


def _over_tasks(
    of: Timeline, column: str, in_time: Callable[..., Any], together: Callable[..., Any]
) -> float | None:
    """Of samples from the first step to the last: `in_time` of each task's, and these `together`;
    None where no task tells."""
    window = _training(of)
    if window is None:
        return None
    found = []
    for rows in of.resources.values():
        within = (rows["time"] >= window[0]) & (rows["time"] <= window[1])
        values = rows[column].astype(np.float64)[within]
        values = values[np.isfinite(values)]
        if len(values):
            found.append(in_time(values))
    return float(together(found)) if found else None


def _growth(
    rows: Mapping[str, np.ndarray], counter: str, window: tuple[float, float]
) -> float | None:
    values = rows[counter].astype(np.float64)
    told = np.isfinite(values)
    time, values = rows["time"][told], values[told]
    if len(time) < 2 or window[1] <= window[0]:
        return None
    start, end = np.interp(window, time, values)
    return max(0.0, float(end - start)) / (window[1] - window[0])


def _limits(each: _Used) -> str:
    """What there is hardly more of, as far as it was measured."""
    found = []
    if each.wait_share is not None and each.wait_share >= _WAITS_FOR_INPUT:
        found.append("input")
    if each.cores and each.machine_cores and each.cores / each.machine_cores >= _NEAR_A_LIMIT:
        found.append("CPU")
    if (
        each.memory_mb
        and each.machine_memory_mb
        and each.memory_mb / each.machine_memory_mb >= _NEAR_A_LIMIT
    ):
        found.append("memory")
    return ", ".join(found) or "none measured"


def _of_machine(cores: float | None, machine: float | None) -> Bar:
    if cores is None:
        return Bar(DASH)
    if not machine:
        return Bar(f"{fixed(cores, 1)} cores")
    return Bar(f"{fixed(cores, 1)} of {number(machine)} cores", min(1.0, cores / machine))


def _of_gpus(each: _Used) -> Bar:
    told = {
        f"{percent(each.gpu_busy_share)} busy": each.gpu_busy_share,
        number(each.gpu_memory_mb, "MB"): each.gpu_memory_mb,
        number(each.gpu_watts, "W"): each.gpu_watts,
    }
    known = [text for text, value in told.items() if value is not None]
    return Bar(", ".join(known) or DASH, each.gpu_busy_share)


def most_of(values: Sequence[float | None]) -> float | None:
    """The largest, which the others are compared with; None where there are no others, or all are
    next to nothing."""
    known = [value for value in values if value is not None]
    return max(known) if len(known) > 1 and max(known) >= _SMALLEST else None


def bar_of(value: float | None, unit: str, scale: float | None) -> Bar:
    """A cell for `value`, its bar a share of `scale`; without one where that is None."""
    if value is None:
        return Bar(DASH)
    text = f"below {_SMALLEST} {unit}" if 0 < value < _SMALLEST else number(value, unit)
    return Bar(text, min(1.0, value / scale) if scale else None)


def _scaled(value: float | None, scale: float) -> float | None:
    return None if value is None else value * scale
