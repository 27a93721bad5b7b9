"""Key figures, what the machine was, and how it was measured."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from results.configuration import flat
from results.errors import UserError
from results.loading import Run
from results.pipeline_file import DIAGNOSIS, part_if_readable
from results.report.all_runs import interval_of
from results.run_folder import ENVIRONMENT
from results.statistics import FEWEST_REPEATS, SMALLEST_EFFECTIVE_SAMPLE
from results.text import DASH, counted, emulated_in_all, fixed, number, one_line, percent

_BETWEEN_RUNS = (
    f"Configurations are compared by whole runs, from {FEWEST_REPEATS} repeats of each on: the"
    " ratio of geometric means with Student's 95% interval of the logs, in pairs where runs were"
    " interleaved. The fastest is picked by looking, so its comparisons are corrected for all pairs"
    " that it was picked from (Bonferroni)."
)
_LONGEST_CELL = 60
_WORTH_SECONDS = 0.05
"""Preparation that only found its data there already isn't told."""
_LONGEST_NOTE = 300
_LONGEST_VALUE = 300
_SHARE = re.compile(r"\b(\d+)%")
_A_SHARE = "…%"


@dataclass(frozen=True)
class Figure:
    """One key figure: what, how much, and a word about it."""

    name: str
    value: str
    unit: str = ""
    note: str = ""


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
        Figure("CPU", number(core), "core-seconds", _cores(run)),
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


def machine(runs: Sequence[Run]) -> list[tuple[str, str]]:
    """Environment of the first run that tells it; a line says where others differ."""
    known = [flat(_without_hosts(told)) for run in runs if (told := _environment(run))]
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
    if len(runs) > 1:
        said.append(_BETWEEN_RUNS)
    said.append(
        "CPU, memory and storage are read inside each task twice a second; waiting for input is"
        " the time until the next batch was there, which can hide work that shares cores with the"
        " model."
    )
    said += _engines(runs)
    said.append(_emulated(runs))
    said += _isolation(runs)
    notes = [note for run in runs for note in str(run.value("notes") or "").split("; ") if note]
    return said + [f"Note: {one_line(each, _LONGEST_NOTE)}." for each in _told_once(notes)]


def _told_once(notes: Sequence[str]) -> list[str]:
    """Notes that differ in one share alone become one, which tells the least and the most."""
    alike: dict[str, list[int]] = {}
    for note in notes:
        shares = [int(share) for share in _SHARE.findall(note)[:1]]
        alike.setdefault(_SHARE.sub(_A_SHARE, note, count=1), []).extend(shares)
    return [
        note.replace(_A_SHARE, " to ".join(f"{share}%" for share in _least_and_most(shares)))
        for note, shares in alike.items()
    ]


def _least_and_most(shares: Sequence[int]) -> list[int]:
    return sorted({min(shares), max(shares)}) if shares else []


def _environment(run: Run) -> dict[str, Any] | None:
    try:
        return run.folder.read_if_there(ENVIRONMENT)
    except UserError:
        return None  # damaged: the other runs still tell


def _without_hosts(environment: dict[str, Any]) -> dict[str, Any]:
    """Those have a table of their own."""
    return {key: value for key, value in environment.items() if key != "hosts"}


def _engines(runs: Sequence[Run]) -> list[str]:
    """What started the tasks; nothing where no run says."""
    named = sorted({str(name) for run in runs if (name := run.configuration.get("engine"))})
    if not named:
        return []
    return [f"Tasks were started by engine={one_line(','.join(named), _LONGEST_NOTE)}."]


def _isolation(runs: Sequence[Run]) -> list[str]:
    """Who could have connected to the tasks; nothing where no run says."""
    kinds = [run.value("isolation") for run in runs]
    said = []
    if "namespace" in kinds:
        which = "The tasks" if set(kinds) <= {"namespace", None} else "The tasks of some runs"
        said.append(
            f"{which} had users, network and processes of their own: nobody outside could connect."
        )
    reasons = dict.fromkeys(
        str(run.value("isolation_why")) for run in runs if run.value("isolation") == "none"
    )
    said += [f"Not isolated: {one_line(each, _LONGEST_NOTE)}." for each in reasons]
    return said


def _intervals(runs: Sequence[Run]) -> str:
    with_one = [run for run in runs if run.value("examples_per_second_low") is not None]
    basis = (
        "Intervals within a run are 95%, by batch means, their number from the measured"
        " autocorrelation: they say how steady a run was, not how well it repeats."
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
    named = emulated_in_all(run.value("emulated") for run in runs)
    if named:
        return f"Emulated: {one_line(named, _LONGEST_NOTE)}."
    return "Nothing was emulated: every figure is the hardware's own."


def _interval(run: Run) -> str:
    interval = interval_of(run)
    return "" if interval == DASH else f"{interval} within the run"


def _preparation(run: Run) -> str:
    seconds = run.value("preparation_seconds")
    told = seconds is not None and seconds >= _WORTH_SECONDS
    return f"and {fixed(seconds, 1)} s of preparation before it" if told else ""


def _cores(run: Run) -> str:
    """None of a diagnosed run: its core-seconds hold the diagnosis, its seconds don't."""
    core, total = run.value("core_seconds"), run.value("total_seconds")
    if core is None or not total or part_if_readable(run.folder, DIAGNOSIS) is not None:
        return ""
    return f"{fixed(core / total, 1)} cores on average"


def _times(scale: float, value: float | None) -> float | None:
    return None if value is None else scale * value


def _known_sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
