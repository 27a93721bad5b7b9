"""The interval of a median by order statistics: closed forms, and what must hold for any values."""

from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.statistics.order_statistics import (
    CONFIDENCE,
    confidence,
    fewest_values,
    median_interval,
)

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60)


@pytest.mark.parametrize(
    ("count", "k", "holds"),
    [(2, 1, 0.5), (3, 1, 0.75), (5, 1, 0.9375), (6, 1, 0.96875), (10, 2, 1 - 22 / 1024)],
)
def test_confidence_is_that_of_coin_flips(count: int, k: int, holds: float) -> None:
    assert confidence(count, k) == pytest.approx(holds)


def test_ninety_five_percent_needs_six_values() -> None:
    assert fewest_values() == 6


def test_ten_values_leave_out_the_least_and_the_greatest() -> None:
    found = median_interval([7, 1, 9, 3, 5, 2, 8, 4, 6, 10])
    assert (found.median, found.low, found.high) == (5.5, 2, 9)


@pytest.mark.parametrize("values", [[], [1.0]])
def test_fewer_than_two_values_have_no_interval(values: list[float]) -> None:
    with pytest.raises(ValueError, match="at least 2"):
        median_interval(values)


@given(VALUES)
def test_interval_holds_the_median_and_says_when_it_is_less_sure_than_wanted(
    values: list[float],
) -> None:
    found = median_interval(values)
    assert found.low <= found.median <= found.high
    assert found.median == median(values)
    assert (found.confidence >= CONFIDENCE) == (len(values) >= fewest_values())
    assert median_interval(values[::-1]) == found
