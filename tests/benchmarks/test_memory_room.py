"""What a change frees, and how many examples more that lets in."""

import pytest

from benchmarks.batch_search import Line, Trial
from benchmarks.memory_room import (
    CHANGES,
    MEASURED,
    PREDICTED,
    changes_left,
    measured_room,
    predicted_room,
)

BEST, LINE = Trial(100, 1000, True), Line(500, 5)
SIZES = {"variable_bytes": 40e6, "optimizer_bytes": 80e6, "gradient_bytes": 60e6}


def test_half_the_batch_and_half_the_parameters_by_arithmetic() -> None:
    batch, parameters = predicted_room(BEST, LINE, SIZES)
    assert (batch.freed_mb, batch.batch, batch.kind) == (250, 50, PREDICTED)
    assert parameters.freed_mb == pytest.approx((40 + 80 + 40) / 2)
    assert parameters.batch == 116


def test_a_size_that_no_task_told_predicts_nothing() -> None:
    (only,) = predicted_room(BEST, LINE, SIZES | {"optimizer_bytes": None})
    assert only.what.startswith("half the batch")


@pytest.mark.parametrize(("peak_mb", "batch"), [(800, 140), (990, None), (1100, 80)])
def test_what_is_measured_counts_beyond_the_error_only(peak_mb: float, batch: int | None) -> None:
    room = measured_room("mixed precision", BEST, LINE, peak_mb)
    assert (room.freed_mb, room.batch, room.kind) == (1000 - peak_mb, batch, MEASURED)


def test_what_a_person_has_settled_is_not_tried() -> None:
    assert list(changes_left({}, 1)) == [CHANGES[0]]
    assert list(changes_left({"loop.mixed_precision": "false"}, 2)) == [CHANGES[1]]
    assert list(changes_left({}, 0)) == []
