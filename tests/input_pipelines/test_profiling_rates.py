"""What limits a pipeline, on costs whose answer is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from input_pipelines.profiling.intervals import Interval, finite, over_rounds
from input_pipelines.profiling.rates import Cost, limit, rate_alone, threads_of
from input_pipelines.profiling.words import why

US = 1e-6
seconds = st.floats(0, 1e-2)
costs = st.builds(
    Cost,
    name=st.uuids().map(str),
    cpu_seconds=seconds,
    wait_seconds=seconds,
    calls=st.sampled_from([1, 2, 8, None]),
    apart=st.booleans(),
)


def parallel(name: str, cpu_us: float, calls: int | None, wait_us: float = 0.0) -> Cost:
    return Cost(name, cpu_us * US, wait_us * US, calls, apart=True)


def serial(name: str, cpu_us: float, wait_us: float = 0.0) -> Cost:
    return Cost(name, cpu_us * US, wait_us * US, 1)


@pytest.mark.parametrize(
    ("cost", "cores", "rate"),
    [
        (serial("a", 100), 2, 10_000),
        (parallel("a", 100, 2), 2, 20_000),
        (parallel("a", 100, 8), 2, 20_000),
        (parallel("a", 100, None), 4, 40_000),
        (parallel("a", 20, 8, wait_us=180), 2, 40_000),
        (parallel("a", 20, 32, wait_us=180), 2, 100_000),
        (serial("a", 0), 2, None),
    ],
)
def test_calls_overlap_in_waiting_and_in_computing_up_to_the_cores(
    cost: Cost, cores: int, rate: float | None
) -> None:
    assert rate_alone(cost, cores) == (rate if rate is None else pytest.approx(rate))


def test_the_slowest_stage_limits() -> None:
    pipeline = [parallel("read", 5, 4, wait_us=10), parallel("parse", 100, 1), serial("batch", 20)]
    found = limit(pipeline, cores=4, cores_busy=1.2)
    assert found is not None
    assert (found.stage, found.all_cores_taken) == ("parse", False)
    assert found.examples_per_second == pytest.approx(10_000)


def test_stages_in_one_thread_limit_together_where_one_that_is_slower_alone_does_not() -> None:
    pipeline = [
        serial("parse", 60),
        serial("augment", 50),
        parallel("prefetch", 0, 1),
        parallel("resize", 140, 2),
    ]
    found = limit(pipeline, cores=8, cores_busy=2.0)
    assert found is not None
    assert found.stage == "parse"
    assert found.together == ("parse", "augment")
    assert found.examples_per_second == pytest.approx(1e6 / 110)
    assert "1 other stage" in str(why(found, pipeline, 8, 2.0))


def test_where_all_cores_are_too_few_the_stage_with_most_of_their_time_limits() -> None:
    pipeline = [parallel("parse", 110, 2), parallel("augment", 100, 2)]
    found = limit(pipeline, cores=2, cores_busy=1.5)
    assert found is not None
    assert (found.stage, found.all_cores_taken) == ("parse", True)
    assert found.examples_per_second == pytest.approx(2e6 / 210)
    words = str(why(found, pipeline, 2, 1.5))
    assert words.startswith("it takes 52% of 210 µs of CPU an example")
    assert "2 cores could give 9,524 examples/s (1.5 were busy)" in words


def test_waiting_is_named_where_it_is_most_of_a_stage() -> None:
    pipeline = [parallel("read", 20, 4, wait_us=980), serial("batch", 20)]
    found = limit(pipeline, cores=4, cores_busy=0.1)
    assert why(found, pipeline, 4, 0.1) == (
        "its 4 calls at once could give 4,000 examples/s; it waits for 98% of its time"
    )


def test_a_pipeline_that_costs_nothing_has_no_limit() -> None:
    assert limit([serial("a", 0), parallel("b", 0, None)], cores=2, cores_busy=0.0) is None
    assert why(None, [], 2, 0.0) is None


@given(st.lists(costs, max_size=8), st.integers(1, 64), st.floats(0, 1))
def test_no_stage_alone_is_slower_than_what_limits(
    pipeline: list[Cost], cores: int, busy: float
) -> None:
    found = limit(pipeline, cores, busy * cores)
    rates = [rate for cost in pipeline if (rate := rate_alone(cost, cores)) is not None]
    if found is None:
        assert not rates
    elif busy < 0.9:
        assert found.examples_per_second <= min(rates) * (1 + 1e-9)
    assert sorted(cost.name for of in threads_of(pipeline) for cost in of) == sorted(
        cost.name for cost in pipeline
    )


@pytest.mark.parametrize(
    ("values", "median", "low", "high"),
    [
        ([3.0, 1.0, 2.0], 2.0, 1.0, 3.0),
        ([5.0, 1.0, 2.0, 3.0, 4.0, 6.0, 900.0], 4.0, 1.0, 900.0),
        ([5.0, 1.0, 2.0, 3.0, 4.0, 6.0, 900.0, 7.0, 8.0], 5.0, 2.0, 8.0),
        ([1.0] * 20, 1.0, 1.0, 1.0),
    ],
)
def test_rounds_agree_on_their_median_between_two_of_them(
    values: list[float], median: float, low: float, high: float
) -> None:
    assert over_rounds(values) == Interval(median, low, high)


@given(st.integers(6, 60), st.integers(0, 2**32 - 1))
def test_the_interval_leaves_out_as_much_as_95_percent_allow(rounds: int, seed: int) -> None:
    values = np.random.default_rng(seed).permutation(rounds).astype(float)
    found = over_rounds(values.tolist())
    cut = int(found.low)
    assert found.high == rounds - 1 - cut
    outside = [2 * binom.cdf(below, rounds, 0.5) for below in (cut, cut + 1)]
    assert outside[0] <= 0.05 < outside[1]


def test_one_round_bounds_nothing() -> None:
    found = over_rounds([3.0])
    assert (found.value, finite(found.low), finite(found.high)) == (3.0, None, None)
    with pytest.raises(ValueError, match="finite"):
        over_rounds([])
