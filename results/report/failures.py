"""Why runs are not done: each cause once, with the end of its log and what it took with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from results.loading import Run
from results.text import counted, number, one_line, plain

_MOST_FAILURES = 12
_LONGEST_CELL = 60
_LONGEST_MESSAGE = 500
_LONGEST_TAIL = 4000
_TAIL_LINES = 25
_MOST_NAMES = 12
_FACTS = ("task", "kind", "type", "step", "exit_code", "signal", "when")


@dataclass(frozen=True)
class Failure:
    """Why a run is not done, and what the task at fault printed last."""

    runs: str
    what: str
    message: str
    facts: Sequence[tuple[str, str]]
    consequences: Sequence[tuple[str, str]]
    """Tasks that ended because of it, and how."""
    log_tail: str


def failures(runs: Sequence[Run]) -> tuple[list[Failure], int]:
    """What failed or was interrupted, and how many causes more there are than are told.

    Runs of one configuration that ended in the same words are told once.
    """
    alike: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        if run.state in ("failed", "interrupted", "unreadable"):
            alike.setdefault((_what(run), _message(run)), []).append(run)
    told = list(alike.values())
    return [_failure(of) for of in told[:_MOST_FAILURES]], max(0, len(told) - _MOST_FAILURES)


def refusals(runs: Sequence[Run]) -> list[tuple[str, str]]:
    """Reasons of what was not applicable, with the runs that each is about."""
    found: dict[str, list[str]] = {}
    for run in runs:
        if run.state == "not_applicable":
            found.setdefault(one_line(run.reason or "", _LONGEST_MESSAGE), []).append(run.name)
    told = list(found.items())[:_MOST_FAILURES]
    return [(_listed(names), reason) for reason, names in told]


def _failure(alike: Sequence[Run]) -> Failure:
    run = alike[0]
    cause = _cause(run)
    task = cause.get("task")
    tail = cause.get("log_tail") or (run.folder.log_tail(str(task), _TAIL_LINES) if task else "")
    if isinstance(tail, list):
        tail = "\n".join(str(line) for line in tail)
    consequences = cause.get("consequences")
    return Failure(
        runs=_listed([each.name for each in alike]),
        what=_what(run),
        message=_message(run),
        facts=_facts(cause),
        consequences=[
            (one_line(task, _LONGEST_CELL), one_line(how, _LONGEST_MESSAGE))
            for task, how in (consequences.items() if isinstance(consequences, dict) else ())
        ][:_TAIL_LINES],
        log_tail=plain("\n".join(str(tail).splitlines()[-_TAIL_LINES:]))[-_LONGEST_TAIL:],
    )


def _facts(cause: Mapping[str, Any]) -> list[tuple[str, str]]:
    told = dict(cause)
    if cause.get("signal_name"):
        told["signal"] = cause["signal_name"]
    return [
        (name.replace("_", " "), one_line(_shown(told[name]), _LONGEST_CELL))
        for name in _FACTS
        if told.get(name) is not None
    ]


def _shown(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if value < 0 else number(value)
    return str(value)


def _what(run: Run) -> str:
    strategy, workers = run.value("strategy"), run.value("workers")
    what = f"{strategy} × {workers}" if strategy else run.state
    return one_line(what, _LONGEST_CELL)


def _message(run: Run) -> str:
    message = _cause(run).get("message") or run.reason or "no cause is written down"
    return one_line(message, _LONGEST_MESSAGE)


def _cause(run: Run) -> Mapping[str, Any]:
    cause = run.status.get("cause")
    return cause if isinstance(cause, dict) else {}


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(one_line(name, _LONGEST_CELL) for name in names[:_MOST_NAMES])
    more = len(names) - _MOST_NAMES
    head = "Run" if len(names) == 1 else counted(len(names), "run") + ":"
    return f"{head} {shown}" + (f" and {more:,} more" if more > 0 else "")
