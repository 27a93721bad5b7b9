"""`python -m benchmarks plan …`: which machines, how many, with which strategy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.cost import in_usd
from benchmarks.planning.request import KEYS, request_of
from benchmarks.quantities import in_time
from results.decision_file import DECISION, put_plan
from results.errors import UserError
from results.text import DASH, counted, fixed, number
from results.verbs import Verb

if TYPE_CHECKING:
    from rich.console import Console

_WIDTH = 80
_MOST_ROWS = 8


def run(words: Mapping[str, str]) -> None:
    """Print the plan; write it into the folder, with its plot."""
    now = datetime.now(UTC)
    asked = request_of(words, now)
    from benchmarks.planning.making import machines_of, make_plan
    from benchmarks.where_runs import chosen_runs

    machines, unknown = machines_of(asked, now.date())
    runs = chosen_runs(words["folder"], asked.where)
    try:
        record = make_plan(asked, runs, machines, unknown, now.date())
    except UserError as error:
        message = str(error).removeprefix("folder=: ")
        said = message if "=" in message.split(":")[0] else f"folder={words['folder']}: {message}"
        raise UserError(said) from error
    files = _written(record, Path(words["folder"]).expanduser())

    from rich.console import Console

    console = Console(highlight=False, width=min(_WIDTH, Console().width))
    _print(record, console)
    if files:
        console.print(f"Written: {', '.join(files)} in {words['folder']}", markup=False)


def _written(record: Mapping[str, Any], folder: Path) -> list[str]:
    """Names of the files, below `folder`."""
    from results.report import PLOTS
    from results.report.plots_of_plan import plan_plot
    from results.run_folder import replace_file

    try:
        put_plan(folder, record)
        names = [DECISION]
        plot = plan_plot(record)
        if plot is not None:
            names.append(f"{PLOTS}/{plot.name}.svg")
            replace_file(folder / names[-1], plot.file())
    except OSError as error:
        raise UserError(
            f"folder={folder}: nothing can be written there ({error.strerror or error}); make "
            "room or give write permission"
        ) from error
    return names


def _print(record: Mapping[str, Any], console: Console) -> None:
    from rich.text import Text

    from results.report.plots_of_plan import spread_over_time

    console.print(Text(f"{record['headline']}.", style="bold"))
    if record["emulated"]:
        console.print(Text(f"Emulated: {record['emulated']}."))
    console.print()
    for name in ("recommendation", "runner_up"):
        if record[name] is not None:
            console.print(Text(_sentence(name.replace("_", "-").capitalize(), record[name])))
    per_day, best = record["per_day"], record["recommendation"]
    if per_day and best is not None and record["priced"]:
        daily = in_usd(per_day * best["usd"])
        console.print(Text(f"{number(per_day)} trainings a day cost {daily} a day."))
    for sentence in record["says"]:
        console.print(Text(sentence))
    console.print()
    console.print(Text("What nothing beats in time and cost at once:", style="bold"))
    rows = [_row(each, record["priced"]) for each in spread_over_time(record["front"], _MOST_ROWS)]
    cost = "cost" if record["priced"] else "machine-hours"
    _table(console, ("machines", "strategy", "time", cost, "figures"), rows)
    if record["levers"]:
        console.print()
        console.print(Text(_lever_line(record["levers"]), style="bold"))
        head = ("", "times as fast", "time", "cost", "what")
        _table(console, head, [_lever_row(each) for each in record["levers"]])
    console.print()
    for line in _remarks(record):
        console.print(Text(line))


def _sentence(name: str, option: Mapping[str, Any]) -> str:
    time = _interval(option, "seconds", in_time)
    cost = f", {_interval(option, 'usd', in_usd)}" if option["usd_per_hour"] is not None else ""
    devices = f" ({option['devices']} each)" if option["devices"] else ""
    return (
        f"{name}: {option['machines']:,} × {option['instance']}{devices}, {option['strategy']}, "
        f"{counted(option['workers'], 'worker')}: {time}{cost}; "
        f"{number(option['speed'])} examples/s; {_figures(option)}."
    )


def _interval(
    option: Mapping[str, Any],
    name: str,
    shown: Callable[[float | None], str],
    ends: str = " ({} to {})",
) -> str:
    low, high = shown(option[f"{name}_low"]), shown(option[f"{name}_high"])
    return shown(option[name]) + (ends.format(low, high) if low != high else "")


def _row(option: Mapping[str, Any], priced: bool) -> list[str]:
    cost = fixed(option["machine_hours"], 2)
    if priced:
        cost = _interval(option, "usd", in_usd, "\n{} to {}")
    return [
        f"{option['machines']:,} × {option['instance']}",
        f"{option['strategy']}\n{counted(option['workers'], 'worker')}",
        _interval(option, "seconds", in_time, "\n{} to {}"),
        cost,
        _figures(option),
    ]


def _figures(option: Mapping[str, Any]) -> str:
    old = "old price" if option["price_is_old"] else ""
    emulated = "emulated" if option["emulated"] else ""
    return ", ".join(filter(None, (option["known_by"], emulated, old)))


def _lever_line(levers: Sequence[Mapping[str, Any]]) -> str:
    best = levers[0]
    question = "A more powerful device, a better input pipeline, or more machines?"
    if best["times_as_fast"] is None:
        return f"{question} None of the three is known."
    if best["times_as_fast"] <= 1:
        return f"{question} None of what is known is faster."
    return f"{question} {best['name'].capitalize()}: {best['times_as_fast']:.2f} × as fast."


def _lever_row(lever: Mapping[str, Any]) -> list[str]:
    gain = lever["times_as_fast"]
    return [
        lever["name"],
        DASH if gain is None else f"{gain:.2f} ×",
        in_time(lever["seconds"]),
        in_usd(lever["usd"]),
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
        table.add_column(name, overflow="fold")
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
