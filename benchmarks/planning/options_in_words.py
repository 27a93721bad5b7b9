"""An option of a plan, as its record has it, in words."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks.cost import in_usd
from benchmarks.quantities import in_time
from results.text import counted, fixed, number

Option = Mapping[str, Any]
"""See `results.decision_file`."""
_FAR = 4
"""Times the most workers of a run: as far as the model's predictions were held against runs (from
1 and 2 workers to 8, `tests.performance.scaling_held_out`)."""


def option_sentence(name: str, option: Option) -> str:
    """ "Recommendation: 4 × g5.xlarge (1 × A10G each), …": all that is known of it."""
    time = interval(option, "seconds", in_time)
    cost = f", {interval(option, 'usd', in_usd)}" if option["usd_per_hour"] is not None else ""
    devices = f" ({option['devices']} each)" if option["devices"] else ""
    return (
        f"{name}: {option['machines']:,} × {option['instance']}{devices}, {option['strategy']}, "
        f"{counted(option['workers'], 'worker')}: {time}{cost}; "
        f"{number(option['speed'])} examples/s; {figures(option)}."
    )


def far_sentence(option: Option) -> str | None:
    """What a prediction far beyond the runs can't know; None where there were runs near it."""
    workers, most = option["workers"], option["most_measured_workers"]
    if workers <= _FAR * most:
        return None
    return (
        f"No run had more than {counted(most, 'worker')}: what sets in only between {most:,} and "
        f"{workers:,} is in no interval; runs with {_FAR * most:,} would tell more."
    )


def option_row(option: Option, priced: bool) -> list[str]:
    """Machines, strategy, time, cost (or machine-hours) and how they are known, for a table."""
    cost = fixed(option["machine_hours"], 2)
    if priced:
        cost = interval(option, "usd", in_usd, "\n{} to {}")
    return [
        f"{option['machines']:,} × {option['instance']}",
        f"{option['strategy']}\n{counted(option['workers'], 'worker')}",
        interval(option, "seconds", in_time, "\n{} to {}"),
        cost,
        figures(option),
    ]


def interval(
    option: Option,
    name: str,
    shown: Callable[[float | None], str],
    ends: str = " ({} to {})",
) -> str:
    """ "3.4 h (3.2 h to 3.6 h)"; without ends where these read the same."""
    low, high = shown(option[f"{name}_low"]), shown(option[f"{name}_high"])
    return shown(option[name]) + (ends.format(low, high) if low != high else "")


def figures(option: Option) -> str:
    """How its figures are known, and what else makes them less than measured."""
    old = "old price" if option["price_is_old"] else ""
    emulated = "emulated" if option["emulated"] else ""
    return ", ".join(filter(None, (option["known_by"], emulated, old)))


def answer(levers: Sequence[Mapping[str, Any]]) -> str | None:
    """Which lever gains most, in a sentence; None where there are none to compare."""
    if not levers:
        return None
    best = levers[0]
    question = "A more powerful device, a better input pipeline, or more machines?"
    if best["times_as_fast"] is None:
        return f"{question} None of the three is known."
    if best["times_as_fast"] <= 1:
        return f"{question} None of what is known is faster."
    return f"{question} {best['name'].capitalize()}: {best['times_as_fast']:.2f} × as fast."
