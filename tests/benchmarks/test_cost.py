"""Costs against a table worked by hand, to the cent."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.cost import cost_of_run, cost_usd, in_usd, to_the_cent

WORKED = [
    # USD an hour, seconds, machines, what a bill would show
    ("0.085", 3600, 1, "0.09"),  # 8.5 cents, halves up
    ("21.957642", 3600, 1, "21.96"),
    ("21.957642", 1800, 4, "43.92"),  # 4 × 10.978821 = 43.915284
    ("55.04", 1, 8, "0.12"),  # 8 × 0.0152888… = 0.1223111…
    ("55.04", 0.2, 8, "0.12"),  # a second begun is paid whole
    ("0.526", 86400, 16, "201.98"),  # 16 × 24 × 0.526 = 201.984
    ("9.6", 5400, 2, "28.80"),
    ("1.006", 7261, 3, "6.09"),  # 3 × 1.006 × 7261 ÷ 3600 = 6.08713…
    ("63.296", 60, 1, "1.05"),  # 1.054933…
    ("0.17", 3599.4, 1, "0.17"),
    ("0.36", 50.0000000001, 1, "0.01"),  # rounding is no second more: 0.005, halves up
    ("3.673", 0, 5, "0.00"),
]


@pytest.mark.parametrize(("price", "seconds", "machines", "bill"), WORKED)
def test_cost_equals_the_bill_worked_by_hand(
    price: str, seconds: float, machines: int, bill: str
) -> None:
    assert to_the_cent(float(cost_usd(float(price), seconds, machines))) == Decimal(bill)


def test_cost_of_many_is_that_of_each() -> None:
    prices, seconds = np.array([0.085, 21.957642]), np.array([[3600.0], [10.0]])
    found = cost_usd(prices, seconds, 2)
    assert found.shape == (2, 2)
    assert found[1, 1] == pytest.approx(2 * 21.957642 * 10 / 3600)


@given(price=st.floats(0.01, 200), seconds=st.floats(0, 1e6), more=st.integers(0, 1000))
def test_more_seconds_and_more_machines_never_cost_less(
    price: float, seconds: float, more: int
) -> None:
    once = float(cost_usd(price, seconds, 1))
    assert float(cost_usd(price, seconds + more, 1)) >= once
    assert float(cost_usd(price, seconds, 1 + more)) >= once


RUN = {
    "total_seconds": 1800.0,
    "seconds_to_first_step": 180.0,
    "restart_seconds": 90.0,
    "lost_steps": 300,
    "step_seconds_median": 0.3,
    "examples": 500_000,
}


def test_parts_of_a_run_add_up_to_all_that_was_paid() -> None:
    found = cost_of_run(RUN, 36.0, 2, train_examples=50_000, seconds_to_target=900.0)
    assert found is not None
    # 72 USD an hour are 2 cents a second
    assert found.usd == pytest.approx(36.00)
    assert found.start_up_usd == pytest.approx(3.60)
    assert found.failures_usd == pytest.approx(1.80 + 1.80)
    assert found.training_usd == pytest.approx(36.00 - 3.60 - 3.60)
    assert found.usd_per_million_examples == pytest.approx(72.0)
    assert found.training_usd_per_million_examples == pytest.approx(57.6)
    assert found.usd_per_epoch == pytest.approx(3.60)
    assert found.usd_to_target == pytest.approx(18.00)


def test_what_a_run_did_not_measure_has_no_cost() -> None:
    assert cost_of_run({}, 1.0) is None
    found = cost_of_run({"total_seconds": 3600.0}, 1.0)
    assert found is not None
    assert found.usd == found.training_usd == 1.0
    assert found.start_up_usd is None
    assert found.usd_per_million_examples is found.usd_per_epoch is found.usd_to_target is None


@pytest.mark.parametrize(
    ("usd", "shown"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (0.0031, "$0.0031"),
        (0.000056, "$0.000056"),
        (0.005, "$0.0050"),
        (0.0144, "$0.014"),
        (0.096, "$0.096"),
        (0.1, "$0.10"),
        (1e-300, "$1e-300"),
        (3e26, "$3e+26"),
        (1234.5, "$1,234.50"),
    ],
)
def test_money_is_shown_in_cents_or_two_figures(usd: float | None, shown: str) -> None:
    assert in_usd(usd) == shown
