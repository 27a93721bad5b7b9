"""Statistics against series whose truth is known."""

import numpy as np
import pytest

from results.statistics import autocorrelation, effective_sample, within_run_interval
from results.statistics.autocorrelation import inefficiency, ranks


def ar1(size: int, phi: float, seed: int) -> np.ndarray:
    """Correlated noise around 0: x[t] = φ x[t−1] + e[t], started in its stationary state."""
    noise = np.random.default_rng(seed).standard_normal(size)
    series = np.empty(size)
    series[0] = noise[0] / np.sqrt(1 - phi**2)
    for place in range(1, size):
        series[place] = phi * series[place - 1] + noise[place]
    return series


def test_autocorrelation_of_alternating_values_alternates() -> None:
    series = np.tile([1.0, -1.0], 50)
    rho = autocorrelation(series)
    assert rho[0] == pytest.approx(1)
    assert rho[1] == pytest.approx(-0.99)
    assert rho[2] == pytest.approx(0.98)


def test_what_does_not_vary_has_no_autocorrelation() -> None:
    rho = autocorrelation(np.full(20, 3.7))
    assert rho[0] == 1
    assert not rho[1:].any()


def test_ranks_share_places_between_equal_values() -> None:
    assert ranks(np.array([10.0, 30.0, 10.0, 20.0])).tolist() == [0.5, 3.0, 0.5, 2.0]


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.8, 0.9])
def test_inefficiency_of_correlated_noise_is_its_closed_form(phi: float) -> None:
    found = np.mean([inefficiency(ar1(20_000, phi, seed)) for seed in range(5)])
    assert found == pytest.approx((1 + phi) / (1 - phi), rel=0.15)


def test_one_long_pause_does_not_hide_correlation() -> None:
    series = ar1(5000, 0.9, seed=1)
    worth = effective_sample(series)
    series[2500] = 1e6
    assert effective_sample(series) == pytest.approx(worth, rel=0.1)


def test_independent_measurements_are_worth_themselves() -> None:
    assert effective_sample(ar1(2000, 0.0, seed=3)) > 1500


def median(sample: np.ndarray) -> float:
    return float(np.median(sample))


def test_batches_are_ten_to_thirty() -> None:
    batches = []
    for series in (ar1(60, 0.0, seed=1), ar1(1000, 0.8, seed=0), ar1(5000, 0.0, seed=0)):
        interval = within_run_interval(series, median)
        batches.append(interval.batches if interval else 0)
    assert batches[0] == 10
    assert 10 < batches[1] < 30
    assert batches[2] == 30


def test_no_interval_below_an_effective_sample_of_50() -> None:
    assert within_run_interval(ar1(49, 0.0, seed=0), median) is None
    assert within_run_interval(ar1(400, 0.9, seed=0), median) is None
    assert within_run_interval(np.empty(0), median) is None
    assert within_run_interval(ar1(500, 0.0, seed=0), median) is not None


def test_an_interval_is_the_same_for_the_same_series() -> None:
    series = ar1(500, 0.3, seed=4)
    assert within_run_interval(series, median) == within_run_interval(series, median)


def test_tasks_are_resampled_together() -> None:
    series = np.stack([ar1(400, 0.0, seed=5), -ar1(400, 0.0, seed=5)], axis=1)
    interval = within_run_interval(
        series + np.array([3.0, 5.0]), lambda sample: float(sample.mean(axis=0).sum())
    )
    assert interval is None or interval.high - interval.low < 1e-9


def test_half_width_of_independent_means_is_student_s() -> None:
    """Batches of equal length: their spread is the textbook's, but for the stated widening."""
    series = ar1(3000, 0.0, seed=2)
    interval = within_run_interval(series, lambda sample: float(sample.mean()))
    assert interval is not None
    means = series.reshape(30, 100).mean(axis=1)
    plain = 2.0452 * means.std(ddof=1) / np.sqrt(30)
    widened = 1 + 15 / interval.effective_sample
    assert (interval.high - interval.low) / 2 == pytest.approx(plain * widened, rel=1e-4)


@pytest.mark.ci
@pytest.mark.parametrize(("size", "phi"), [(100, 0.0), (500, 0.8), (1000, 0.8), (1000, 0.9)])
def test_intervals_of_correlated_noise_hold_the_truth(size: int, phi: float) -> None:
    """600 series: 0.92 to 0.98, the promised 0.93 to 0.97 and one binomial standard error."""
    intervals = [within_run_interval(ar1(size, phi, seed), median) for seed in range(600)]
    held = [each.low <= 0 <= each.high for each in intervals if each is not None]
    assert len(held) > 300
    assert 0.92 <= np.mean(held) <= 0.98
