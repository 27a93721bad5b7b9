"""A more powerful device, a better input pipeline, or more machines: what each one gains.

All are compared with the fastest measured way on one machine as it is.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.cost import cost_usd
from benchmarks.planning.candidates import KINDS, Candidates
from benchmarks.scaling import PREDICTED

DEVICE, INPUT, MACHINES = (
    "a more powerful device",
    "a better input pipeline",
    "more machines",
)


_WORTH_ONE_MORE = 0.05
"""Of throughput: a machine that adds less is not worth it, as `scale` has it."""


@dataclass(frozen=True)
class Remedy:
    """What a run's diagnosis says a change of its input pipeline would gain."""

    what: str
    times_as_fast: float
    """Examples a second then ÷ now."""


@dataclass(frozen=True)
class Lever:
    """One way to be faster."""

    name: str
    """`DEVICE`, `INPUT` or `MACHINES`."""
    what: str
    """What to change; where nothing is known, why."""
    times_as_fast: float | None = None
    """Time now ÷ time then, start-up included; None where it is not known."""
    seconds: float | None = None
    usd: float | None = None
    """Of one training then; None without a price."""
    kind: str | None = None
    """One of `candidates.KINDS`."""


def levers(of: Candidates, start_up: float, remedy: Remedy | None) -> tuple[Lever, ...]:
    """The three, that of most gain first; those of which nothing is known last.

    Args:
      start_up: seconds of a training in which a better input gains nothing.
      remedy: of the input pipeline; None where no run was diagnosed, or its input holds nothing.
    """
    base = _base(of)
    if base is None:
        return ()
    found = [_device(of, base), _input(of, base, start_up, remedy), _machines(of, base)]
    return tuple(sorted(found, key=lambda lever: -(lever.times_as_fast or 0.0)))


def _base(of: Candidates) -> int | None:
    """The fastest on one measured machine."""
    measured = np.array([machine.measured for machine in of.machines])
    return _fastest(of, (of.count == 1) & measured[of.machine])


def _device(of: Candidates, base: int) -> Lever:
    ratios = np.array([machine.ratio for machine in of.machines])
    better = _fastest(of, (of.count == 1) & (ratios[of.machine] > 1))
    if better is None:
        return Lever(DEVICE, "unknown: no speed of one was given; speed={name: ratio} does")
    return _lever(of, base, DEVICE, f"one {_name(of, better)}", better)


def _machines(of: Candidates, base: int) -> Lever:
    """As many as are worth it, with the way to train that is fastest then."""
    several = (of.machine == of.machine[base]) & (of.count > 1)
    ends = [_worth_it(of, several & (of.way == way)) for way in np.unique(of.way[several])]
    more = _fastest(of, np.isin(np.arange(len(of)), ends))
    if more is None:
        return Lever(MACHINES, "unknown: no strategy that spans machines was measured")
    what = f"{of.count[more]:,} × {_name(of, more)}"
    return _lever(of, base, MACHINES, what, more)


def _worth_it(of: Candidates, among: NDArray[np.bool_]) -> int:
    """Among the candidates of one machine and way, the last before one machine more adds little."""
    places = np.flatnonzero(among)
    places = places[np.argsort(of.count[places], kind="stable")]
    gains = of.speed[places[1:]] / of.speed[places[:-1]] - 1
    little = np.flatnonzero(gains < _WORTH_ONE_MORE)
    return int(places[little[0]] if len(little) else places[-1])


def _input(of: Candidates, base: int, start_up: float, remedy: Remedy | None) -> Lever:
    if remedy is None:
        return Lever(INPUT, "unknown: no diagnosis here names one; a run with diagnose=true does")
    training = max(0.0, float(of.seconds[base] - of.evaluating[base]) - start_up)
    seconds = float(of.seconds[base]) - training + training / remedy.times_as_fast
    price = of.machines[of.machine[base]].usd_per_hour
    return Lever(
        INPUT,
        remedy.what,
        float(of.seconds[base]) / seconds,
        seconds,
        None if price is None else float(cost_usd(price, seconds, of.count[base])),
        PREDICTED,
    )


def _lever(of: Candidates, base: int, name: str, what: str, then: int) -> Lever:
    usd = float(of.usd[then])
    return Lever(
        name=name,
        what=what,
        times_as_fast=float(of.seconds[base] / of.seconds[then]),
        seconds=float(of.seconds[then]),
        usd=usd if np.isfinite(usd) else None,
        kind=KINDS[of.kind[then]],
    )


def _fastest(of: Candidates, among: NDArray[np.bool_]) -> int | None:
    places = np.flatnonzero(among)
    return int(places[np.argmin(of.seconds[places])]) if len(places) else None


def _name(of: Candidates, place: int) -> str:
    return f"{of.machines[of.machine[place]].instance.name}, {of.ways[of.way[place]].label}"
