"""The planner against cases worked by hand, from machines and speeds of round numbers."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.planning import Candidates, Examples, Limits, Way, candidates, decide, levers
from benchmarks.planning.candidates import KINDS, Machine
from benchmarks.planning.deciding import BUDGET, TIME, Decision, pareto
from benchmarks.planning.levers import DEVICE, INPUT, MACHINES, Remedy
from benchmarks.scaling import Prediction
from tests.benchmarks.made_ways import (
    EXAMPLES,
    MIRRORED,
    PARAMETER_SERVER,
    STRONG,
    WEAK,
    instance,
    multiworker,
)

HOUR, MINUTE = 3600.0, 60.0
BOTH = (WEAK, STRONG)


@dataclass(frozen=True)
class Case:
    """A plan: what is asked, and what is right."""

    about: str
    right: tuple[str, int, int] | None
    """Machine, how many, workers; None where nothing fits."""
    usd: float | None = None
    seconds: float | None = None
    limits: Limits = Limits()  # noqa: RUF009  frozen
    machines: tuple[Machine, ...] = BOTH
    way: Way = multiworker()  # noqa: RUF009  frozen
    start_up: float = 0.0
    loosen: tuple[tuple[str, float], ...] = ()


# One weak machine takes 4 h for 4 USD; n ≤ 4 take 4/n h for 4 USD; more take 1 h for n USD.
# One strong one takes 30 min for 5 USD; n ≤ 4 take 30/n min for 5 USD; more cost 1.25 USD each.
CASES = [
    Case("no limit: the cheapest, of equals the fastest", ("weak", 4, 4), 4, HOUR),
    Case("a deadline that all meet", ("weak", 4, 4), 4, HOUR, Limits(4 * HOUR)),
    Case("a deadline that four just meet", ("weak", 4, 4), 4, HOUR, Limits(HOUR)),
    Case("weak ones never get there", ("strong", 4, 4), 5, 450, Limits(59 * MINUTE)),
    Case("only the fastest just does", ("strong", 4, 4), 5, 450, Limits(450)),
    Case("nothing is that fast", None, limits=Limits(420), loosen=((TIME, 450),)),
    Case("what 4 USD buy", ("weak", 4, 4), 4, HOUR, Limits(usd=4)),
    Case("nothing is that cheap", None, limits=Limits(usd=3.99), loosen=((BUDGET, 4),)),
    Case("a budget alone buys speed", ("strong", 4, 4), 5, 450, Limits(usd=5)),
    Case("more money, no more speed: the cheaper", ("strong", 4, 4), 5, 450, Limits(usd=100)),
    Case(
        "either limit alone could give",
        None,
        limits=Limits(30 * MINUTE, 4.5),
        loosen=((TIME, HOUR), (BUDGET, 5)),
    ),
    Case("neither limit alone helps", None, limits=Limits(5 * MINUTE, 1)),
    Case("both limits met", ("weak", 4, 4), 4, HOUR, Limits(2 * HOUR, 4)),
    Case("strong ones alone allowed", ("strong", 4, 4), 5, 450, machines=(STRONG,)),
    # start-up of 10 min is paid by every machine: 4 h 10 min × 1
    Case("start-up favours few", ("weak", 1, 1), 15000 / 3600, 15000, start_up=600),
    # three weak ones: 80 + 10 min = 1.5 h, 4.50 USD; four would cost 4.67
    Case("start-up and a deadline", ("weak", 3, 3), 4.5, 5400, Limits(1.5 * HOUR), start_up=600),
    # at 80% of the speed four weak ones take 75 min, one strong one 37.5 min
    Case(
        "the late end of the interval counts",
        ("strong", 4, 4),
        5,
        450,
        Limits(HOUR),
        way=multiworker(0.2),
    ),
    Case("and is met", ("weak", 4, 4), 4, HOUR, Limits(75 * MINUTE), way=multiworker(0.2)),
    # two replicas of one machine are 1.5 times as fast for nothing
    Case("replicas cost nothing", ("weak", 1, 2), 9600 / 3600, 9600, way=MIRRORED),
    Case(
        "one strong machine", ("strong", 1, 2), 1200 / 360, 1200, Limits(0.5 * HOUR), way=MIRRORED
    ),
    # coordinator and parameter server are machines too: 6 × 1 h
    Case("servers are paid as well", ("weak", 6, 4), 6, HOUR, way=PARAMETER_SERVER),
    Case(
        "a machine without a price takes no part",
        ("strong", 4, 4),
        5,
        450,
        machines=(replace(WEAK, usd_per_hour=None), STRONG),
    ),
    # without prices: 4 machine-hours whether one or four
    Case(
        "machine-hours where nothing has a price",
        ("weak", 4, 4),
        None,
        HOUR,
        machines=(replace(WEAK, usd_per_hour=None),),
    ),
]


def made(case: Case) -> Candidates:
    starting = {case.way.strategy: case.start_up}
    return candidates(case.machines, (case.way,), Examples(EXAMPLES), starting)


def named(of: Candidates, place: int) -> tuple[str, int, int]:
    name = of.machines[of.machine[place]].instance.name
    return name, int(of.count[place]), int(of.workers[place])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.about)
def test_recommendation_is_the_one_worked_by_hand(case: Case) -> None:
    of = made(case)
    found = decide(of, case.limits)
    if case.right is None:
        assert found.best is None
        told = {each.constraint: each.least for each in found.loosenings}
        assert told == pytest.approx(dict(case.loosen))
        return
    assert found.best is not None
    assert named(of, found.best) == case.right
    assert of.seconds[found.best] == pytest.approx(case.seconds)
    if case.usd is not None:
        assert of.usd[found.best] == pytest.approx(case.usd, abs=0.003)
    assert found.priced == (case.usd is not None)


def test_runner_up_is_the_best_of_another_machine() -> None:
    of = made(CASES[0])
    found = decide(of, Limits())
    assert found.runner_up is not None
    assert named(of, found.runner_up) == ("strong", 4, 4)


def told(found: Decision, of: Candidates) -> dict[tuple[str, bool], tuple[float | None, ...]]:
    return {
        (price.constraint, price.change is None): (price.change, price.usd, price.seconds)
        for price in found.prices
    }


def test_constraints_cost_what_leaving_them_out_would_save() -> None:
    of = made(CASES[0])
    found = told(decide(of, Limits(59 * MINUTE)), of)
    # without the deadline four weak machines do for 1 USD less; 10% less changes nothing
    assert found[TIME, True] == (None, pytest.approx(-1), pytest.approx(3150))
    assert found[TIME, False] == (pytest.approx(354), 0, 0)
    assert (BUDGET, True) not in found
    found = told(decide(of, Limits(usd=5)), of)
    assert found[BUDGET, True] == (None, 0, 0)
    # 4.50 USD buy the weak ones only
    assert found[BUDGET, False] == (0.5, pytest.approx(-1), pytest.approx(3150))
    # an hour of two less: four weak machines still do
    found = told(decide(of, Limits(2 * HOUR)), of)
    assert found[TIME, False] == (HOUR, 0, 0)


def test_what_only_likely_fits_is_told_apart_from_what_surely_does() -> None:
    of = candidates((WEAK,), (multiworker(0.2),), Examples(EXAMPLES), {})
    found = decide(of, Limits(HOUR))
    assert found.best is None
    assert found.by_median is not None
    assert named(of, found.by_median) == ("weak", 4, 4)
    assert [each.least for each in found.loosenings] == [pytest.approx(75 * MINUTE)]


def test_intervals_follow_the_speeds_and_kinds_are_told() -> None:
    of = candidates(BOTH, (multiworker(0.2),), Examples(EXAMPLES), {"multiworker": 60})
    assert np.all(of.seconds_low < of.seconds)
    assert np.all(of.seconds < of.seconds_high)
    assert of.seconds_high[0] == pytest.approx(60 + 14400 / 0.8)
    kinds = {named(of, place): KINDS[of.kind[place]] for place in range(len(of))}
    assert kinds["weak", 1, 1] == "measured"
    assert kinds["weak", 2, 2] == "predicted"
    assert kinds["strong", 1, 1] == "assumed"
    assert len(of) == 2 * 1024


def test_faster_machine_keeps_the_time_of_its_own_link() -> None:
    """r times as fast over B: 1/r of the measured machine's time over B/r."""
    compute, gradient_bits = 0.1, 8e6

    def speed(workers: int, mbit: float | None) -> Prediction:
        wire = 0.0 if mbit is None else gradient_bits / (mbit * 1e6)
        rate = 32 * workers / (compute + wire * (workers > 1))
        return Prediction(rate, rate, rate, "predicted")

    way = replace(multiworker(), across=speed, on_one=())
    fast = Machine(instance("fast", network_gbit=1.0), 5.0, usd_per_hour=1.0)
    of = candidates((fast,), (way,), Examples(EXAMPLES), {})
    expected = 32 * of.workers / (compute / 5 + gradient_bits / 1e9 * (of.workers > 1))
    np.testing.assert_allclose(of.speed, expected, rtol=1e-9)


def test_speed_between_the_asked_numbers_is_that_of_the_model() -> None:
    def speed(workers: int, mbit: float | None) -> Prediction:
        rate = 100 * workers / (1 + 0.02 * (workers - 1) + 0.05 * np.log(workers))
        return Prediction(rate, 0.9 * rate, 1.2 * rate, "predicted")

    of = candidates((WEAK,), (replace(multiworker(), across=speed, on_one=()),), Examples(1e6), {})
    expected = [speed(int(count), None).examples_per_second for count in of.workers]
    np.testing.assert_allclose(of.speed, expected, rtol=1e-3)


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=30))
def test_front_beats_all_others_and_nothing_on_it_is_beaten(points: list[tuple[int, int]]) -> None:
    seconds, cost = np.array(points, dtype=np.float64).T
    front = pareto(seconds, cost, np.ones(len(points), dtype=bool)).tolist()
    for place in range(len(points)):
        as_good = (seconds[front] <= seconds[place]) & (cost[front] <= cost[place])
        assert as_good.any()
    for place in front:
        assert not np.any((seconds < seconds[place]) & (cost <= cost[place]))
        assert not np.any((seconds <= seconds[place]) & (cost < cost[place]))


def test_levers_are_told_with_their_gains_most_first() -> None:
    of = candidates(BOTH, (multiworker(),), Examples(EXAMPLES), {"multiworker": 600})
    found = levers(of, 600, Remedy("cache", 2.0))
    gains = {each.name: each.times_as_fast for each in found}
    assert [each.name for each in found] == [DEVICE, MACHINES, INPUT]
    assert gains[DEVICE] == pytest.approx(15000 / 2400)
    assert gains[MACHINES] == pytest.approx(15000 / 4200)  # a fifth machine adds nothing
    assert gains[INPUT] == pytest.approx(15000 / 7800)
    assert {each.name: each.kind for each in found}[DEVICE] == "assumed"


def test_lever_of_which_nothing_is_known_says_what_would_tell() -> None:
    of = candidates((WEAK,), (MIRRORED,), Examples(EXAMPLES), {})
    found = {each.name: each for each in levers(of, 0, None)}
    assert [each.times_as_fast for each in found.values()] == [None] * 3
    assert "speed=" in found[DEVICE].what
    assert "diagnose=true" in found[INPUT].what
    assert "spans machines" in found[MACHINES].what
