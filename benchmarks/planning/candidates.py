"""Every machine × count × way to train that measurements and models reach, with time and cost.

All arrays are [n], one entry a candidate. Intervals are those of 95% that the models give; of a
ratio that a person gave nobody knows the error, so it adds none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.catalogue import Instance
from benchmarks.cost import cost_usd
from benchmarks.planning.goal import Goal
from benchmarks.planning.ways import Across, Way
from benchmarks.quantities import SECONDS_PER_HOUR
from benchmarks.scaling import MEASURED, PREDICTED, Prediction

MOST_MACHINES = 1024
ASSUMED = "assumed"
KINDS = (MEASURED, PREDICTED, ASSUMED)
"""How a candidate's figures are known; `Candidates.kind` counts in here."""

_MBIT_PER_GBIT = 1000.0
_EACH_UP_TO, _PER_DOUBLING = 16, 2
"""Numbers of workers that the model is asked for: each one, then so many a doubling. Throughput in
between lies on a monotone curve in log–log: its terms are powers and logarithms of the number."""

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Machine:
    """A machine whose speed is known: the measured one, or one of a given ratio to it."""

    instance: Instance
    ratio: float = 1.0
    """1 of the measured one."""
    measured: bool = False
    usd_per_hour: float | None = None


@dataclass(frozen=True)
class Candidates:
    """What there is to choose from. Of a machine without a price the cost is NaN."""

    machines: tuple[Machine, ...]
    ways: tuple[Way, ...]
    machine: Whole
    """Index into `machines`."""
    way: Whole
    """Index into `ways`."""
    count: Whole
    """Machines."""
    workers: Whole
    kind: Whole
    """Index into `KINDS`."""
    speed: Floats
    """Examples a second."""
    speed_low: Floats
    speed_high: Floats
    seconds: Floats
    """Of one training, start-up and the evaluations of a target included."""
    seconds_low: Floats
    seconds_high: Floats
    evaluating: Floats
    """Of its seconds, those in evaluations."""
    usd: Floats
    usd_low: Floats
    usd_high: Floats
    one_seed: NDArray[np.bool_]
    """Whether its examples are those of a single seed: their interval is not known then."""
    unreached: int = 0
    """Configurations left out: how many examples they need was never measured."""

    def __len__(self) -> int:
        return len(self.seconds)

    @property
    def machine_hours(self) -> Floats:
        """What stands for the cost where nothing has a price."""
        hours: Floats = self.count * self.seconds / SECONDS_PER_HOUR
        return hours


def candidates(
    machines: Sequence[Machine],
    ways: Sequence[Way],
    goal: Goal,
    start_up_seconds: Mapping[str, float],
) -> Candidates:
    """All of them. `start_up_seconds` are by strategy; one that isn't there starts at once."""
    blocks = [
        _block(place, machine, number, way)
        for place, machine in enumerate(machines)
        for number, way in enumerate(ways)
    ]
    rows = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
    needs = _needs(goal, ways, rows)
    reached = np.isfinite(needs["examples"])
    rows = {name: of[reached] for name, of in (rows | needs).items()}
    starting = np.array([start_up_seconds.get(way.strategy, 0.0) for way in ways])[rows["way"]]
    prices = np.array([np.nan if m.usd_per_hour is None else m.usd_per_hour for m in machines])
    price, count = prices[rows["machine"]], rows["count"]
    ratios = np.array([machine.ratio for machine in machines])[rows["machine"]]
    evaluating = rows["evaluating"] / ratios
    per_example = evaluating / rows["examples"]
    seconds = starting + rows["examples"] * (1 / rows["speed"] + per_example)
    low = starting + rows["examples_low"] * (1 / rows["speed_high"] + per_example)
    high = starting + rows["examples_high"] * (1 / rows["speed_low"] + per_example)
    kind = np.maximum(rows["kind"], np.where(rows["as_measured"], 0, KINDS.index(PREDICTED)))
    return Candidates(
        machines=tuple(machines),
        ways=tuple(ways),
        machine=rows["machine"],
        way=rows["way"],
        count=count,
        workers=rows["workers"],
        kind=kind,
        speed=rows["speed"],
        speed_low=rows["speed_low"],
        speed_high=rows["speed_high"],
        seconds=seconds,
        seconds_low=low,
        seconds_high=high,
        evaluating=evaluating,
        usd=cost_usd(price, seconds, count),
        usd_low=cost_usd(price, low, count),
        usd_high=cost_usd(price, high, count),
        one_seed=rows["one_seed"],
        unreached=int((~reached).sum()),
    )


def _block(place: int, machine: Machine, number: int, way: Way) -> dict[str, NDArray[np.generic]]:
    """All counts of one machine with one way; `speed`, `speed_low`, `speed_high` and the rest."""
    one = [(1, workers, *_numbers(speed)) for workers, speed in way.on_one]
    parts = [np.array(one, dtype=np.float64).reshape(-1, 6)]
    if way.across is not None:
        alone = {1} if not way.servers and any(workers == 1 for workers, _ in way.on_one) else set()
        parts.append(_across(machine, way, way.across, first=2 if alone else 1))
    rows = np.concatenate(parts)
    counts, workers, low, speed, high, measured = rows.T
    kind = np.where(measured == 1, KINDS.index(MEASURED), KINDS.index(PREDICTED))
    ratio = machine.ratio
    return {
        "machine": np.full(len(rows), place),
        "way": np.full(len(rows), number),
        "count": counts.astype(np.int64),
        "workers": workers.astype(np.int64),
        "kind": kind if machine.measured else np.full(len(rows), KINDS.index(ASSUMED)),
        "speed_low": ratio * low,
        "speed": ratio * speed,
        "speed_high": ratio * high,
    }


def _across(machine: Machine, way: Way, speed: Across, first: int) -> Floats:
    """Rows (machines, workers, low, speed, high, measured) of `first` and more workers.

    A machine r times as fast over a link of B takes 1/r of the time that the measured machine takes
    over a link of B/r: so the model is asked for that, and bytes keep their own time.
    """
    from scipy.interpolate import PchipInterpolator

    last = MOST_MACHINES - way.servers
    asked = sorted(set(_asked(last)) | {each for each in way.measured_across if each <= last})
    link = _mbit(machine, way)
    found = [speed(workers, link) for workers in asked]
    smooth = [place for place, each in enumerate(found) if each.kind != MEASURED]
    workers = np.arange(first, last + 1, dtype=np.float64)
    speeds = np.array([_numbers(each)[:3] for each in found])
    points = smooth or list(range(len(found)))
    known = np.log(np.array(asked, dtype=np.float64)[points])
    drawn = np.exp(PchipInterpolator(known, np.log(speeds[points].T), axis=1)(np.log(workers)))
    measured = np.zeros(len(workers))
    for place, count in enumerate(asked):
        if count >= first:
            drawn[:, count - first] = speeds[place]
            measured[count - first] = found[place].kind == MEASURED
    return np.column_stack([workers + way.servers, workers, *drawn, measured])


def _asked(last: int) -> list[int]:
    doublings = np.log2(last / _EACH_UP_TO)
    beyond = np.geomspace(_EACH_UP_TO, last, max(2, int(_PER_DOUBLING * doublings) + 1))
    return [*range(1, _EACH_UP_TO + 1), *(round(float(each)) for each in beyond)]


def _mbit(machine: Machine, way: Way) -> float | None:
    """What the model is to take for the link; None where it is as measured, or not known."""
    gbit = machine.instance.network_gbit
    if gbit is None or (machine.measured and way.measured_across):
        return None
    return gbit * _MBIT_PER_GBIT / machine.ratio


def _numbers(speed: Prediction) -> tuple[float, float, float, bool]:
    return speed.low, speed.examples_per_second, speed.high, speed.kind == MEASURED


def _needs(
    goal: Goal, ways: Sequence[Way], rows: Mapping[str, NDArray[np.generic]]
) -> dict[str, NDArray[np.generic]]:
    length = len(rows["way"])
    figures = ("examples", "examples_low", "examples_high", "evaluating")
    found = {name: np.full(length, np.nan) for name in figures}
    told = {name: np.zeros(length, dtype=bool) for name in ("as_measured", "one_seed")}
    for number, way in enumerate(ways):
        mine = rows["way"] == number
        amount = goal.amount(way, rows["workers"][mine].astype(np.int64))
        found["examples"][mine] = amount.examples
        found["examples_low"][mine] = amount.low
        found["examples_high"][mine] = amount.high
        found["evaluating"][mine] = amount.evaluating
        told["as_measured"][mine] = amount.measured
        told["one_seed"][mine] = amount.one_seed
    return {**found, **told}
