"""SIGKILL at three random moments of a small sweep; `tests.performance.killed_sweep` does fifty."""

import random
from pathlib import Path

import pytest

from tests.performance.killed_sweep import disturbed_sweep, undisturbed_sweep

_WORDS = ("-m", "seed=1,2,3", "until.steps=60", "report=false", "quiet.seconds=0")


@pytest.mark.ci
@pytest.mark.timeout(600)
def test_sweep_killed_at_random_moments_ends_as_one_that_was_left_alone(tmp_path: Path) -> None:
    calm, disturbed = tmp_path / "calm", tmp_path / "disturbed"
    calm.mkdir()
    disturbed.mkdir()
    expected = undisturbed_sweep(calm, _WORDS)
    found = disturbed_sweep(disturbed, _WORDS, most_kills=3, chance=random.Random(7))
    assert found.refused == []
    assert found.times_done == {0: 1, 1: 1, 2: 1}
    assert found.lost_rows == {}
    assert found.lost_files == []
    assert found.table == expected
