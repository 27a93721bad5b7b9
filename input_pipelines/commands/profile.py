"""`python -m input_pipelines profile`: which stage of a pipeline is slow."""

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from input_pipelines.asked import check_measuring
from input_pipelines.commands import Verb
from results.errors import UserError
from results.pipeline_file import PROFILE, part
from results.report.pipeline_profile import (
    ShownProfile,
    ShownStage,
    buffer_words,
    calls_words,
    rate_alone_words,
    rate_words,
    shown_profile,
)
from results.report.plots_of_pipeline import waterfall
from results.run_folder import RunFolder, replace_file
from results.terminal import terminal
from results.text import DASH, fixed, one_line

_COLUMNS = 80
_PLOT = "plots/pipeline.svg"
_MARK = "◀"
_LONGEST_NAME = 16


def show(folder: Path) -> None:
    """Prints the table of stages and what limits; writes `plots/pipeline.svg` beside it.

    Raises UserError where the folder holds no profile.
    """
    found = part(RunFolder(folder), PROFILE)
    if found is None:
        raise UserError(f"{folder}: holds no profile of a pipeline")
    print_profile(shown_profile(found), terminal())
    plot = waterfall(found)
    if plot is not None:
        replace_file(folder / _PLOT, plot.file())
    print(f"{folder}: {_PLOT}, pipeline.json")


def print_profile(profile: ShownProfile, console: Console) -> None:
    """The table and the sentences, on at most 80 columns."""
    width = min(_COLUMNS, console.width)
    table = Table(box=None, padding=(0, 1, 0, 0), width=width)
    table.add_column("stage", no_wrap=True, overflow="ellipsis")
    for head in ("CPU µs", "waits µs", "calls", "buffer", "RAM MB", "alone /s"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for stage in profile.stages:
        table.add_row(*_cells(stage), style="bold" if stage.limits else None)
    console.print(table)
    for head, words in _sentences(profile):
        console.print(Text.assemble((f"{head}: ", "bold"), words), width=width)


def _cells(stage: ShownStage) -> list[Text]:
    error = f" ±{fixed(stage.cpu_error_us, 1)}" if stage.cpu_error_us is not None else ""
    ram = None if stage.ram_bytes is None else stage.ram_bytes / 1e6
    return [
        Text(one_line(stage.name, _LONGEST_NAME)),
        Text(fixed(stage.cpu_us, 1) + error),
        Text(fixed(stage.wait_us, 1)),
        Text(calls_words(stage)),
        Text(buffer_words(stage) or DASH),
        Text(fixed(ram, 1)),
        Text(rate_alone_words(stage)),
        Text(_MARK if stage.limits else ""),
    ]


def _sentences(profile: ShownProfile) -> list[tuple[str, str]]:
    """What stands below the table: how fast warm and cold, and what limits."""
    cold = rate_words(profile.cold) if profile.cold else f"not measured, {profile.cold_missing}"
    found = [
        ("Warm", rate_words(profile.warm) if profile.warm else "not measured"),
        ("Cold", cold),
        ("Limit", profile.message),
    ]
    return found + ([("Emulated", profile.emulated)] if profile.emulated else [])


VERB = Verb(
    does="what each stage costs, how fast the whole is warm and cold, which limits",
    function="input_pipelines.profiling.study:profile",
    show=show,
    check=check_measuring,
)
