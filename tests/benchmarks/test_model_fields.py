"""What a model takes, from known amounts."""

import pytest

from benchmarks.model_fields import flop_utilization


def test_utilization_counts_all_replicas_against_the_peak() -> None:
    # 2 GFLOP for 32 examples; 160 examples/s are 5 such steps a second
    assert flop_utilization(2e9, 32, 160.0, 100e9) == pytest.approx(0.1)


@pytest.mark.parametrize("missing", range(4))
def test_utilization_is_absent_where_something_is(missing: int) -> None:
    known = [2e9, 32.0, 160.0, 100e9]
    assert (
        flop_utilization(*(None if at == missing else each for at, each in enumerate(known)))
        is None
    )
