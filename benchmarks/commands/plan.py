"""`python -m benchmarks plan …`: which machines, how many, with which strategy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.cost import in_usd
from benchmarks.planning.request import KEYS, request_of
from benchmarks.quantities import in_time
from benchmarks.written import write_with_plots
from results.decision_file import DECISION, put_plan
from results.errors import UserError
from results.loading import folder_at
from results.terminal import PAGE, terminal
from results.text import DASH, counted
from results.verbs import Verb

if TYPE_CHECKING:
    from rich.console import Console

_NAMES_A_KEY = re.compile(r"[a-z_.]+=")


def run(words: Mapping[str, str]) -> None:
    """Print the plan; write it into the folder, with its plot."""
    folder = folder_at(words["folder"])
    now = datetime.now(UTC)
    asked = request_of(words, now)
    from benchmarks.planning.making import machines_of, make_plan
    from benchmarks.where_runs import chosen_runs

    machines, unknown = machines_of(asked, now.date())
    runs = chosen_runs(words["folder"], asked.where)
    try:
        record = make_plan(asked, runs, machines, unknown, now.date())
    except UserError as error:
        if _NAMES_A_KEY.match(str(error)):
            raise
        raise UserError(f"folder={words['folder']}: {error}") from error
    files = _written(record, folder)

    console = terminal(PAGE)
    _print(record, console)
    if files:
        console.print(f"Written: {', '.join(files)} in {words['folder']}", markup=False)


def _written(record: Mapping[str, Any], folder: Path) -> list[str]:
    """Names of the files, below `folder`."""
    from results.report import PLOTS
    from results.report.plots_of_plan import plan_plot

    plot = plan_plot(record)
    file = f"{PLOTS}/plan.svg"

    def write_record() -> None:
        put_plan(folder, record)
        if plot is None and (folder / file).is_file():
            (folder / file).unlink()  # of an earlier plan

    plots = {} if plot is None else {file: plot.file()}
    write_with_plots(folder, plots, write_record)
    return [DECISION, *plots]


def _print(record: Mapping[str, Any], console: Console) -> None:
    from rich.text import Text

    from benchmarks.planning.options_in_words import option_row
    from results.report.plots_of_plan import MOST_ROWS, spread_over_time

    console.print(Text(f"{record['headline']}.", style="bold"))
    if record["emulated"]:
        console.print(Text(f"Emulated: {record['emulated']}."))
    console.print()
    for sentence in record["says"]:
        console.print(Text(sentence))
    console.print()
    console.print(Text("What nothing beats in time and cost at once:", style="bold"))
    rows = [
        option_row(each, record["priced"]) for each in spread_over_time(record["front"], MOST_ROWS)
    ]
    cost = "cost" if record["priced"] else "machine-hours"
    _table(console, ("machines", "strategy", "time", cost, "figures"), rows)
    if record["levers"]:
        console.print()
        console.print(Text(record["answer"], style="bold"))
        head = ("", "times as fast", "time", *(["cost"] if record["priced"] else []), "what")
        rows = [_lever_row(each, record["priced"]) for each in record["levers"]]
        _table(console, head, rows)
    console.print()
    for line in _remarks(record):
        console.print(Text(line))


def _lever_row(lever: Mapping[str, Any], priced: bool) -> list[str]:
    gain = lever["times_as_fast"]
    return [
        lever["name"],
        DASH if gain is None else f"{gain:.2f} ×",
        in_time(lever["seconds"]),
        *([in_usd(lever["usd"])] if priced else []),
        lever["what"] + (f"; {lever['kind']}" if lever["kind"] else ""),
    ]


def _remarks(record: Mapping[str, Any]) -> Iterable[str]:
    yield f"Chosen from {counted(record['candidates'], 'configuration')}."
    if record["unknown"]:
        yield (
            f"Unknown, nothing measured or given: {', '.join(record['unknown'])}. Run there, or "
            "give 'speed={name: times as fast}'."
        )
    yield from record["notes"]


def _table(console: Console, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 1, 0, 0))
    for name in head:
        # A number stays beside its unit, and a strategy's name is not broken.
        table.add_column(name, overflow="fold", no_wrap=name in ("time", "strategy"))
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)


VERB = Verb(
    does="which machines, how many, with which strategy; what each constraint costs",
    keys={"folder": "a sweep's folder (experiment=scaling makes one); the plan goes into it"}
    | KEYS,
    needed=("folder",),
    run=run,
)
