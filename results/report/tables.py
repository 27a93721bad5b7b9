"""The report's tables: key figures, all runs, failures, and how it was measured."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from results.configuration import flat
from results.loading import Run
from results.report.words import STATE_WORDS
from results.run_folder import ENVIRONMENT, PLAN
from results.statistics import SMALLEST_EFFECTIVE_SAMPLE
from results.text import DASH, counted, fixed, number, one_line, percent, plain

_LONGEST_CELL = 60
_LONGEST_NOTE = 300
_LONGEST_VALUE = 300
_LONGEST_TAIL = 4000
_TAIL_LINES = 25


@dataclass(frozen=True)
class Figure:
    """One key figure: what, how much, and a word about it."""

    name: str
    value: str
    unit: str = ""
    note: str = ""


@dataclass(frozen=True)
class Row:
    """A run in the table; `reason` takes the place of figures that it does not have."""

    name: str
    link: str | None
    cells: Sequence[str]
    state: str
    reason: str | None


@dataclass(frozen=True)
class Failure:
    """Why a run is not done, and what the task at fault printed last."""

    run: str
    what: str
    message: str
    facts: Sequence[tuple[str, str]]
    log_tail: str


def key_figures(run: Run) -> list[Figure]:
    """What a person wants to know of one run; what was not measured is left out."""
    value = run.value
    total, core = value("total_seconds"), value("core_seconds")
    quality = one_line(value("quality_name") or "held-out quality", 30)
    found = [
        Figure("throughput", number(value("examples_per_second")), "examples/s", _interval(run)),
        Figure("step", fixed(_times(1000, value("step_seconds_median")), 2), "ms", "median"),
        Figure("waiting for input", percent(value("wait_share")), "", "of the measured steps"),
        Figure("first step after", fixed(value("seconds_to_first_step"), 1), "s"),
        Figure("whole run", fixed(total, 1), "s", _preparation(run)),
        Figure("CPU", number(core), "core-seconds", _cores(core, total)),
        Figure("most memory", number(value("peak_rss_mb_sum")), "MB", "tasks' peaks added up"),
        Figure(quality, fixed(value("quality"), 3), "", "on held-out data"),
        *(_after_failures(run) if value("restarts") or value("replaced_workers") else ()),
    ]
    return [figure for figure in found if figure.value != DASH]


def _after_failures(run: Run) -> list[Figure]:
    """What failures cost a run that went on."""
    value = run.value
    restarts, replaced = value("restarts") or 0, value("replaced_workers") or 0
    lost, repeated = value("lost_steps"), value("repeated_examples")
    share = percent(value("goodput_share"))
    return [
        Figure(
            "goodput",
            number(value("goodput_examples_per_second")),
            "examples/s",
            f"{share} of all time in useful steps",
        ),
        Figure(
            "went on after",
            number(restarts + replaced),
            "failures",
            f"{number(lost)} steps lost, {number(repeated)} examples repeated",
        ),
        Figure("restarting", fixed(value("restart_seconds") if restarts else None, 1), "s"),
    ]


def key_figures_of_sweep(runs: Sequence[Run]) -> list[Figure]:
    """How much a sweep took."""
    states = [run.state for run in runs]
    cores = _known_sum([run.value("core_seconds") for run in runs])
    seconds = _known_sum([run.value("total_seconds") for run in runs])
    rates = [run.value("examples_per_second") for run in runs if run.state == "done"]
    fastest = max((rate for rate in rates if rate is not None), default=None)
    found = [
        Figure("fastest run", number(fastest), "examples/s"),
        Figure("runs done", f"{states.count('done')}", f"of {len(runs)}"),
        Figure("all runs took", number(seconds), "s", "added up"),
        Figure("CPU", number(cores), "core-seconds"),
    ]
    return [figure for figure in found if figure.value != DASH]


def in_common(runs: Sequence[Run]) -> str:
    """What is the same in all runs, in a line: the table of runs leaves it out."""
    found = []
    for head in _ASKED:
        values = {_COLUMNS[head](run) for run in runs} - {DASH}
        if len(values) == 1:
            found.append(f"{head} {one_line(values.pop(), _LONGEST_CELL)}")
    return ", ".join(found)


def run_table(runs: Sequence[Run], single: bool) -> tuple[list[str], list[Row]]:
    """Head and rows of the table of all runs; columns that say nothing are left out."""
    shown = []
    for head, cell in _COLUMNS.items():
        values = {cell(run) for run in runs} - {DASH}
        if head in _ALWAYS or len(values) > (1 if head in _ASKED else 0):
            shown.append((head, cell))
    rows = [
        Row(
            name=one_line(run.name, _LONGEST_CELL),
            link=_link(run) if not single else None,
            cells=[one_line(cell(run), _LONGEST_CELL) for _, cell in shown],
            state=STATE_WORDS.get(run.state, one_line(run.state, _LONGEST_CELL)),
            reason=one_line(run.reason, _LONGEST_VALUE) if run.reason else None,
        )
        for run in runs
    ]
    return [head for head, _ in shown], rows


def failures(runs: Sequence[Run]) -> list[Failure]:
    """Every run that failed or was interrupted, with cause and the end of the log."""
    return [_failure(run) for run in runs if run.state in ("failed", "interrupted", "unreadable")]


def machine(runs: Sequence[Run]) -> list[tuple[str, str]]:
    """Environment of the first run that tells it; a line says where others differ."""
    told = [run.folder.read_if_there(ENVIRONMENT) for run in runs if run.state != "unreadable"]
    known = [flat(each) for each in told if each]
    if not known:
        return []
    ignored = {"format_version"}
    rows = [
        (
            one_line(key.replace("_", " ").replace(".", " · "), _LONGEST_CELL),
            one_line(value, _LONGEST_VALUE),
        )
        for key, value in known[0].items()
        if key not in ignored and value not in (None, "", [], {})
    ]
    steady = [key for key in known[0] if not key.startswith(("load", "time", "started"))]
    differing = [key for key in steady if any(each.get(key) != known[0][key] for each in known)]
    if differing:
        rows.append(("not the same in all runs", one_line(", ".join(differing), _LONGEST_VALUE)))
    return rows


def method(runs: Sequence[Run]) -> list[str]:
    """How the figures were made, in sentences."""
    warmups = sorted({run.value("warmup_steps") for run in runs} - {None})
    dropped = " or ".join(str(each) for each in warmups) or "no"
    loops = {str(run.configuration.get("strategy.loop")) for run in runs}
    said = [f"The first {dropped} steps of each run are warm-up: no figure counts them."]
    if loops - {"coordinator"}:
        said.append(
            "Throughput of tasks that step together is each task's examples divided by the median"
            " seconds of a step, added over the tasks; a step's seconds are those of its call"
            " divided by the call's steps."
        )
    if "coordinator" in loops:
        said.append(
            "Workers of a parameter server overlap: what all of them finished in equal windows of"
            " wall time is counted, and the median window is taken."
        )
    said.append(_intervals(runs))
    said.append(
        "CPU, memory and storage are read inside each task twice a second; waiting for input is"
        " the time until the next batch was there, which can hide work that shares cores with the"
        " model."
    )
    said.append(_emulated(runs))
    notes = dict.fromkeys(str(run.value("notes")) for run in runs if run.value("notes"))
    return said + [f"Note: {one_line(each, _LONGEST_NOTE)}." for each in notes]


def _intervals(runs: Sequence[Run]) -> str:
    with_one = [run for run in runs if run.value("examples_per_second_low") is not None]
    basis = (
        "Intervals are 95%, within one run (block bootstrap, block length from the measured"
        " autocorrelation): they say how steady a run was, not how well it repeats."
    )
    measured = [run for run in runs if run.value("examples_per_second") is not None]
    if not measured:
        return "No run was measured long enough for a throughput."
    none = len(measured) - len(with_one)
    few = f"an effective sample below {SMALLEST_EFFECTIVE_SAMPLE}"
    if not with_one:
        return f"No interval is given: {few} in {'it' if none == 1 else 'all runs'}."
    return basis + (f" {counted(none, 'run has', 'runs have')} none, for {few}." if none else "")


def _emulated(runs: Sequence[Run]) -> str:
    named: dict[str, None] = {}
    for run in runs:
        plan = {} if run.state == "unreadable" else run.folder.read_if_there(PLAN) or {}
        named.update(dict.fromkeys(str(each) for each in plan.get("emulated") or []))
    if named:
        return f"Emulated: {', '.join(one_line(each, _LONGEST_CELL) for each in named)}."
    return "Nothing was emulated: every figure is this machine's own."


def _failure(run: Run) -> Failure:
    cause: Mapping[str, Any] = run.status.get("cause") or {}
    task = cause.get("task")
    tail = cause.get("log_tail") or (run.folder.log_tail(str(task), _TAIL_LINES) if task else "")
    if isinstance(tail, list):
        tail = "\n".join(str(line) for line in tail)
    facts = [
        (name.replace("_", " "), one_line(cause[name], _LONGEST_CELL))
        for name in ("task", "kind", "step", "exit_code", "signal")
        if cause.get(name) is not None
    ]
    value = run.value
    what = f"{value('strategy')} × {value('workers')}" if value("strategy") else run.state
    return Failure(
        run=one_line(run.name, _LONGEST_CELL),
        what=one_line(what, _LONGEST_CELL),
        message=one_line(cause.get("message") or run.reason or "no cause is written down", 500),
        facts=facts,
        log_tail=plain("\n".join(str(tail).splitlines()[-_TAIL_LINES:]))[-_LONGEST_TAIL:],
    )


def _link(run: Run) -> str | None:
    """The run's own report, relative to the sweep's, where it has one."""
    return f"{run.name}/report.html" if (run.folder.path / "report.html").is_file() else None


def _text(field: str) -> Callable[[Run], str]:
    return lambda run: DASH if run.value(field) is None else str(run.value(field))


def _scaled(field: str, scale: float, digits: int) -> Callable[[Run], str]:
    return lambda run: fixed(_times(scale, run.value(field)), digits)


def _interval(run: Run) -> str:
    low, high = run.value("examples_per_second_low"), run.value("examples_per_second_high")
    return "" if low is None else f"{number(low)} to {number(high)} within the run"


def _preparation(run: Run) -> str:
    seconds = run.value("preparation_seconds")
    return f"and {fixed(seconds, 1)} s of preparation before it" if seconds else ""


def _cores(core: float | None, total: float | None) -> str:
    return f"{fixed(core / total, 1)} cores on average" if core is not None and total else ""


def _times(scale: float, value: float | None) -> float | None:
    return None if value is None else scale * value


def _known_sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


_ALWAYS = ("strategy", "workers", "examples / s")
_ASKED = ("workload", "source", "batch", "keras", "seed")
"""Columns for what was asked; they are in the table where runs differ, else in the line above."""

_COLUMNS: Mapping[str, Callable[[Run], str]] = {
    "strategy": _text("strategy"),
    "workers": _text("workers"),
    "workload": _text("workload"),
    "source": _text("source"),
    "examples / s": lambda run: number(run.value("examples_per_second")),
    "95% within run": lambda run: _interval(run).removesuffix(" within the run") or DASH,
    "ms / step": _scaled("step_seconds_median", 1000, 2),
    "input wait": lambda run: percent(run.value("wait_share")),
    "first step s": _scaled("seconds_to_first_step", 1, 1),
    "total s": _scaled("total_seconds", 1, 1),
    "core s": _scaled("core_seconds", 1, 0),
    "memory MB": lambda run: number(run.value("peak_rss_mb_sum")),
    "quality": _scaled("quality", 1, 3),
    "batch": _text("batch_total"),
    "keras": _text("keras"),
    "seed": _text("seed"),
}
