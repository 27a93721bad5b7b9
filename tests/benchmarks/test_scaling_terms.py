"""The pieces of the scaling model against closed forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.scaling.cells import Cell, Point
from benchmarks.scaling.ernest import ernest_fit, ernest_prediction
from benchmarks.scaling.host_cores import cores_per_task, was_full
from benchmarks.scaling.queueing import congestion
from benchmarks.scaling.shared_input import InputPace, input_pace, seconds_beside_input
from benchmarks.scaling.stragglers import expected_maximum, straggle_seconds
from benchmarks.scaling.synchronous import crowding, hops, ring_share


@pytest.mark.parametrize(("workers", "share"), [(1, 0.0), (2, 1.0), (4, 1.5), (8, 1.75)])
def test_a_member_of_a_ring_sends_two_n_minus_one_over_n_of_the_bytes(
    workers: int, share: float
) -> None:
    assert ring_share(workers) == pytest.approx(share)
    assert hops(workers) == 2 * (workers - 1)


def test_tasks_crowd_only_where_they_share_too_few_cores() -> None:
    assert crowding(Cell(4, 32)) == 1
    assert crowding(Cell(2, 32, shared_cores=2)) == 1
    assert crowding(Cell(8, 32, shared_cores=2)) == 4
    assert crowding(Cell(2, 32, shared_cores=2), cores_per_task=1.5) == 1.5


def test_a_lone_worker_queues_for_nobody() -> None:
    assert congestion(1, np.array(0.01), np.array([0.5, 0.2])) == pytest.approx([1, 1])


def test_two_workers_at_one_station_queue_as_mean_value_analysis_says() -> None:
    """Delay 1, demand 1: alone the station holds 1/2 worker, so a second visit takes 1.5."""
    assert congestion(2, np.array(1.0), np.array([1.0])) == pytest.approx([1.5])


@given(
    workers=st.integers(1, 300),
    delay=st.floats(0, 1),
    demands=st.lists(st.floats(1e-4, 0.1), min_size=1, max_size=3),
)
def test_no_station_does_more_than_it_can_and_no_worker_is_faster_than_alone(
    workers: int, delay: float, demands: list[float]
) -> None:
    alone = np.array(demands)
    times = congestion(workers, np.array(delay), alone)
    seconds = delay + (alone * times).sum()
    assert (times >= 1 - 1e-9).all()
    assert workers / seconds <= min(1 / alone.max(), workers / (delay + alone.sum())) * 1.0001


def test_the_approximation_for_many_workers_meets_the_exact_queue() -> None:
    """Where delay and station are balanced, the approximation errs most."""
    demands = np.array([0.01])
    for balance in (0.5, 0.8, 1.0, 1.2, 2.0):
        delay = np.array(128 * 0.01 * balance)
        exact, near = (float(delay + demands @ congestion(n, delay, demands)) for n in (128, 129))
        assert near == pytest.approx(exact, rel=0.035)


@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=50), st.integers(1, 64))
def test_expected_maximum_lies_between_mean_and_largest(values: list[float], count: int) -> None:
    found = expected_maximum(np.array(values), count)
    assert np.mean(values) - 1e-12 <= found <= max(values) + 1e-12
    assert found <= expected_maximum(np.array(values), count + 1) + 1e-12


def test_expected_maximum_of_uniform_draws_is_n_over_n_plus_one() -> None:
    values = (np.arange(2000) + 0.5) / 2000
    for count in (1, 2, 4, 8):
        assert expected_maximum(values, count) == pytest.approx(count / (count + 1), abs=1e-3)


def test_straggling_needs_steps_that_differ() -> None:
    assert straggle_seconds([], 8) == 0
    assert straggle_seconds([np.full(100, 0.02)], 8) == pytest.approx(0)
    assert straggle_seconds([np.linspace(0.01, 0.03, 1000)], 8) == pytest.approx(0.0078, rel=0.02)


def test_ernest_finds_the_weights_that_made_the_times() -> None:
    """Ernest's features at 1 to 16 machines and 1/16 to 1/2 of the data, as its paper samples."""
    machines = np.array([1, 2, 4, 8, 16, 16])
    data = np.array([1, 2, 4, 6, 8, 3]) / 16
    features = np.column_stack(
        [np.ones(6), data / machines, np.log(machines), machines.astype(float)]
    )
    weights = np.array([0.5, 20.0, 0.3, 0.02])
    assert ernest_fit(features, features @ weights) == pytest.approx(weights, rel=1e-6)


def test_ernest_takes_points_of_the_cells_own_network_where_there_are_enough() -> None:
    slow = [_point(n, 0.05 + 0.01 * n, mbit=50.0) for n in (1, 2, 4)]
    fast = [_point(n, 0.05, mbit=1000.0) for n in (1, 2, 4)]
    assert ernest_prediction([*slow, *fast], Cell(8, 32, mbit_per_second=1000.0)) == pytest.approx(
        8 * 32 / 0.05, rel=1e-6
    )


def test_full_cores_are_found_by_what_tasks_want_and_by_what_they_use() -> None:
    points = [
        _point(1, 0.01, cores=2, busy=1.2),
        _point(2, 0.02, cores=2, busy=1.4),
        _point(2, 0.02, cores=8, busy=2.4),
    ]
    per_task = cores_per_task(points)
    assert per_task == pytest.approx(1.2)
    assert [was_full(point, per_task) for point in points] == [False, True, False]
    assert was_full(_point(4, 0.03, cores=2, busy=1.9), None)


def test_input_that_only_several_wait_for_is_shared() -> None:
    points = [_point(1, 0.04), _point(4, 0.08, wait=0.5)]
    assert input_pace(points) == InputPace(own=0.0, shared=pytest.approx(0.08 / (4 * 32)))


def test_input_that_all_wait_for_alike_is_each_ones_own() -> None:
    points = [_point(n, 0.08, wait=0.4) for n in (1, 2, 4)]
    pace = input_pace(points)
    assert pace.own == pytest.approx(0.08 / 32)
    assert pace.shared == pytest.approx(0, abs=1e-12)


def test_waiting_that_nothing_hides_is_a_part_of_a_step_and_no_pace() -> None:
    """As the smallest models have it: 0.8 ms of each step, whatever the others do."""
    points = [
        _point(n, seconds, wait=0.0008 / seconds)
        for n, seconds in ((1, 0.0009), (2, 0.002), (4, 0.007))
    ]
    assert input_pace(points) == InputPace()
    assert seconds_beside_input(points[0], InputPace()) == pytest.approx(0.0009)


def test_input_that_keeps_up_sets_no_pace() -> None:
    assert input_pace([_point(2, 0.04, wait=0.02)]) == InputPace()


def _point(
    workers: int,
    seconds: float,
    *,
    mbit: float | None = None,
    cores: int | None = None,
    busy: float | None = None,
    wait: float = 0.0,
) -> Point:
    cell = Cell(workers, 32, mbit_per_second=mbit, shared_cores=cores)
    return Point("0", cell, workers * 32 / seconds, wait_share=wait, busy_cores=busy)
