"""Which batch is tried next, and whether the largest that fits is found in six runs."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.batch_search import (
    MOST_RUNS,
    NEAR_SHARE,
    Line,
    Question,
    Trial,
    fitted,
    largest_fitting,
    next_batch,
)


def found(
    base_mb: float, slope_mb: float, question: Question, off: float = 0.0, curve: float = 1.0
) -> list[Trial]:
    """The trials on a machine whose peaks are base + slope · batch ** curve, every second off."""
    trials: list[Trial] = []
    while (batch := next_batch(trials, question)) is not None:
        error = 1 + off * (-1) ** len(trials)
        peak = (base_mb + slope_mb * batch**curve) * error
        fits = peak <= question.limit_mb
        trials.append(Trial(batch, peak if fits else None, fits))
    return trials


SIZES = {
    "base_mb": st.floats(100, 5_000),
    "slope_mb": st.floats(0.01, 200),
    "room": st.floats(0.3, 20),
    "unit": st.integers(1, 8),
}


@given(**SIZES)
def test_largest_batch_on_a_line_is_found_within_a_tenth_in_six_runs(
    base_mb: float, slope_mb: float, room: float, unit: int
) -> None:
    question = Question(base_mb + slope_mb * unit + base_mb * room, unit)
    trials = found(base_mb, slope_mb, question)
    truth = math.floor((question.limit_mb - base_mb) / slope_mb) // unit * unit
    best = largest_fitting(trials)
    assert best is not None
    assert len(trials) <= MOST_RUNS
    assert 0.9 * truth - unit <= best.batch <= truth


@given(**SIZES, off=st.floats(-0.1, 0.1), curve=st.floats(0.7, 1.4), most=st.integers(1, 10**6))
def test_each_trial_lies_between_what_fitted_and_what_did_not(
    base_mb: float, slope_mb: float, room: float, unit: int, off: float, curve: float, most: int
) -> None:
    question = Question(base_mb * (1 + room), unit, max(most // unit, 1) * unit)
    trials = found(base_mb, slope_mb, question, off, curve)
    assert 1 <= len(trials) <= MOST_RUNS
    for place, trial in enumerate(trials):
        before = trials[:place]
        assert trial.batch % unit == 0
        assert unit <= trial.batch <= max(most, unit)
        assert all(trial.batch > each.batch for each in before if each.fits)
        assert all(trial.batch < each.batch for each in before if not each.fits)


@pytest.mark.parametrize(
    ("trials", "following"),
    [
        ([], 1),
        ([Trial(1, None, False)], None),
        ([Trial(1, 500, True)], 32),
        ([Trial(1, 500, True), Trial(32, None, False)], 5),
        ([Trial(1, 500, True), Trial(32, 600, True)], 32 + 400 * 31 // 112),
        ([Trial(1, 500, True), Trial(96, 960, True), Trial(100, None, False)], None),
        ([Trial(1, 500, True), Trial(96, 995, True)], None),
    ],
)
def test_next_batch_follows_from_what_ran(trials: list[Trial], following: int | None) -> None:
    assert next_batch(trials, Question(1000)) == following


def test_all_training_examples_in_one_step_end_the_search() -> None:
    trials = found(400, 0.001, Question(1000, most=1437))
    assert [trial.batch for trial in trials] == [1, 32, 1437]


def test_line_is_that_of_the_peaks_that_are_known() -> None:
    trials = [Trial(1, 402, True), Trial(11, 422, True), Trial(90, None, False)]
    line = fitted(trials)
    assert line is not None
    assert line.base_mb == pytest.approx(400)
    assert line.mb_per_example == pytest.approx(2)
    assert line.batch_at(600) == pytest.approx(100)
    assert Line(400, 0).batch_at(600) is None
    assert fitted(trials[:1]) is None


def test_near_is_nearer_than_what_is_promised() -> None:
    assert NEAR_SHARE < 0.1
