"""The machine that runs were measured on, as an instance: named by a person, or without a price."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from benchmarks.catalogue import Catalogue, Instance
from results.errors import UserError
from results.loading import UNREADABLE, Run
from results.run_folder import PLAN

THIS_MACHINE = "this_machine"
"""Name of the measured machine where nobody says which instance it is."""
HOSTS_ARE_BILLED = "Each emulated host is billed as a machine of its own."


def measured_machine(
    of: Catalogue, name: str | None, usd_per_hour: float | None, today: date
) -> Instance:
    """The measured machine.

    Args:
      name: of an instance in the catalogue, by `machine=`; a row `this_machine` in a person's own
        file counts without being named.
      usd_per_hour: what an hour of it costs, by `usd_per_hour=`; wins over the catalogue's price.

    Raises UserError for a name that isn't there.
    """
    if name is not None:
        found = of.named("machine", name)
    else:
        unnamed = Instance(THIS_MACHINE, provider="own", published=today, source="this machine")
        found = of.instances.get(THIS_MACHINE, unnamed)
    if usd_per_hour is None:
        return found
    return replace(
        found,
        on_demand_usd_per_hour=usd_per_hour,
        spot_usd_per_hour=usd_per_hour,
        published=today,
        source="usd_per_hour=",
    )


def price_of(machine: Instance, spot: bool) -> float:
    """USD an hour of a machine that must have a price; raises UserError where it has none."""
    price = machine.usd_per_hour(spot)
    if price is not None:
        return price
    if spot and machine.on_demand_usd_per_hour is not None:
        raise UserError(
            f"spot=true: {machine.name} has no spot price here; give usd_per_hour=…, or none"
        )
    raise UserError(
        f"machine={machine.name}: has no price; give machine=<an instance of the catalogue> or "
        "usd_per_hour=0.10"
    )


def machines_in(run: Run) -> int:
    """Hosts that the run's tasks had: emulated ones, or those of their addresses; a task that
    listens nowhere is on the first."""
    hosts = {_host_of(task) for task in _tasks(run)}
    return max(1, len(hosts - {None}))


def on_emulated_hosts(run: Run) -> bool:
    """Whether each of the run's tasks had an emulated host of its own."""
    return any(task.get("host") for task in _tasks(run))


def _tasks(run: Run) -> list[Mapping[str, Any]]:
    if run.state == UNREADABLE:
        return []
    return (run.folder.read_if_there(PLAN) or {}).get("tasks") or []


def _host_of(task: Mapping[str, Any]) -> str | None:
    emulated = task.get("host")
    if isinstance(emulated, Mapping):
        return str(emulated.get("address"))
    address = task.get("address")
    return str(address).rpartition(":")[0] if address else None
