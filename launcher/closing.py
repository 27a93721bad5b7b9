"""What a person reads when a run has ended: one table of at most 80 columns."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from results.pipeline_file import DIAGNOSIS, part_if_readable, record_in, records_in
from results.run_folder import RunFolder
from results.step_words import STEP_WORDS
from results.text import counted, one_line

_COLUMNS = 80
_SECONDS_IN_HOUR = 3600
_WAITS_LITTLE = 0.02
"""Below this share of a step, waiting for input is not worth a word."""
_WORTH_SECONDS = 0.05
"""Less rounds to nothing."""
_LONGEST_VERDICT = 400
_MOST_ADVICE = 3
_WORTH_SHARE = 0.01
"""Of a step; less is not worth a word."""
_START_PARTS = ("process", "import", "cluster", "data", "model", "tracing")


def print_summary(summary: Mapping[str, Any], folder: Path, console: Console) -> None:
    """How fast, how long, what it took, what held it back as far as is known, where it lies."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), width=_width(console))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for head, text in _rows(summary, _verdict(folder)):
        if text:
            table.add_row(head, Text(text))
    for number, advice in enumerate(_advice(folder)):
        table.add_row("" if number else "Would help", Text(advice))
    report = folder / "report.html"
    kind, shown = ("Report", report) if report.is_file() else ("Folder", folder)
    table.add_row(kind, Text(as_seen_from_here(shown)))
    console.print(table)


def as_seen_from_here(path: Path) -> str:
    """Relative to where the person stands, where it lies below that."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _rows(summary: Mapping[str, Any], verdict: str) -> list[tuple[str, str]]:
    return [
        ("Run", _what(summary)),
        ("Speed", _speed(summary)),
        ("Step", _step(summary)),
        ("Time", _time(summary)),
        ("Failures", _failures(summary)),
        ("Goodput", _goodput(summary)),
        ("First step", _first_step(summary)),
        ("Took", _took(summary)),
        ("Held back", verdict),
        ("Input", "" if verdict else _input(summary)),
        ("Quality", _quality(summary)),
        ("Loss", _loss(summary)),
        ("Emulated", str(summary.get("emulated") or "")),
        ("Note", str(summary.get("notes") or "")),
    ]


def _what(summary: Mapping[str, Any]) -> str:
    workers = summary.get("workers")
    parts = [
        str(summary.get("strategy")),
        f"{workers} worker{'' if workers == 1 else 's'}",
        str(summary.get("workload")),
        f"batch {summary.get('batch_total')}",
        f"Keras {summary.get('keras')}",
    ]
    return ", ".join(parts)


def _speed(summary: Mapping[str, Any]) -> str:
    rate = summary.get("examples_per_second")
    if rate is None:
        return "not measured"
    text = f"{rate:,.0f} examples/s"
    low, high = summary.get("examples_per_second_low"), summary.get("examples_per_second_high")
    if low is not None and high is not None:
        text += f" (95% within this run: {low:,.0f} to {high:,.0f})"
    step = summary.get("step_seconds_median")
    if step is not None:
        text += f", {step * 1000:.3g} ms a step in the median"
    return text


def _step(summary: Mapping[str, Any]) -> str:
    """Where its milliseconds go, most first; parts that are nothing are left out."""
    known = {part: summary.get(f"step_{part}_seconds") for part in STEP_WORDS}
    parts = {STEP_WORDS[part]: 1000 * each for part, each in known.items() if each is not None}
    whole = sum(parts.values())
    told = [
        f"{name} {each:.2f}"
        for name, each in sorted(parts.items(), key=lambda part: -part[1])
        if each >= _WORTH_SHARE * whole and each > 0
    ]
    stale = summary.get("staleness_mean")
    line = f"on average: {', '.join(told)} ms" if told else ""
    return line if stale is None else f"{line}; {stale:.2g} updates of others missed"


def _time(summary: Mapping[str, Any]) -> str:
    parts = []
    for name, field in (("in all", "total_seconds"), ("training", "training_seconds")):
        if summary.get(field) is not None:
            parts.append(f"{summary[field]:.1f} s {name}")
    if summary.get("steps") is not None:
        parts.append(f"{summary['steps']:,} steps")
    if summary.get("examples") is not None:
        parts.append(f"{summary['examples']:,} examples")
    preparation = summary.get("preparation_seconds")
    if preparation and preparation >= _WORTH_SECONDS:
        parts.append(f"before it {preparation:.1f} s to prepare data")
    return ", ".join(parts)


def _failures(summary: Mapping[str, Any]) -> str:
    """What was gone through on the way to the end."""
    restarts, replaced = summary.get("restarts") or 0, summary.get("replaced_workers") or 0
    parts = []
    if restarts:
        parts.append(f"{counted(restarts, 'restart')} ({summary['restart_seconds']:.1f} s)")
    if replaced:
        parts.append(f"{counted(replaced, 'worker')} replaced")
    for name, field in (("step", "lost_steps"), ("example", "repeated_examples")):
        if parts and summary.get(field):
            parts.append(f"{counted(summary[field], name)} {field.partition('_')[0]}")
    return ", ".join(parts)


def _goodput(summary: Mapping[str, Any]) -> str:
    """Beside the speed only where failures set them apart."""
    rate, share = summary.get("goodput_examples_per_second"), summary.get("goodput_share")
    if rate is None or share is None or not _failures(summary):
        return ""
    return f"{rate:,.0f} examples/s from the start on, {share:.0%} of the time in useful steps"


def _first_step(summary: Mapping[str, Any]) -> str:
    whole = summary.get("seconds_to_first_step")
    if whole is None:
        return ""
    parts = [
        f"{name} {summary[field]:.1f}"
        for name in _START_PARTS
        if summary.get(field := f"seconds_to_first_step_{name}") is not None
    ]
    return f"after {whole:.1f} s" + (f" ({', '.join(parts)})" if parts else "")


def _took(summary: Mapping[str, Any]) -> str:
    parts = []
    if summary.get("core_seconds") is not None:
        parts.append(f"{summary['core_seconds'] / _SECONDS_IN_HOUR:.4f} core-hours")
    if summary.get("peak_rss_mb_sum") is not None:
        parts.append(f"{summary['peak_rss_mb_sum']:,.0f} MB of memory (tasks' peaks added up)")
    return ", ".join(parts)


def _verdict(folder: Path) -> str:
    """The line of the run's diagnosis; empty where it has none."""
    diagnosis = part_if_readable(RunFolder(folder), DIAGNOSIS) or {}
    line = record_in(diagnosis, "verdict").get("line")
    return one_line(line, _LONGEST_VERDICT) if isinstance(line, str) else ""


def _advice(folder: Path) -> list[str]:
    """What the diagnosis says would help, most first."""
    verdict = record_in(part_if_readable(RunFolder(folder), DIAGNOSIS) or {}, "verdict")
    lines = [each.get("line") for each in records_in(verdict, "actions")[:_MOST_ADVICE]]
    return [
        one_line(line, _LONGEST_VERDICT)
        for line in [*lines, verdict.get("outlook")]
        if isinstance(line, str)
    ]


def _input(summary: Mapping[str, Any]) -> str:
    """Waiting at the iterator is no verdict: a pipeline that shares cores with the model slows it
    without any wait, and something else may take more of a step."""
    share = summary.get("wait_share")
    if share is None:
        return ""
    if share < _WAITS_LITTLE:
        return f"no wait for it to speak of ({share:.1%} of a step)"
    return f"{share:.0%} of a step waits for it; diagnose=true says what holds it back"


def _quality(summary: Mapping[str, Any]) -> str:
    if summary.get("quality") is None:
        return ""
    name = summary.get("quality_name") or "quality"
    return f"{name} {summary['quality']:.4g} on held-out data"


def _loss(summary: Mapping[str, Any]) -> str:
    first, last = summary.get("loss_first"), summary.get("loss_last")
    return "" if first is None or last is None else f"{first:.4g} → {last:.4g}"


def _width(console: Console) -> int:
    return min(_COLUMNS, console.width)
