"""What each configuration kept busy while it trained: input, CPU, memory, network side by side.

From samples that tasks took of themselves after the first step; nothing is concluded from what was
not measured. A limit is named only where the machine says how much there is.
"""

from collections.abc import Mapping, Sequence
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

HEAD = ("configuration", "waits for input", "reads", "CPU", "memory", "network", "near a limit")


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
    machine_cores: float | None
    machine_memory_mb: float | None


def usage_table(groups: Sequence[Group]) -> list[list[Bar]]:
    """A row a configuration (its first run stands for it), at most 24."""
    used = [(group.label, _used(group.runs[0])) for group in groups[:_MOST_ROWS]]
    used = [(label, each) for label, each in used if each.wait_share is not None or each.cores]
    most_memory = max((each.memory_mb or 0 for _, each in used), default=0)
    most_read = max((each.read_mb_per_second or 0 for _, each in used), default=0)
    most_sent = max((each.network_mb_per_second or 0 for _, each in used), default=0)
    return [
        [
            Bar(one_line(label, 60)),
            Bar(percent(each.wait_share), each.wait_share),
            _bar(each.read_mb_per_second, "MB/s", most_read),
            _of_machine(each.cores, each.machine_cores),
            _bar(each.memory_mb, "MB", each.machine_memory_mb or most_memory),
            _bar(each.network_mb_per_second, "MB/s", most_sent),
            Bar(_limits(each)),
        ]
        for label, each in used
    ]


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
        machine_cores=cores,
        machine_memory_mb=_scaled(memory, 1e-6),
    )


def _sum_of(machines: Sequence[Mapping[str, Any]], name: str) -> float | None:
    known = [machine.get(name) for machine in machines]
    numbers = [float(each) for each in known if isinstance(each, int | float)]
    return sum(numbers) if len(numbers) == len(machines) else None


def _rate(of: Timeline, counter: str) -> float | None:
    """Growth of a counter a second, from the first step to the last, all tasks added up."""
    ended = [float((rows["start"] + rows["seconds"]).max()) for rows in of.steps.values()]
    first = of.first_step
    if first is None:
        return None
    window = first + of.began, max(ended)
    rates = [_growth(rows, counter, window) for rows in of.resources.values()]
    known = [rate for rate in rates if rate is not None]
    return sum(known) if known else None


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


def _bar(value: float | None, unit: str, scale: float) -> Bar:
    if value is None:
        return Bar(DASH)
    return Bar(number(value, unit), min(1.0, value / scale) if scale else 0.0)


def _scaled(value: float | None, scale: float) -> float | None:
    return None if value is None else value * scale
