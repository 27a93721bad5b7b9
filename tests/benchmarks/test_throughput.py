"""Throughput against series computed by hand."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.throughput import (
    StepRows,
    overlapping_throughput,
    synchronous_throughput,
    wait_share,
)


def rows(
    seconds: list[float] | np.ndarray,
    examples: int = 32,
    began: float = 1000.0,
    steps_per_call: int = 1,
    waits: float = 0.0,
) -> StepRows:
    """Steps that follow each other without a gap."""
    seconds = np.asarray(seconds, dtype=np.float64)
    number = np.arange(1, len(seconds) + 1)
    return StepRows(
        step=number,
        start=began + np.concatenate([[0.0], np.cumsum(seconds)[:-1]]),
        seconds=seconds,
        wait_seconds=np.full(len(seconds), waits),
        examples=np.full(len(seconds), examples),
        loss=np.where(number % steps_per_call == 0, 1.0, np.nan),
    )


def test_one_task_is_its_examples_over_its_median_step() -> None:
    found = synchronous_throughput({"chief-0": rows([0.01, 0.02, 0.9, 0.02, 0.02])})
    assert found is not None
    assert found.examples_per_second == pytest.approx(32 / 0.02)
    assert found.step_seconds_median == pytest.approx(0.02)
    assert found.low is None


def test_tasks_in_step_add_up() -> None:
    found = synchronous_throughput({"chief-0": rows([0.02] * 5), "worker-0": rows([0.02] * 5, 64)})
    assert found is not None
    assert found.examples_per_second == pytest.approx(96 / 0.02)


def test_the_way_back_to_python_is_paid_by_all_steps_of_a_call() -> None:
    """Two calls of three steps: 1 + 1 + 4 milliseconds are 2 a step, not the median 1."""
    found = synchronous_throughput({"chief-0": rows([0.001, 0.001, 0.004] * 2, steps_per_call=3)})
    assert found is not None
    assert found.step_seconds_median == pytest.approx(0.002)
    assert found.examples_per_second == pytest.approx(32 / 0.002)


def test_calls_without_a_loss_are_as_long_as_was_asked_for() -> None:
    lossless = replace(rows([0.001, 0.001, 0.004] * 2), loss=np.full(6, np.nan))
    found = synchronous_throughput({"chief-0": lossless}, steps_per_call=3)
    assert found is not None
    assert found.step_seconds_median == pytest.approx(0.002)


def test_input_that_comes_in_bursts_is_counted_over_whole_rounds() -> None:
    """Of two data workers' batches the second is there when the first has been waited for."""
    bursts = {"chief-0": rows([0.001, 0.039] * 100)}
    found = synchronous_throughput(bursts, sources=2)
    assert found is not None
    assert found.step_seconds_median == pytest.approx(0.02)
    assert found.examples_per_second == pytest.approx(32 / 0.02)


def test_too_few_steps_for_two_rounds_are_one_measurement() -> None:
    found = synchronous_throughput({"chief-0": rows([0.01, 0.03] * 10)}, sources=2)
    assert found is not None
    assert found.step_seconds_median == pytest.approx(0.02)


def test_a_call_cut_off_by_the_warm_up_still_counts_its_own_steps_only() -> None:
    measured = rows([0.002] * 10, steps_per_call=4).after(6)
    found = synchronous_throughput({"chief-0": measured})
    assert found is not None
    assert found.step_seconds_median == pytest.approx(0.002)


def test_a_task_without_rows_leaves_the_throughput_unknown() -> None:
    assert synchronous_throughput({"chief-0": rows([0.02] * 5), "worker-0": rows([])}) is None
    assert synchronous_throughput({}) is None
    assert overlapping_throughput({"worker-0": rows([])}) is None


def test_workers_that_overlap_add_up_in_windows_of_wall_time() -> None:
    """10 and 40 examples every 0.1 s, shifted by half a step: 500 examples a second."""
    found = overlapping_throughput(
        {
            "worker-0": rows([0.1] * 400, examples=10),
            "worker-1": rows([0.1] * 400, examples=40, began=1000.05),
        }
    )
    assert found is not None
    assert found.examples_per_second == pytest.approx(500)
    assert found.step_seconds_median == pytest.approx(0.1)


def test_a_pause_of_all_workers_is_left_out_by_the_median_window() -> None:
    before, after = rows([0.1] * 300, examples=10), rows([0.1] * 300, examples=10, began=1050.0)
    found = overlapping_throughput({"worker-0": before, "worker-1": after})
    assert found is not None
    assert found.examples_per_second == pytest.approx(100)


def test_too_few_steps_for_windows_are_all_examples_over_all_seconds() -> None:
    found = overlapping_throughput({"worker-0": rows([0.1] * 6, examples=10)})
    assert found is not None
    assert found.examples_per_second == pytest.approx(100)
    assert found.low is None


def test_the_interval_holds_the_planted_speed() -> None:
    noise = np.random.default_rng(0).normal(1, 0.05, 2000)
    found = synchronous_throughput({"chief-0": rows(0.01 * noise)})
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert found.low < 3200 < found.high
    assert found.high - found.low < 0.02 * 3200
    assert found.effective_sample is not None
    assert found.effective_sample > 1000


def test_wait_share_is_over_all_tasks() -> None:
    measured = {"chief-0": rows([0.1] * 4, waits=0.02), "worker-0": rows([0.1] * 4, waits=0.0)}
    assert wait_share(measured) == pytest.approx(0.1)
    assert wait_share({}) is None
