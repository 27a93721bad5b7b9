"""Ratios, their power and Holm's correction against closed forms and known cases."""

from math import exp, log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from results.statistics import (
    LogRatio,
    detectable,
    holm_levels,
    mean_interval,
    paired,
    repeats_needed,
    unpaired,
)

A = [10.1, 11.0, 9.7, 10.4, 12.0, 10.9]
B = [9.0, 10.2, 9.1, 9.9, 10.8, 10.0]


def test_a_paired_ratio_is_the_t_test_of_log_differences() -> None:
    found = paired(A, B)
    reference = stats.ttest_rel(np.log(A), np.log(B))
    assert found.p == pytest.approx(reference.pvalue)
    low, high = reference.confidence_interval(0.95)
    assert found.interval() == pytest.approx((exp(low), exp(high)))
    assert found.pairs == 6


def test_an_unpaired_ratio_is_welch_s_t_test_of_logs() -> None:
    found = unpaired(A, B[:5])
    reference = stats.ttest_ind(np.log(A), np.log(B[:5]), equal_var=False)
    assert found.p == pytest.approx(reference.pvalue)
    assert found.degrees == pytest.approx(reference.df)
    low, high = reference.confidence_interval(0.95)
    assert found.interval() == pytest.approx((exp(low), exp(high)))


def test_what_slows_both_runs_of_a_pair_drops_out() -> None:
    noise = np.exp(0.02 * np.random.default_rng(0).standard_normal(8))
    drift = np.linspace(1, 2, 8)
    assert paired(1.1 * noise * drift, drift).error == pytest.approx(
        paired(1.1 * noise, noise**0).error
    )


def test_values_that_never_vary_are_told_apart_exactly() -> None:
    equal, double = paired([3.0] * 5, [3.0] * 5), unpaired([6.0] * 5, [3.0] * 5)
    assert (equal.p, equal.interval()) == (1.0, (1.0, 1.0))
    assert double.p == 0
    assert double.interval() == pytest.approx((2.0, 2.0))


@pytest.mark.parametrize("values", [[1.0], [1.0, 0.0], [1.0, -2.0], [1.0, float("nan")]])
def test_a_ratio_needs_two_values_above_zero(values: list[float]) -> None:
    with pytest.raises(ValueError, match="two values above 0"):
        unpaired(values, [1.0, 2.0])


def test_the_mean_of_repeats_has_an_interval_from_five_on() -> None:
    assert mean_interval(A[:4]) is None
    found = mean_interval(A)
    assert found is not None
    mean, low, high = found
    assert mean == pytest.approx(exp(np.mean(np.log(A))))
    error = np.std(np.log(A), ddof=1) / sqrt(6)
    assert log(high / low) / 2 == pytest.approx(stats.t.ppf(0.975, 5) * error)


def test_the_detectable_difference_nears_the_textbook_s_for_many_repeats() -> None:
    assert detectable(LogRatio(0.0, 0.01, 1e6)) == pytest.approx(0.01 * (1.960 + 1.2816), rel=1e-3)


@pytest.mark.parametrize("repeats", [10, 20])
def test_the_told_difference_is_found_in_85_to_95_percent(repeats: int) -> None:
    """Told by some repeats, planted into others and into the same ones; 2,000 times, ±1.5%."""
    random = np.random.default_rng(repeats)
    new, same = [], []
    for _ in range(2000):
        a, b, c, d = np.exp(0.03 * random.standard_normal([4, repeats]))
        told = exp(detectable(paired(a, b)))
        same.append(paired(told * a, b).interval()[0] > 1)
        new.append(paired(told * c, d).interval()[0] > 1)
    assert 0.85 <= np.mean(new) <= 0.95
    assert 0.85 <= np.mean(same) <= 0.95


def test_the_repeats_that_are_needed_show_the_difference_and_one_less_does_not() -> None:
    found = paired(A, B)
    difference = detectable(found) / 2
    needed = repeats_needed(found, 6, difference)
    assert needed is not None

    def at(count: int) -> float:
        return detectable(LogRatio(0.0, found.error * sqrt(6 / count), count - 1))

    assert at(needed) <= difference < at(needed - 1)
    assert repeats_needed(found, 6, difference / 1000) is None


def test_holm_steps_down_and_stops_at_the_first_that_is_no_claim() -> None:
    assert holm_levels([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.05 / 3, 0.025, 0.025, 0.0125])
    assert holm_levels([0.6]) == [0.05]
    assert holm_levels([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_claims_no_more_than_no_correction_and_no_less_than_bonferroni(p: list[float]) -> None:
    levels = holm_levels(p)
    claims = [each <= level for each, level in zip(p, levels, strict=True)]
    for each, claimed in zip(p, claims, strict=True):
        assert not claimed or each <= 0.05
        assert claimed or each > 0.05 / len(p)
    if any(claims) and not all(claims):
        assert max(x for x, c in zip(p, claims, strict=True) if c) <= min(
            x for x, c in zip(p, claims, strict=True) if not c
        )


@pytest.mark.ci
@pytest.mark.parametrize("compare", [paired, unpaired])
@pytest.mark.parametrize("tail", ["normal", "strays"])
def test_equals_are_told_apart_in_at_most_5_percent(compare, tail: str) -> None:  # type: ignore[no-untyped-def]
    """4,000 comparisons of 5 with 5; 5.9% is 5% and two and a half binomial standard errors."""
    random = np.random.default_rng(5)
    claimed = 0
    for _ in range(4000):
        noise = 0.03 * random.standard_normal([2, 5])
        if tail == "strays":
            noise -= 0.3 * (random.uniform(size=[2, 5]) < 0.1)
        low, high = compare(*np.exp(noise)).interval()
        claimed += not low <= 1 <= high
    assert claimed / 4000 <= 0.059
