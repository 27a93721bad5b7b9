"""`python -m benchmarks cost …`: what each run cost, and what it gave for that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from benchmarks import quantities
from benchmarks.catalogue import HTTPS, Instance, catalogue
from benchmarks.cost import RunCost, cost_of_run, in_usd
from benchmarks.own_machine import (
    HOSTS_ARE_BILLED,
    machines_in,
    measured_machine,
    on_emulated_hosts,
    price_of,
)
from benchmarks.reaching import seconds_until
from benchmarks.where_runs import chosen_runs
from results.errors import UserError
from results.loading import Run, folder_at
from results.terminal import PAGE, terminal
from results.text import DASH, counted, emulated_in_all, one_line
from results.verbs import Verb

if TYPE_CHECKING:
    from rich.console import Console

_OWN_TARGET = "until.quality"
_LONGEST_NAME = 24


@dataclass(frozen=True)
class _Costed:
    run: Run
    cost: RunCost


def run(words: Mapping[str, str]) -> None:
    """Print a line for each run that ended, and what all of them cost together."""
    folder_at(words["folder"])
    today = datetime.now(UTC).date()
    given = "usd_per_hour"
    price = quantities.usd_per_hour(given, words[given]) if given in words else None
    spot = quantities.truth("spot", words.get("spot", "false"))
    target = quantities.any_number("target", words["target"]) if "target" in words else None
    of = catalogue(words.get("cost.catalogue"))
    machine = measured_machine(of, words.get("machine"), price, today)
    usd_per_hour = price_of(machine, spot)
    runs = chosen_runs(words["folder"], words.get("where"))
    found = [_costed(each, usd_per_hour, target) for each in runs]
    costed = [each for each in found if each is not None]
    if not costed:
        raise UserError(f"folder={words['folder']}: no run here has ended, so none has a cost")

    console = terminal(PAGE)
    _print(costed, console)
    for line in _remarks(costed, len(runs), machine, usd_per_hour, target, today):
        console.print(line, markup=False, soft_wrap=HTTPS in line)


def _costed(run: Run, usd_per_hour: float, target: float | None) -> _Costed | None:
    wanted = run.configuration.get(_OWN_TARGET) if target is None else target
    epoch = run.status.get("train_examples")
    cost = cost_of_run(
        run.summary,
        usd_per_hour,
        machines_in(run),
        train_examples=epoch if isinstance(epoch, int) else None,
        seconds_to_target=(
            seconds_until(run, float(wanted)) if isinstance(wanted, int | float) else None
        ),
    )
    return None if cost is None else _Costed(run, cost)


def _print(costed: Sequence[_Costed], console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    several = any(each.cost.machines > 1 for each in costed)
    table = Table(box=None, padding=(0, 1, 0, 0))
    for name in ("Run", "Strategy"):
        table.add_column(name, overflow="fold")
    for name in (
        "Work-\ners",
        *(["Ma-\nchi-\nnes"] if several else []),
        "Cost",
        "Start-\nup",
        "Fail-\nures",
        "Per 10⁶\nexam-\nples",
        "Per\nepoch",
        "To\ntar-\nget",
    ):
        # the strategy gives way first; where that is not enough, an amount folds before it is cut
        roomy = console.width >= PAGE
        table.add_column(name, justify="right", no_wrap=roomy, overflow="fold")
    for each in costed:
        machines = [str(each.cost.machines)] if several else []
        row = [*_who(each.run), *machines, *map(in_usd, _amounts(each.cost))]
        table.add_row(*map(Text, row), style=None if each.run.state == "done" else "dim")
    console.print(table)


def _who(run: Run) -> list[str]:
    return [
        one_line(run.name, _LONGEST_NAME),
        one_line(run.value("strategy") or DASH, _LONGEST_NAME),
        str(run.value("workers") or DASH),
    ]


def _amounts(cost: RunCost) -> list[float | None]:
    return [
        cost.usd,
        cost.start_up_usd,
        cost.failures_usd,
        cost.usd_per_million_examples,
        cost.usd_per_epoch,
        cost.usd_to_target,
    ]


def _remarks(
    costed: Sequence[_Costed],
    runs: int,
    machine: Instance,
    usd_per_hour: float,
    target: float | None,
    today: date,
) -> list[str]:
    paid = sum(each.cost.usd for each in costed)
    training = sum(each.cost.training_usd for each in costed)
    lines = [
        f"{counted(len(costed), 'run')}: {in_usd(paid)}, without start-up and failures "
        f"{in_usd(training)}; {machine.name} at {in_usd(usd_per_hour)} an hour, by the second.",
    ]
    if machine.source.startswith(HTTPS):
        lines.append(f"Price of {machine.published}: {machine.source}")
    if machine.is_old(today):
        lines.append(f"This price is older than a year ({machine.published}).")
    if len(costed) < runs:
        lines.append(
            f"{counted(runs - len(costed), 'run')} without a cost: not begun, or not ended."
        )
    missed = [each for each in costed if target is not None and each.cost.usd_to_target is None]
    if missed:
        lines.append(f"{counted(len(missed), 'run')} never reached target={target:g}.")
    emulated = emulated_in_all(each.run.summary.get("emulated") for each in costed)
    if emulated:
        lines.append(f"Emulated: {emulated}.")
    if any(on_emulated_hosts(each.run) for each in costed):
        lines.append(HOSTS_ARE_BILLED)
    return lines


VERB = Verb(
    does="what each run cost: in all, per million examples, per epoch, to a quality",
    keys={
        "folder": "a run's folder or a sweep's",
        "machine": "which instance of the catalogue the runs were made on",
        "usd_per_hour": "what an hour of that machine costs, where it is none of them: 0.10",
        "spot": "true: its spot price",
        "target": "held-out quality to reach; usually the run's own until.quality",
        "where": "which runs: where='strategy == mirrored'",
        "cost.catalogue": "a YAML file of your own instances, which adds rows or replaces them",
    },
    needed=("folder",),
    run=run,
)
