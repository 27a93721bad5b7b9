"""What is asked of Slurm for a run: the words of `sbatch`, from the keys of `engine`."""

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from results.errors import UserError
from results.text import counted

_OWN = {
    "array", "chdir", "comment", "gpus-per-task", "help", "hold", "job-name", "kill-on-invalid-dep",
    "no-kill", "no-requeue", "ntasks", "open-mode", "output", "error", "parsable", "requeue",
    "signal", "test-only", "usage", "version", "wait", "wrap",
}  # fmt: skip
_OWN_SHORT = {"D", "H", "J", "V", "W", "a", "e", "h", "k", "n", "o"}
_WHOLE = {"gpus"}
"""Options of sbatch that others, which the launcher sets, begin with."""
_OF_KEYS = {
    "account": "account", "constraint": "constraint", "cpus-per-task": "cpus_per_task",
    "mem": "mem", "nodes": "nodes", "partition": "partition", "time": "time", "A": "account",
    "C": "constraint", "N": "nodes", "c": "cpus_per_task", "p": "partition", "t": "time",
}  # fmt: skip
_TIME = re.compile(r"(?:(?P<days>\d+)-)?(?P<first>\d+)(?::(?P<second>\d+))?(?::(?P<third>\d+))?")
_MEMORY = re.compile(r"\d+[KMGT]?", re.IGNORECASE)
_EARLY_SECONDS = 60
"""Slurm gives the signal ahead of a time limit up to a minute early."""
_LEAST_SECONDS = 300
"""Of a time limit: starting takes one minute, leaving two, and the signal may be early by one."""
_MOST_OF_LIMIT = 0.5
"""Of a short time limit, what a run may lose to leaving in time."""


@dataclass(frozen=True)
class Request:
    """Resources, in Slurm's own words; None leaves a choice to the cluster."""

    partition: str | None
    time: str | None
    account: str | None
    cpus_per_task: int | None
    mem: str | None
    """Of each node."""
    constraint: str | None
    nodes: int | None
    extra: tuple[str, ...]

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """From the keys of `engine`. Raises UserError where one can't be right."""
        names = [each.name for each in dataclasses.fields(cls)]
        asked = {name: options[name] for name in names}
        cpus = asked["cpus_per_task"]
        if cpus is not None and cpus != int(cpus):
            raise UserError(
                f"engine.cpus_per_task={cpus:g}: a whole number is needed for engine=slurm"
            )
        whole = None if cpus is None else int(cpus)
        request = cls(**{**asked, "cpus_per_task": whole, "extra": tuple(options["extra"])})
        request._check()
        return request

    def words(self, tasks: int, gpus_per_task: int) -> list[str]:
        """Those that say what is needed to run so many tasks at once.

        Raises UserError where there are more nodes than tasks: sbatch would take fewer, unasked.
        """
        if self.nodes is not None and self.nodes > tasks:
            raise UserError(
                f"engine.nodes={self.nodes}: the run has {counted(tasks, 'task')}; give {tasks} at "
                "most"
            )
        named = {
            "partition": self.partition,
            "time": self.time,
            "account": self.account,
            "cpus-per-task": self.cpus_per_task,
            "mem": self.mem,
            "constraint": self.constraint,
            "nodes": self.nodes,
            "ntasks": tasks,
            "gpus-per-task": gpus_per_task or None,
        }
        words = [f"--{key}={value}" for key, value in named.items() if value is not None]
        return [*words, *self.extra]

    def warning_seconds(self, grace_seconds: float) -> int:
        """How long before the time limit the run is told to leave.

        Args:
          grace_seconds: what tasks have to leave.
        """
        wanted = math.ceil(grace_seconds) + _EARLY_SECONDS
        limit = None if self.time is None else seconds_of(self.time)
        return min(wanted, math.ceil(limit * _MOST_OF_LIMIT)) if limit else wanted

    def _check(self) -> None:
        if self.time is not None:
            _check_time(self.time)
        if self.mem is not None and not _MEMORY.fullmatch(self.mem):
            raise UserError(
                f"engine.mem={self.mem}: not an amount of memory; give such as 4000 (MB), 16G or 0 "
                "(all of a node's)"
            )
        for word in self.extra:
            _check_extra(word, self.extra)


def check(options: Mapping[str, Any]) -> None:
    """What `engine.check` names. Raises UserError where a key's value can't be right."""
    Request.of(options)


def seconds_of(time: str) -> int | None:
    """Of a time as sbatch takes it: `minutes`, `minutes:seconds`, `hours:minutes:seconds`,
    `days-hours`, `days-hours:minutes`, `days-hours:minutes:seconds`; 0 is no limit. None where it
    is none of them."""
    found = _TIME.fullmatch(time)
    if found is None:
        return None
    given = [int(part) for part in found.group("first", "second", "third") if part is not None]
    if found["days"] is not None:
        hours, minutes, seconds = (*given, 0, 0)[:3]
        return ((int(found["days"]) * 24 + hours) * 60 + minutes) * 60 + seconds
    if len(given) == 3:
        return (given[0] * 60 + given[1]) * 60 + given[2]
    return given[0] * 60 + (given[1] if len(given) == 2 else 0)


def _check_time(time: str) -> None:
    seconds = seconds_of(time)
    if seconds is None:
        raise UserError(
            f"engine.time={time}: not a time; give minutes, hours:minutes:seconds or days-hours"
        )
    if 0 < seconds < _LEAST_SECONDS:
        raise UserError(
            f"engine.time={time}: {seconds} s are over before a run is well at work; give at least "
            f"{_LEAST_SECONDS // 60} (minutes)"
        )


def _check_extra(word: str, extra: Sequence[str]) -> None:
    given = f"engine.extra=[{','.join(extra)}]"
    if not re.match(r"--?[A-Za-z]", word):
        raise UserError(f"{given}: {word} is no option of sbatch; give each as --name=value")
    long = word.startswith("--")
    name = word[2:].partition("=")[0] if long else word[1]
    whole = [each for each in sorted({*_OWN, *_OF_KEYS}) if each.startswith(name)]
    if long and whole and name not in (*whole, *_WHOLE):
        raise UserError(
            f"{given}: {word.partition('=')[0]} may be short for --{whole[0]}; give options their "
            "whole names"
        )
    if name in (_OWN if long else _OWN_SHORT):
        raise UserError(f"{given}: the launcher sets {word.partition('=')[0]} itself; leave it out")
    key = _OF_KEYS.get(name)
    if key is not None:
        raise UserError(
            f"{given}: {word.partition('=')[0]} has a key of its own; give engine.{key}"
        )
