"""What a person asks of the planner: read, or refused in one line before anything is read."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from benchmarks.catalogue import catalogue
from benchmarks.own_machine import THIS_MACHINE, measured_machine, price_of
from benchmarks.planning.making import machines_of
from benchmarks.planning.request import KEYS, request_of
from results.errors import UserError

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
TODAY = date(2026, 11, 25)


def words(text: str) -> dict[str, str]:
    return dict(word.split("=", 1) for word in text.split())


def test_the_tightest_time_counts_and_is_named() -> None:
    found = request_of(words("examples=1e6 deadline=10h per_day=6"), NOW)
    assert (found.seconds, found.said) == (4 * 3600, "per_day=6")
    found = request_of(words("examples=1e6 ready_by=2026-11-25T18:00 deploy=30m per_day=2"), NOW)
    assert (found.seconds, found.said) == (5.5 * 3600, "ready_by=2026-11-25T18:00")
    assert request_of(words("target=0.97"), NOW).seconds is None


def test_everything_that_can_be_asked_is_read() -> None:
    found = request_of(
        {
            "target": "0.97",
            "budget": "50",
            "allow": "[a,b]",
            "speed": "{a: 2}",
            "machine": "c5.large",
            "usd_per_hour": "0.1",
            "spot": "true",
            "where": "workers > 1",
            "cost.catalogue": "own.yaml",
        },
        NOW,
    )
    assert (found.target, found.budget, found.allow) == (0.97, 50, ("a", "b"))
    assert (found.speed, found.machine, found.usd_per_hour) == ({"a": 2}, "c5.large", 0.1)
    assert (found.spot, found.where, found.catalogue) == (True, "workers > 1", "own.yaml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("deadline=4h", "examples=: missing; give examples=1e9, or target=0.97"),
        ("examples=1e6 target=0.9", "target=0.9: examples is given too; give one of the two"),
        ("examples=1e6 deadline=4h ready_by=2026-12-24T18:00", "deadline is given too"),
        ("examples=1e6 deadline=4h deploy=30m", "deploy=30m: is for ready_by"),
        ("examples=1e6 ready_by=2026-11-25T11:59", "ready_by=2026-11-25T11:59: is over"),
        (
            "examples=1e6 ready_by=2026-11-25T13:00 deploy=2h",
            "deploy=2h: ready_by=2026-11-25T13:00 is in 60 min, which leaves no training",
        ),
        ("examples=1e6 budget=-50", "budget=-50: must be more than 0"),
        ("examples=0", "examples=0: must be more than 0"),
        ("examples=1e6 per_day=0", "per_day=0: must be more than 0"),
        ("examples=1e6 deadline=soon", "deadline=soon: no duration"),
        ("examples=1e6 speed={c5.large:fast}", "speed.c5.large=fast: no number"),
        ("target=high", "target=high: no number"),
        ("examples=1e6 spot=maybe", "spot=maybe: give true or false"),
    ],
)
def test_what_contradicts_itself_is_one_line(text: str, said: str) -> None:
    with pytest.raises(UserError) as raised:
        request_of(words(text), NOW)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_known_machines_come_apart_from_unknown_ones() -> None:
    asked = request_of({"examples": "1", "speed": "{g5.xlarge: 4}"}, NOW)
    known, unknown = machines_of(asked, TODAY)
    assert [machine.instance.name for machine in known] == [THIS_MACHINE, "g5.xlarge"]
    assert [machine.ratio for machine in known] == [1, 4]
    assert known[0].usd_per_hour is None
    assert known[1].usd_per_hour == catalogue().instances["g5.xlarge"].on_demand_usd_per_hour
    assert "p4d.24xlarge" in unknown
    assert "g5.xlarge" not in unknown


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"allow": "[g5.xlarg]"}, "allow=g5.xlarg: no such instance; did you mean g5.xlarge?"),
        ({"allow": "[g5.xlarge]"}, "allow=g5.xlarge: nothing about it was measured or given"),
        ({"speed": "{g5.xlarg: 2}"}, "speed=g5.xlarg: no such instance; did you mean g5.xlarge?"),
        ({"machine": "c5.larg"}, "machine=c5.larg: no such instance; did you mean c5.large?"),
        (
            {"machine": "c5.large", "speed": "{c5.large: 2}"},
            "speed.c5.large=2: is the measured machine",
        ),
    ],
)
def test_instance_that_there_is_not_is_one_line(asked: dict[str, str], said: str) -> None:
    with pytest.raises(UserError) as raised:
        machines_of(request_of({"examples": "1", **asked}, NOW), TODAY)
    assert said in str(raised.value)


def test_measured_machine_has_a_price_only_where_a_person_gives_one(tmp_path: Path) -> None:
    of = catalogue()
    own = measured_machine(of, None, None, TODAY)
    assert (own.name, own.on_demand_usd_per_hour) == (THIS_MACHINE, None)
    with pytest.raises(UserError, match=r"machine=this_machine: has no price; give machine=<an"):
        price_of(own, spot=False)
    assert price_of(measured_machine(of, None, 0.25, TODAY), spot=False) == 0.25
    assert price_of(measured_machine(of, "c5.large", None, TODAY), spot=False) == 0.085
    with pytest.raises(UserError, match=r"spot=true: c5\.large has no spot price here"):
        price_of(measured_machine(of, "c5.large", None, TODAY), spot=True)
    file = tmp_path / "own.yaml"
    file.write_text(
        "instances: [{name: this_machine, provider: own, published: 2026-11-25, "
        "on_demand_usd_per_hour: 0.08}]"
    )
    assert price_of(measured_machine(catalogue(file), None, None, TODAY), spot=False) == 0.08


def test_every_key_says_what_it_is() -> None:
    assert all(KEYS.values())
