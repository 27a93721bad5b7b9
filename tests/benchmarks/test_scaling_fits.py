"""Fits of runs that a known law made: recovered, extrapolated, with intervals that hold."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import results
from benchmarks.scaling import MEASURED, PREDICTED, STRONG, WEAK, Fit, fits_of, without_fit
from benchmarks.scaling.limits import limit_of
from benchmarks.scaling.record import record_of
from benchmarks.scaling.terms import COORDINATOR, FIXED, NETWORK, STRAGGLERS
from benchmarks.scaling.wording import sentences
from results.errors import UserError
from tests.benchmarks.made_scaling import (
    ACCELERATOR,
    BATCH,
    MBIT,
    PART_COLUMNS,
    SPEED,
    ring,
    runs,
    servers,
    with_parts,
    write,
)


def fit_of(frame: pd.DataFrame) -> Fit:
    (found,) = fits_of(frame)
    return found


def test_points_of_the_models_own_making_are_recovered() -> None:
    fit = fit_of(runs(ring, noise=0.0))
    for workers in (1, 2, 4, 8):
        for mbit in (1000.0, 200.0):
            cell = fit.cell(workers, mbit_per_second=mbit)
            truth = workers * BATCH / ring(workers, mbit, 2.8e6)
            assert fit.modelled(cell).examples_per_second == pytest.approx(truth, rel=0.01)


@pytest.mark.parametrize(("mbit", "gradient"), [(50.0, 2.8e6), (200.0, 8e6), (500.0, 1e6)])
def test_one_and_two_workers_tell_of_eight_on_a_link_and_with_a_gradient_never_seen(
    mbit: float, gradient: float
) -> None:
    fit = fit_of(runs(ring, workers=(1, 2), gradients=(2e6, 2.8e6)))
    found = fit.predict(8, mbit_per_second=mbit, gradient_bytes=gradient)
    truth = 8 * BATCH / ring(8, mbit, gradient)
    assert found.kind == PREDICTED
    assert found.examples_per_second == pytest.approx(truth, rel=0.05)
    assert found.low <= truth <= found.high


def test_workers_that_wait_for_nobody_share_the_links_of_their_servers() -> None:
    frame = runs(servers, workers=(1, 2), strategy="parameter_server")
    found = fit_of(frame).predict(8, mbit_per_second=200.0)
    assert found.examples_per_second == pytest.approx(
        8 * BATCH / servers(8, 200.0, 2.8e6), rel=0.05
    )
    fan_in = BATCH * 200e6 / (2 * 8 * 2.8e6)
    assert found.examples_per_second < 1.02 * fan_in


def test_intervals_hold_nine_of_ten_cells_that_were_left_out() -> None:
    random = np.random.default_rng(3)
    held = []
    for seed in range(12):
        law = {
            "fixed": random.uniform(0.001, 0.006),
            "collective": random.uniform(0, 0.003),
            "hop": random.uniform(0.0001, 0.001),
            "per_byte": random.uniform(0.5e-9, 3e-9),
            "wire": random.uniform(1.0, 1.15),
        }
        frame = runs(
            lambda n, link, size, law=law: ring(n, link, size, **law),
            workers=(1, 2, 4),
            repeats=2,
            noise=0.02,
            seed=seed,
        )
        held += fit_of(frame).held_out
    inside = [each.predicted.low <= each.measured <= each.predicted.high for each in held]
    assert len(held) == 24
    assert np.mean(inside) >= 0.9


def test_the_most_workers_are_left_out_and_predicted_beside_ernest() -> None:
    fit = fit_of(runs(ring))
    assert [each.cell.workers for each in fit.held_out] == [8, 8]
    for each in fit.held_out:
        assert each.ernest_error is not None
        assert abs(each.error) < abs(each.ernest_error)
    assert fit.held_out_error == pytest.approx(np.median([abs(h.error) for h in fit.held_out]))


def test_two_numbers_of_workers_leave_none_to_be_left_out() -> None:
    fit = fit_of(runs(ring, workers=(1, 2)))
    assert fit.held_out == ()
    assert fit.held_out_error is None


def test_a_measured_cell_is_answered_by_its_measurement() -> None:
    frame = runs(ring)
    fit = fit_of(frame)
    found = fit.predict(4, mbit_per_second=200.0)
    mine = frame[(frame["workers"] == 4) & (frame[MBIT] == 200.0)]["examples_per_second"]
    assert found.kind == MEASURED
    assert found.examples_per_second == pytest.approx(np.exp(np.log(mine).mean()))
    assert found.low < found.examples_per_second < found.high


@settings(max_examples=15, deadline=None)
@given(workers=st.integers(1, 200), slower=st.floats(5, 500), factor=st.floats(1.1, 10))
def test_a_faster_link_never_makes_a_prediction_slower(
    workers: int, slower: float, factor: float
) -> None:
    fit = _RING
    before = fit.modelled(fit.cell(workers, mbit_per_second=slower))
    after = fit.modelled(fit.cell(workers, mbit_per_second=slower * factor))
    assert after.examples_per_second >= before.examples_per_second * (1 - 1e-9)
    for each in (before, after):
        assert 0 < each.low <= each.examples_per_second <= each.high


def test_one_worker_who_sends_to_nobody_is_measured_whatever_the_network() -> None:
    assert _RING.predict(1, mbit_per_second=10_000.0).kind == MEASURED
    assert _RING.predict(2, mbit_per_second=10_000.0).kind == PREDICTED
    served = fit_of(runs(servers, strategy="parameter_server"))
    assert served.predict(1, mbit_per_second=10_000.0).kind == PREDICTED


def test_each_curve_keeps_its_network_and_its_batch() -> None:
    frame = runs(ring, mbit=(1000.0, None))
    larger = frame.assign(batch_per_replica=2 * BATCH, batch_total=2 * frame["batch_total"])
    larger["examples_per_second"] *= 1.3
    both = pd.concat([frame, larger.assign(run="more-" + larger["run"])], ignore_index=True)
    fit = fit_of(both)
    record = record_of([fit])["fits"][0]
    names = [series["conditions"] for series in record["series"]]
    assert names == [
        f"{network}, batch {batch}"
        for batch in (BATCH, 2 * BATCH)
        for network in ("1,000 Mbit/s", "the machine's own network")
    ]
    for series in record["series"]:
        measured = [each for each in series["curve"] if each["measured"] is not None]
        assert [each["workers"] for each in measured] == [1, 2, 4, 8]
        name = series["conditions"]
        assert sum(f"on ({name}), one more" in sentence for sentence in record["says"]) == 1


def test_a_strategy_of_one_number_of_workers_has_no_model_and_that_is_said() -> None:
    frame = runs(ring, workers=(1, 2), mbit=(None,))
    other = runs(ring, workers=(4,), mbit=(None,), strategy="mirrored", repeats=2)
    both = pd.concat([frame, other.assign(run="more-" + other["run"])], ignore_index=True)
    fits = fits_of(both)
    assert [fit.strategy for fit in fits] == ["multiworker"]
    assert without_fit(both, fits) == [
        "mirrored, digits_mlp has no model: it was measured with workers=4 only."
    ]
    assert without_fit(frame, fits) == []


def test_strong_scaling_splits_the_batch() -> None:
    frame = runs(ring)
    frame["batch_total"] = 256
    frame["batch_per_replica"] = 256 / frame["workers"]
    seconds = 256 / SPEED / frame["workers"] + 0.003 + 0.004 * (frame["workers"] > 1)
    frame["examples_per_second"] = 256 / seconds
    fit = fit_of(frame)
    assert fit.rule == STRONG
    assert fit.cell(16).batch_per_replica == 16
    assert fit_of(runs(ring)).rule == WEAK


def test_a_limit_names_the_network_where_the_network_is_slow() -> None:
    fit = fit_of(runs(ring, mbit=(100.0,)))
    limit = limit_of(fit, fit.usual)
    assert limit is not None
    assert limit.cause == NETWORK
    assert limit.share > 0.5


def test_work_without_anything_shared_is_worth_sharing_as_far_as_ideal_goes() -> None:
    fit = fit_of(runs(lambda n, link, size: 0.035, noise=0.001))
    limit = limit_of(fit, fit.usual)
    assert limit is not None
    assert limit.workers >= 15


def test_cells_with_full_cores_are_marked_and_kept_apart(tmp_path: Path) -> None:
    def crowded(workers: int, mbit: float | None, gradient: float) -> float:
        return 0.02 * max(1, workers * 0.5 / 2)

    frame = runs(crowded, workers=(1, 2, 8), mbit=(None,), training_seconds=100.0)
    frame[ACCELERATOR] = None
    frame["core_seconds"] = np.minimum(frame["workers"] * 0.5, 2) * 100
    fit = fit_of(results.load(write(frame, tmp_path)))
    assert {cell.workers for cell in fit.cores_full} == {8}
    assert not fit.fitted_full
    assert fit.held_out == () or all(each.cores_full for each in fit.held_out)


def test_a_host_to_oneself_is_never_crowded(tmp_path: Path) -> None:
    frame = runs(lambda n, link, size: 0.02 * max(1, n / 2), mbit=(None,), training_seconds=1.0)
    frame[ACCELERATOR], frame["core_seconds"] = None, 1.0 * frame["workers"].clip(upper=2)
    fit = fit_of(results.load(write(frame, tmp_path)))
    assert fit.fitted_full
    own, shared = fit.predict(16, own_hosts=True), fit.predict(16)
    assert own.examples_per_second > 2 * shared.examples_per_second
    assert shared.cores_full
    assert not own.cores_full


def test_workers_and_their_servers_share_the_cores_of_one_host(tmp_path: Path) -> None:
    frame = runs(servers, workers=(1, 2), mbit=(None,), strategy="parameter_server")
    fit = fit_of(results.load(write(frame, tmp_path)))
    shared, own = fit.predict(8), fit.predict(8, own_hosts=True)
    assert own.examples_per_second > 1.05 * shared.examples_per_second
    assert fit.predict(1, own_hosts=True).kind == MEASURED


def test_parts_that_were_measured_settle_what_lengths_leave_open() -> None:
    """All of what two workers add is transfer, and none of it is waiting for the slowest."""
    frame = runs(ring, workers=(1, 2), mbit=(200.0,))
    frame["step_transfer_seconds"] = [
        ring(n, 200.0, 2.8e6) - ring(1, 200.0, 2.8e6) for n in frame["workers"]
    ]
    fit = fit_of(frame)
    by_cause = fit.seconds_by_cause(fit.cell(2))
    transfer = frame["step_transfer_seconds"].max()
    assert sum(by_cause.values()) - by_cause["computing"] > transfer
    assert by_cause[NETWORK] == pytest.approx(1.05 * 2.8e6 * 8 / 200e6, rel=0.1)


def test_waiting_a_little_for_input_is_what_a_step_costs() -> None:
    frame = with_parts(runs(ring, workers=(1, 2), mbit=(None,), noise=0.0))
    fit = fit_of(frame)
    assert fit.seconds_by_cause(fit.cell(1))[FIXED] == pytest.approx(0.003, rel=0.1)


def test_parts_are_shares_of_the_typical_step_however_long_the_longest_ones_were() -> None:
    frame = with_parts(runs(ring, workers=(1, 2), noise=0.0))
    of_means = frame.copy()
    of_means[list(PART_COLUMNS)] *= 1.3
    fits = fit_of(frame), fit_of(of_means)
    assert np.allclose(*(fit.solution.best for fit in fits))


def test_a_worker_that_always_is_the_slowest_costs_any_number_of_workers_the_same() -> None:
    """As `emulate.straggler={worker-0: 1.5}` makes it: its 16 ms are no latency that grows."""

    def held_up(workers: int, mbit: float | None, gradient: float) -> float:
        return ring(workers, mbit, gradient) + 0.016 * (workers > 1)

    frame = with_parts(runs(held_up, workers=(1, 2), noise=0.0))
    late = 0.016 * (frame["workers"] > 1)
    frame["step_transfer_seconds"] -= late
    frame["step_straggle_seconds"] = late / 2  # means over tasks, as parts are
    frame["step_compute_seconds"] += late / 2
    fit = fit_of(frame.assign(**{"emulate.straggler.worker-0": 1.5}))
    assert fit.seconds_by_cause(fit.cell(8))[STRAGGLERS] == pytest.approx(0.016, rel=0.1)
    found = fit.predict(8, mbit_per_second=200.0)
    truth = 8 * BATCH / held_up(8, 200.0, 2.8e6)
    assert found.examples_per_second == pytest.approx(truth, rel=0.05)
    assert found.low <= truth <= found.high


def test_what_a_worker_of_servers_reads_and_hands_over_lies_in_computing_and_updating() -> None:
    """So far as its parts tell; only the queue for the coordinator is apart."""
    frame = runs(servers, workers=(1, 2), strategy="parameter_server", noise=0.0)
    step = frame["batch_total"] / frame["examples_per_second"]
    frame["step_queue_seconds"], frame["step_rest_seconds"] = 0.001, 0.002
    frame["step_input_seconds"] = 0.002
    frame["step_update_seconds"] = (step - 0.005 - BATCH / SPEED) / 2
    frame["step_compute_seconds"] = BATCH / SPEED + frame["step_update_seconds"]
    fit = fit_of(frame)
    for workers in (2, 8):
        found = fit.modelled(fit.cell(workers, mbit_per_second=200.0))
        truth = workers * BATCH / servers(workers, 200.0, 2.8e6)
        assert found.examples_per_second == pytest.approx(truth, rel=0.05)
    by_cause = fit.seconds_by_cause(fit.cell(1, mbit_per_second=200.0))
    assert by_cause[FIXED] == pytest.approx(0.004, rel=0.1)
    assert by_cause[COORDINATOR] == pytest.approx(0.001, rel=0.1)
    assert by_cause[NETWORK] == pytest.approx(2 * 2.8e6 * 8 / 200e6, rel=0.1)


def test_runs_too_short_to_see_the_cores_and_runs_that_differ_are_told(tmp_path: Path) -> None:
    frame = runs(ring, workers=(1, 2), mbit=(None,))
    settled = sentences(fit_of(results.load(write(frame, tmp_path / "settled"))))
    frame["core_seconds"] = None
    frame["examples_per_second"] *= [1, 2, 3] * 2
    told = sentences(fit_of(results.load(write(frame, tmp_path / "told"))))
    for said in ("Of 3 runs nothing tells", "Runs of one configuration differ by 5"):
        assert any(each.startswith(said) for each in told)
        assert not any(each.startswith(said[:12]) for each in settled)


def test_failed_and_unfinished_runs_are_left_out_and_counted() -> None:
    frame = runs(ring)
    frame.loc[:1, "state"] = ["failed", "running"]
    fit = fit_of(frame)
    assert fit.left_out == 2
    assert "2 runs left out: failed, not finished, or without a measured speed." in sentences(fit)
    assert len(fit.points) == len(frame) - 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"state": "failed"}, "none finished"),
        ({"workers": 2}, "workers=2 only, and a fit needs two"),
    ],
)
def test_what_no_fit_can_be_made_of_is_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(UserError, match=said):
        fits_of(runs(ring, mbit=(None,)).assign(**change))


def test_different_workloads_in_one_fit_are_refused_by_name() -> None:
    frame = runs(ring).assign(**{ACCELERATOR: None})
    frame["workload.parameters.hidden"] = [128, 256] * (len(frame) // 2)
    with pytest.raises(UserError, match=r"workload\.parameters\.hidden=128 and 256"):
        fits_of(frame)


def test_runs_with_and_without_an_emulated_accelerator_are_refused() -> None:
    frame = runs(ring, mbit=(None,))
    mixed = frame.assign(**{ACCELERATOR: [SPEED, None] * (len(frame) // 2)})
    with pytest.raises(UserError, match=rf"{ACCELERATOR}: 1000\.0 in run 0 and null in run 1;"):
        fits_of(mixed)


def test_accelerators_of_two_speeds_are_one_fit() -> None:
    frame = runs(ring, mbit=(None,))
    assert len(fits_of(frame.assign(**{ACCELERATOR: [500.0, 2000.0] * (len(frame) // 2)}))) == 1


def test_gradients_of_different_sizes_are_one_fit_where_accelerators_are_emulated() -> None:
    frame = runs(ring, gradients=(1e6, 4e6))
    frame["workload.parameters.hidden"] = (frame["gradient_bytes"] / 1e4).astype(int)
    assert len(fits_of(frame)) == 1


def test_what_else_was_varied_makes_a_fit_of_its_own() -> None:
    frame = runs(ring)
    frame["pipeline.prefetch"] = [0, 2] * (len(frame) // 2)
    assert [fit.varied for fit in fits_of(frame)] == ["pipeline.prefetch=0", "pipeline.prefetch=2"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"workers": 0}, "workers=0: at least 1"),
        ({"workers": 2, "mbit_per_second": -5.0}, "mbit_per_second=-5.0: more than 0"),
        ({"workers": 2, "ps": 0}, "ps=0: more than 0"),
    ],
)
def test_a_prediction_of_what_can_not_be_is_refused(asked: dict[str, int], said: str) -> None:
    with pytest.raises(UserError, match=said):
        _RING.predict(**asked)


def test_another_gradient_is_refused_where_its_size_was_never_measured() -> None:
    fit = fit_of(runs(ring, mbit=(None,)).assign(gradient_bytes=None))
    with pytest.raises(UserError, match="no run of multiworker"):
        fit.predict(4, gradient_bytes=1e6)


_RING = fit_of(runs(ring))
