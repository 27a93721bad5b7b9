"""Runs that asked for the same thing, so that each thing is shown, and compared, once."""

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from results.loading import Run
from results.text import counted, one_line

_ALWAYS = ("strategy", "workers", "workload")
_MAKES_NO_DIFFERENCE = {
    "seed",
    "repeat",
    "report",
    "dry_run",
    "resume",
    "resume_anyway",
    "wait",
    "cache_folder",
    "experiment",
    "engine.first_port",
}
"""Keys whose values make a repeat, or a run that differs in nothing that is measured."""
_NO_DIFFERENCE_BELOW = ("sweep.", "quiet.", "hydra.")

_LONGEST_NAME = 80
_LONGEST_EXTRA = 400
"""Long enough that it sets configurations apart; where it is shown it may be cut."""


@dataclass(frozen=True)
class Group:
    """Runs that differ in nothing but the seed; `extra` is what else was varied."""

    workload: str
    strategy: str
    workers: int
    extra: str
    runs: tuple[Run, ...]
    asked: Mapping[str, str]
    """What makes it this group: strategy, workers, workload and all keys that vary."""

    @property
    def label(self) -> str:
        """ "multiworker × 4", and what else was varied."""
        return ", ".join(filter(None, (f"{self.strategy} × {self.workers}", self.extra)))

    @property
    def in_words(self) -> str:
        """ "multiworker, 4 workers", and what else was varied."""
        return ", ".join(filter(None, (self.strategy, counted(self.workers, "worker"), self.extra)))

    @property
    def series(self) -> str:
        """What stays the same along an axis of workers."""
        return ", ".join(filter(None, (self.strategy, self.extra)))

    def values(self, field: str) -> list[float]:
        """What its runs measured, unknown ones left out."""
        found = (run.value(field) for run in self.runs)
        return [float(value) for value in found if value is not None]

    def mean(self, field: str) -> float | None:
        """The geometric mean of what its runs measured above 0, or None where none did."""
        values = [value for value in self.values(field) if value > 0]
        return statistics.geometric_mean(values) if values else None

    def median(self, field: str) -> float | None:
        """The median over its runs, or None where none measured it."""
        values = self.values(field)
        return statistics.median(values) if values else None


def grouped(runs: Iterable[Run]) -> list[Group]:
    """The runs that are done, as groups, in the order of their first run."""
    return alike([run for run in runs if run.state == "done"])


def alike(runs: Sequence[Run]) -> list[Group]:
    """All of these runs, however they ended, as groups, in the order of their first run."""
    extra_keys = [key for key in varied(runs) if key not in _ALWAYS]
    keys = [*_ALWAYS, *extra_keys]
    found: dict[tuple[str, ...], list[Run]] = {}
    for run in runs:
        found.setdefault(tuple(_asked(run, key) for key in keys), []).append(run)
    return [_group(dict(zip(keys, values, strict=True)), of) for values, of in found.items()]


def varied(runs: Sequence[Run]) -> list[str]:
    """The keys that these runs were asked for differently."""
    keys = {key for run in runs for key in run.overrides}
    meant = sorted(key for key in keys if makes_a_difference(key))
    return [key for key in meant if len({_asked(run, key) for run in runs}) > 1]


def makes_a_difference(key: str) -> bool:
    """Whether runs with different values of `key` are not repeats of each other."""
    return key not in _MAKES_NO_DIFFERENCE and not key.startswith(_NO_DIFFERENCE_BELOW)


def _group(asked: dict[str, str], runs: Sequence[Run]) -> Group:
    others = {key: value for key, value in asked.items() if key not in _ALWAYS}
    names = _short_names(others)
    extra = ", ".join(f"{names[key]}={value.removesuffix('.0')}" for key, value in others.items())
    return Group(
        workload=one_line(runs[0].value("workload") or "workload unknown", _LONGEST_NAME),
        strategy=one_line(runs[0].value("strategy") or "strategy unknown", _LONGEST_NAME),
        workers=_whole(runs[0].value("workers")),
        extra=one_line(extra, _LONGEST_EXTRA),
        runs=tuple(runs),
        asked=asked,
    )


def _short_names(keys: Iterable[str]) -> dict[str, str]:
    """Keys of many parts by their last one, where no other ends so: `hidden` is enough for
    `workload.parameters.hidden`."""
    ends = {key: key.rpartition(".")[2] for key in keys}
    alone = [end for end, count in Counter(ends.values()).items() if count == 1]
    return {key: end if end in alone and key.count(".") > 1 else key for key, end in ends.items()}


def _asked(run: Run, key: str) -> str:
    """The value that holds for the run, also where it was not given but is the usual one."""
    value = run.configuration.get(key, run.overrides.get(key))
    if value is None and key in _ALWAYS:
        value = run.value(key)
    return "default" if value is None else str(value)


def _whole(value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        return 1
