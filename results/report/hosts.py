"""The machines that a run's tasks were on, where these were several: a row each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from results.errors import UserError
from results.loading import Run
from results.run_folder import CLOCK, ENVIRONMENT
from results.text import fixed, number, one_line

HEAD = ("Host", "Tasks", "CPU", "Cores", "Memory, GB", "GPUs", "Clock ahead, ms")
_MOST_ROWS = 64
_LONGEST = 80


@dataclass(frozen=True)
class HostTable:
    """Rows as `HEAD` names their cells."""

    rows: Sequence[tuple[str, ...]]
    more: int
    """Hosts that are left out."""


def hosts_of(run: Run) -> dict[str, dict[str, Any]]:
    """The environment of each host by its name; empty where all tasks were on one machine, or it
    can't be read."""
    try:
        told = run.folder.read_if_there(ENVIRONMENT) or {}
    except UserError:
        return {}
    hosts = told.get("hosts")
    return hosts if isinstance(hosts, dict) else {}


def host_table(runs: Sequence[Run]) -> HostTable | None:
    """Of the first run that was on several; None where none was."""
    for run in runs:
        hosts = hosts_of(run)
        if hosts:
            rows = [_row(run, name, host) for name, host in list(hosts.items())[:_MOST_ROWS]]
            return HostTable(rows, max(0, len(hosts) - _MOST_ROWS))
    return None


def _row(run: Run, name: str, host: Mapping[str, Any]) -> tuple[str, ...]:
    tasks = [str(task) for task in host.get("tasks") or ()]
    memory = host.get("memory_bytes")
    return (
        one_line(name, _LONGEST),
        one_line(", ".join(tasks), _LONGEST),
        one_line(host.get("cpu_model") or "unknown", _LONGEST),
        number(host.get("cores")),
        fixed(memory / 1e9 if isinstance(memory, int | float) else None, 1),
        one_line(", ".join(map(str, host.get("gpus") or ())) or "none", _LONGEST),
        _clock(run, tasks),
    )


def _clock(run: Run, tasks: Sequence[str]) -> str:
    """As the host's first task had it."""
    try:
        told = run.folder.read_if_there(f"tasks/{tasks[0]}/{CLOCK}") if tasks else None
    except UserError:
        told = None
    if told is None:
        return "unknown"
    return f"{1000 * told['offset_seconds']:+.2f} ± {1000 * told['error_seconds']:.2f}"
