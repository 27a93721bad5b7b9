"""What a person types for time, money and numbers."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from benchmarks import quantities
from results.errors import UserError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1800), ("4h", 14400), ("2d", 172800), ("1h30m", 5400), ("1.5 h", 5400)],
)
def test_duration_is_read_in_seconds(text: str, seconds: float) -> None:
    assert quantities.duration("deadline", text) == seconds


def test_moment_is_utc_where_it_names_no_zone() -> None:
    found = quantities.moment("ready_by", "2026-12-24T18:00")
    assert found == datetime(2026, 12, 24, 18, tzinfo=UTC)
    assert quantities.moment("ready_by", "2026-12-24T18:00+01:00").hour == 18


def test_time_for_training_ends_before_deploying_begins() -> None:
    noon = datetime(2026, 12, 24, 12, tzinfo=UTC)
    ready = datetime(2026, 12, 24, 18, tzinfo=UTC)
    assert quantities.until(ready, 1800, noon) == 5.5 * 3600
    assert quantities.until(noon, 0, ready) == -6 * 3600
    assert quantities.until(datetime(1, 1, 1, tzinfo=UTC), 3e9, noon) < 0


def test_money_counts_names_and_ratios_are_read() -> None:
    assert quantities.usd("budget", "$50.25") == 50.25
    assert quantities.count("examples", "1e9") == 1e9
    assert quantities.names("allow", "[g5.xlarge, c5.large,g5.xlarge]") == ("g5.xlarge", "c5.large")
    assert quantities.ratios("speed", "{p4d.24xlarge: 3.2, a:2}") == {"p4d.24xlarge": 3.2, "a": 2}


@pytest.mark.parametrize(
    ("read", "text", "said"),
    [
        (quantities.duration, "4", "deadline=4: no duration; give such as 90s"),
        (quantities.duration, "4 hours", "no duration"),
        (quantities.duration, "-4h", "no duration"),
        (quantities.duration, "0s", "takes no time"),
        (quantities.duration, "4h4h", "deadline=4h4h: a unit is there twice; give each once"),
        (quantities.duration, "9" * 400 + "d", "over 100 years; give such as 2d"),
        (quantities.moment, "tomorrow", "no moment; give such as 2026-12-24T18:00"),
        (quantities.usd, "-50", "deadline=-50: must be more than 0"),
        (quantities.usd, "fifty", "no number; give an amount of USD such as 50"),
        (quantities.usd_per_hour, "-1", "more than 0; give an amount of USD such as 0.10"),
        (quantities.usd_per_hour, "1e15", "must be 1e+06 at most"),
        (quantities.per_day, "1e7", "must be 1e+06 at most; give a number such as 6"),
        (quantities.count, "inf", "must be 1e+15 at most"),
        (quantities.count, "nan", "deadline=nan: no number"),
        (quantities.count, "1e-300", "must be 1e-06 at least"),
        (quantities.count, "1e300", "must be 1e+15 at most"),
        (quantities.whole, "1e-5", "deadline=1e-5: not whole; give a number such as 1e9"),
        (quantities.any_number, "high", "no number"),
        (quantities.truth, "yes", "give true or false"),
        (quantities.names, "[]", "names nothing"),
        (quantities.ratios, "3.2", "no names with numbers"),
        (quantities.ratios, "{a: -1}", "a=-1: must be more than 0; give a number such as 3.2"),
        (quantities.ratios, "{a: 1e300}", "deadline.a=1e300: must be 1e+06 at most"),
        (quantities.ratios, "{a: 1, a: 2}", "deadline.a=2: given twice"),
    ],
)
def test_what_is_no_amount_is_one_line_with_what_would_be(
    read: Callable[[str, str], object], text: str, said: str
) -> None:
    with pytest.raises(UserError) as raised:
        read("deadline", text)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, "–"), (45, "45 s"), (720, "12 min"), (12_240, "3.4 h"), (181_440, "2.1 d")],
)
def test_duration_is_shown_in_the_unit_that_fits(seconds: float | None, shown: str) -> None:
    assert quantities.in_time(seconds) == shown
