"""What the stamps of a step come to, as the parts that rows hold."""

import numpy as np
import pytest

from strategies.stamped import Steps, before_first, begins, remote_parts, synchronous_parts

UNKNOWN = float("nan")


def steps(*moments: tuple[float, ...]) -> Steps:
    """Steps with these moments: start, fed, pulled, ready, given, end."""
    count = len(moments)
    return Steps(np.array(moments), np.zeros(count), np.zeros([count, 1], np.int64))


def seconds(parts: dict[str, np.ndarray]) -> dict[str, float]:
    """Of the first step, without what is not known."""
    return {name: float(of[0]) for name, of in parts.items() if np.isfinite(of[0])}


def test_a_synchronous_step_computes_from_its_input_to_its_gradients():
    told = seconds(synchronous_parts(steps((0, 1, UNKNOWN, 4, 9, 11))))
    assert told == {"compute_seconds": 3, "communicate_seconds": 5, "update_seconds": 2}


@pytest.mark.parametrize(
    ("pulled", "given", "told"),
    [
        (2, 9, {"pull": 1, "compute": 2, "push": 5, "update": 2}),
        (UNKNOWN, 9, {"compute": 3, "push": 5, "update": 2}),
        (2, UNKNOWN, {"pull": 1, "compute": 2, "update": 7}),
        (UNKNOWN, UNKNOWN, {"compute": 3, "update": 7}),
    ],
)
def test_what_is_not_told_apart_lies_within_computing_and_updating(pulled, given, told):
    found = seconds(remote_parts(steps((0, 1, pulled, 4, given, 11))))
    assert found == {f"{part}_seconds": value for part, value in told.items()}


def test_the_way_to_python_and_back_belongs_to_the_next_calls_first_step():
    called = steps((5, 6, UNKNOWN, 7, 7, 8), (8.5, 9, UNKNOWN, 10, 10, 11))
    assert begins(called, last_end=3.0).tolist() == [3, 8]
    assert begins(called, last_end=None).tolist() == [5, 8]
    assert before_first(2.0, called).tolist() == [2, 0]
    assert before_first(-2.0, called).tolist() == [0, 0]
