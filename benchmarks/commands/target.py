"""`python -m benchmarks target …`: steps, seconds and dollars until a quality, over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import quantities
from benchmarks.catalogue import HTTPS, Instance, catalogue
from benchmarks.cost import in_usd
from benchmarks.own_machine import (
    HOSTS_ARE_BILLED,
    measured_machine,
    on_emulated_hosts,
    price_of,
)
from benchmarks.target_record import record_of
from benchmarks.to_target import to_target
from benchmarks.where_runs import chosen_runs
from benchmarks.written import write_with_plots
from results.errors import UserError
from results.loading import folder_at
from results.statistics.order_statistics import fewest_values
from results.terminal import PAGE, terminal
from results.verbs import Verb

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_LEAST_NAME = 16
"""Letters that a cell's name has room for: "parameter_server"."""
_SPLIT = {"start-up": "start-\nup", "examples/s": "exam-\nples/s"}
"""Heads in two lines, so that the names of cells have room."""
_PRICED_BY = ("machine", "usd_per_hour")


def run(words: Mapping[str, str]) -> None:
    """Print a line for each cell, and write target.json and the plots into `folder`."""
    folder = folder_at(words["folder"])
    machine, usd_per_hour = _price(words)
    runs = chosen_runs(words["folder"], words.get("where"))
    try:
        found = to_target(runs, usd_per_hour)
    except UserError as error:
        raise UserError(f"folder={words['folder']}: {error}") from error
    record = record_of(found, machine, usd_per_hour)

    files = _written(record, folder)
    console = terminal(PAGE)
    _print(record, console)
    for line in _counted_as(record, machine, usd_per_hour):
        console.print(line, markup=False, soft_wrap=HTTPS in line)
    if machine is not None and any(map(on_emulated_hosts, runs)):
        console.print(HOSTS_ARE_BILLED)
    console.print(f"Written: {', '.join(files)} in {folder}", markup=False)


def _price(words: Mapping[str, str]) -> tuple[Instance | None, float | None]:
    """The machine and what an hour costs, both None where nothing about a price was given."""
    spot = quantities.truth("spot", words.get("spot", "false"))
    given = "usd_per_hour"
    usd_per_hour = quantities.usd_per_hour(given, words[given]) if given in words else None
    if not any(key in words for key in _PRICED_BY):
        if "spot" in words or "cost.catalogue" in words:
            raise UserError(
                "machine is missing: spot and cost.catalogue need one; give machine=<an instance "
                "of the catalogue>"
            )
        return None, None
    today = datetime.now(UTC).date()
    of = catalogue(words.get("cost.catalogue"))
    machine = measured_machine(of, words.get("machine"), usd_per_hour, today)
    return machine, price_of(machine, spot)


def _written(record: Mapping[str, Any], folder: Path) -> Sequence[str]:
    """Names of the files, below `folder`."""
    from results.report import PLOTS
    from results.report.plots_of_target import target_plots
    from results.run_folder import RunFolder
    from results.target_file import TARGET

    plots = {f"{PLOTS}/{plot.name}.svg": plot.file() for plot in target_plots(record)}
    write_with_plots(folder, plots, lambda: RunFolder(folder).write(TARGET, record))
    return [TARGET, *plots]


def _print(record: Mapping[str, Any], console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    from results.report.target_of_sweep import INVALID, head_of, rows_of, says_of, title_of

    console.print(Text(title_of(record), style="bold"))
    table = Table(box=None, padding=(0, 1, 0, 0))
    for place, name in enumerate(head_of(record)):
        table.add_column(
            _SPLIT.get(name, name),
            justify="right" if place else "left",
            overflow="fold",
            min_width=0 if place else _LEAST_NAME,
        )
    for row in rows_of(record):
        table.add_row(*map(_in_two_lines, row), style="dim" if INVALID in row else None)
    console.print(table)
    for sentence in says_of(record):
        console.print(Text(sentence))


def _in_two_lines(words: str) -> Text:
    """An interval's ends in a line each, so that no figure is cut."""
    from rich.text import Text

    return Text(words.replace(" to ", " to\n"))


def _counted_as(
    record: Mapping[str, Any], machine: Instance | None, usd_per_hour: float | None
) -> list[str]:
    every = sorted({each["every_steps"] for each in record["cells"] if each["every_steps"]})
    looked = f", looked for every {' or '.join(map(str, every))} steps" if every else ""
    lines = [
        f"Medians over seeds, with an interval of 95% from {fewest_values()} seeds on. The clock "
        "runs from the first touch of the data to the evaluation that reached the "
        f"target{looked}; start-up is apart."
    ]
    if machine is not None:
        today = datetime.now(UTC).date()
        old = ", a price older than a year" if machine.is_old(today) else ""
        lines.append(
            f"USD from the start of the tasks: {machine.name} at {in_usd(usd_per_hour)} an hour, "
            f"by the second ({machine.published}{old})."
        )
        if machine.source.startswith(HTTPS):
            lines.append(f"Price: {machine.source}")
    return lines


VERB = Verb(
    does="steps, seconds and dollars until a held-out quality, over seeds",
    keys={
        "folder": "a sweep's folder over seeds (experiment=target makes one); files go into it",
        "machine": "which instance of the catalogue the runs were made on; without it no dollars",
        "usd_per_hour": "what an hour of that machine costs, where it is none of them: 0.10",
        "spot": "true: its spot price",
        "where": "which runs: where='strategy == mirrored'",
        "cost.catalogue": "a YAML file of your own instances, which adds rows or replaces them",
    },
    needed=("folder",),
    run=run,
)
