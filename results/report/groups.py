"""Runs of a sweep that asked for the same thing, so that a plot shows each thing once."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from results.loading import Run
from results.text import one_line

_SHOWN_APART = {"strategy", "workers", "workload", "seed", "repeat"}
"""Keys that a plot's axes and colours already tell, or that make a repeat."""

_LONGEST_NAME = 80


@dataclass(frozen=True)
class Group:
    """Runs that differ in nothing but the seed; `extra` is what else the sweep varied."""

    workload: str
    strategy: str
    workers: int
    extra: str
    runs: tuple[Run, ...]

    @property
    def label(self) -> str:
        """ "multiworker × 4", and what else was varied."""
        return ", ".join(filter(None, (f"{self.strategy} × {self.workers}", self.extra)))

    @property
    def series(self) -> str:
        """What stays the same along an axis of workers."""
        return ", ".join(filter(None, (self.strategy, self.extra)))

    def values(self, field: str) -> list[float]:
        """What its runs measured, unknown ones left out."""
        found = (run.value(field) for run in self.runs)
        return [float(value) for value in found if value is not None]

    def median(self, field: str) -> float | None:
        """The median over its runs, or None where none measured it."""
        values = self.values(field)
        return statistics.median(values) if values else None


def grouped(runs: Iterable[Run]) -> list[Group]:
    """The runs that are done, as groups, in the order of their first run."""
    done = [run for run in runs if run.state == "done"]
    keys = varied(done)
    found: dict[tuple[str, str, int, str], list[Run]] = {}
    for run in done:
        extra = ", ".join(f"{key}={run.overrides.get(key, 'default')}" for key in keys)
        key = (
            one_line(run.value("workload") or "workload unknown", _LONGEST_NAME),
            one_line(run.value("strategy") or "strategy unknown", _LONGEST_NAME),
            int(run.value("workers") or 1),
            one_line(extra, _LONGEST_NAME),
        )
        found.setdefault(key, []).append(run)
    return [Group(*key, tuple(of)) for key, of in found.items()]


def varied(runs: Sequence[Run]) -> list[str]:
    """The keys that these runs were given differently on the command line."""
    keys = sorted({key for run in runs for key in run.overrides} - _SHOWN_APART)
    return [key for key in keys if len({run.overrides.get(key) for run in runs}) > 1]
