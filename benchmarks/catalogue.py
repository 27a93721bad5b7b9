"""What machines there are to rent, and for how much: the one place where a price is looked up.

The project's own rows lie in `instances.yaml`; a person's file of the same form adds rows, or
replaces those of the same name. Reading imports nothing slow.
"""

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_type_hints

import yaml

from results.errors import UserError, nearest
from results.text import one_line

OWN_FILE = "cost.catalogue"
"""The key of the command line that names a person's file."""
HTTPS = "https://"
"""Begins a source that is a page; a printed line with one is never broken, to be clicked."""

_SHIPPED = Path(__file__).with_name("instances.yaml")
_OLD = timedelta(days=365)
_PARTS = ("sources", "accelerators", "instances")
_ADDRESS = ("http://", HTTPS)
_EXAMPLE = "{provider: own, name: my_laptop, on_demand_usd_per_hour: 0.08, published: 2026-11-25}"
_EXAMPLE_OF_DEVICE = "my_gpu: {memory_gib: 24, source: its data sheet}"
_LONGEST = 60
_MOST = 1e6
"""More of anything, in its unit, than a machine has or costs."""


@dataclass(frozen=True)
class Accelerator:
    """One device of an instance. Peaks are dense, in 10¹² operations a second, as published; None
    where no page says."""

    name: str
    source: str
    """Address of the page that says so."""
    memory_gib: float | None = None
    bf16_teraflops: float | None = None
    tf32_teraflops: float | None = None
    fp32_teraflops: float | None = None


@dataclass(frozen=True)
class Instance:
    """A machine to rent. What no page confirmed is None."""

    name: str
    provider: str
    published: date
    """The day that the price was read at its source."""
    source: str
    """Address of that page; of a person's own row it may be any words."""
    region: str | None = None
    vcpus: int | None = None
    memory_gib: float | None = None
    accelerator: str | None = None
    """Name of an `Accelerator`."""
    accelerators: int = 0
    network_gbit: float | None = None
    """Of its link, per second."""
    on_demand_usd_per_hour: float | None = None
    spot_usd_per_hour: float | None = None

    def usd_per_hour(self, spot: bool = False) -> float | None:
        """What an hour costs, on demand or spot; None where that is not known."""
        return self.spot_usd_per_hour if spot else self.on_demand_usd_per_hour

    def is_old(self, today: date) -> bool:
        """Whether its price was read more than a year before `today`."""
        return today - self.published > _OLD

    @property
    def devices(self) -> str:
        """ "8 × A100-40GB", or its cores where it has no accelerator."""
        if self.accelerator is not None:
            return f"{self.accelerators} × {self.accelerator}"
        return "" if self.vcpus is None else f"{self.vcpus} vCPUs"


@dataclass(frozen=True)
class Catalogue:
    """All machines by name, and their accelerators by name."""

    instances: Mapping[str, Instance]
    accelerators: Mapping[str, Accelerator]

    def named(self, key: str, name: str) -> Instance:
        """The instance `name`, which the key `key` of the command line names; raises UserError."""
        if name not in self.instances:
            meant = nearest(name, self.instances) or _begins_with(name, self.instances)
            hint = f"did you mean {meant}?" if meant else f"give a row of it with {OWN_FILE}=<file>"
            raise UserError(f"{key}={one_line(name, _LONGEST)}: no such instance; {hint}")
        return self.instances[name]


def catalogue(own: str | Path | None = None) -> Catalogue:
    """The project's rows, and those of the file `own`, which win where both name one.

    Raises UserError, in one line, for a file that is missing, no YAML, or has a row that can't be.
    """
    shipped = _shipped()
    if own is None:
        return shipped
    added = _read(Path(own).expanduser(), shipped.accelerators)
    tomorrow = date.today() + timedelta(days=1)  # which it is already somewhere
    for row in added.instances.values():
        if row.published > tomorrow:
            raise UserError(
                f"{OWN_FILE}={own}: instance {row.name}: published={row.published}; lies in the "
                "future, write the day that the price was read"
            )
    return Catalogue(
        instances={**shipped.instances, **added.instances},
        accelerators={**shipped.accelerators, **added.accelerators},
    )


@cache
def _shipped() -> Catalogue:
    return _read(_SHIPPED, {})


def _read(path: Path, known: Mapping[str, Accelerator]) -> Catalogue:
    where = f"{OWN_FILE}={path}"
    whole = _parsed(path, where)
    for part in whole:
        if part not in _PARTS:
            raise UserError(f"{where}: {_unknown(str(part), _PARTS)}")
    sources = _mapping(whole, "sources", where)
    accelerators = dict(known)
    for name, told in _mapping(whole, "accelerators", where).items():
        at = f"{where}: accelerator {one_line(name, _LONGEST)}"
        if not isinstance(told, Mapping):
            raise UserError(f"{at}: no keys and values; write such as {_EXAMPLE_OF_DEVICE}")
        row = _sourced({"name": name, **told}, sources)
        accelerators[name] = _record(Accelerator, row, at, _EXAMPLE_OF_DEVICE)
    rows = whole.get("instances") or []
    if not isinstance(rows, list):
        raise UserError(f"{where}: instances is no list; write rows such as - {_EXAMPLE}")
    instances: dict[str, Instance] = {}
    for place, row in enumerate(rows, 1):
        at = f"{where}: instance {_name(row, place)}"
        if not isinstance(row, Mapping):
            raise UserError(f"{at}: no row of keys and values; write such as {_EXAMPLE}")
        found = _record(Instance, _sourced({"source": "own", **row}, sources), at, _EXAMPLE)
        _check(found, accelerators, at)
        if found.name in instances:
            raise UserError(f"{at}: there twice; keep one")
        instances[found.name] = found
    return Catalogue(instances, accelerators)


def _parsed(path: Path, where: str) -> Mapping[str, Any]:
    try:
        whole = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{where}: {error.strerror or error}; give a YAML file of rows") from error
    except (yaml.YAMLError, ValueError) as error:  # the latter for a day that there isn't
        raise UserError(f"{where}: no YAML ({one_line(error, 120)})") from error
    except RecursionError as error:
        raise UserError(f"{where}: nested too deeply; write rows such as - {_EXAMPLE}") from error
    if not isinstance(whole, Mapping):
        raise UserError(f"{where}: holds no rows; write instances: with rows such as - {_EXAMPLE}")
    return whole


def _mapping(whole: Mapping[str, Any], part: str, where: str) -> Mapping[str, Any]:
    found = whole.get(part) or {}
    if not isinstance(found, Mapping):
        raise UserError(f"{where}: {part} is no mapping of names; write {part}: {{name: …}}")
    return found


def _sourced(row: Mapping[str, Any], sources: Mapping[str, Any]) -> dict[str, Any]:
    """The row with its source's address, where it names one by its short name."""
    source = str(row["source"]) if row.get("source") is not None else None
    return {**row, "source": source if source is None else sources.get(source, source)}


def _name(row: Any, place: int) -> str:
    named = row.get("name") if isinstance(row, Mapping) else None
    return one_line(named or f"number {place}", _LONGEST)


def _record(kind: type[Any], row: Mapping[str, Any], at: str, example: str) -> Any:
    """A record of the dataclass `kind`, every field of its type."""
    known = {field.name: field for field in fields(kind)}
    types = get_type_hints(kind)
    for name in row:
        if name not in known:
            raise UserError(f"{at}: {_unknown(str(name), known)}")
    for name, field in known.items():
        if field.default is MISSING and row.get(name) is None:
            raise UserError(f"{at}: {name} is missing; write such as {example}")
    return kind(**{name: _value(name, value, types[name], at) for name, value in row.items()})


def _value(name: str, value: Any, kind: Any, at: str) -> Any:
    allowed = get_args(kind) if isinstance(kind, UnionType) else (kind,)
    if value is None and type(None) in allowed:
        return None
    if float in allowed or int in allowed:
        whole = float not in allowed
        fits = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
        if not fits or not 0 <= value <= _MOST:
            wanted = f"a {'whole ' if whole else ''}number from 0 to {_MOST:,.0f}, in {_unit(name)}"
            shown = one_line(repr(value) if isinstance(value, str) else value, _LONGEST)
            raise UserError(f"{at}: {name}={shown}; write {wanted}")
        return value
    if date in allowed:
        if type(value) is not date:
            shown = one_line(value, _LONGEST)
            raise UserError(f"{at}: {name}={shown}; write a day such as 2026-11-25")
        return value
    if isinstance(value, list | Mapping) or not one_line(value):
        shown = one_line(repr(value), _LONGEST)
        raise UserError(f"{at}: {name}={shown}; write a word or a few")
    return one_line(value)


def _check(row: Instance, accelerators: Mapping[str, Accelerator], at: str) -> None:
    if row.accelerator is not None and row.accelerator not in accelerators:
        raise UserError(f"{at}: accelerator={row.accelerator}; {_hint(accelerators, row)}")
    if (row.accelerator is None) != (row.accelerators == 0):
        raise UserError(f"{at}: accelerators={row.accelerators}; write which and how many, or none")


def _hint(accelerators: Iterable[str], row: Instance) -> str:
    meant = nearest(str(row.accelerator), accelerators)
    return f"did you mean {meant}?" if meant else "write it under accelerators: with its source"


def _begins_with(name: str, known: Iterable[str]) -> str | None:
    """The first instance of the family `name`, such as `g5`."""
    return next((each for each in known if name and each.startswith(name)), None)


def _unit(name: str) -> str:
    units = {
        "_gib": "GiB",
        "_gbit": "Gbit/s",
        "_teraflops": "10¹² operations/s",
        "_per_hour": "USD an hour",
    }
    return next((unit for end, unit in units.items() if name.endswith(end)), "pieces")


def _unknown(name: str, known: Iterable[str]) -> str:
    """What is said of a field that there isn't; one that lacks its unit is told with it."""
    with_unit = [each for each in known if each.startswith(f"{name}_")]
    if with_unit:
        return f"{name} has no unit; write {' or '.join(with_unit)}"
    meant = nearest(name, known)
    hint = f"did you mean {meant}?" if meant else f"there are {', '.join(known)}"
    return f"{name}: no such field; {hint}"
