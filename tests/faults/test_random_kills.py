"""A few of the figure's random kills, with a fixed seed."""

import random

import pytest

from tests.performance.killed_tasks import PHASES, killed_once

pytestmark = pytest.mark.ci

_SEED = 11


@pytest.mark.parametrize("number", range(5))
def test_task_killed_at_random_is_named_and_nothing_stays(session, tmp_path, number):
    chance = random.Random(_SEED + number)
    strategy = chance.choice(["one_device", "mirrored", "multiworker", "parameter_server"])
    row = killed_once(
        session,
        tmp_path / "run",
        strategy,
        PHASES[number % len(PHASES)],
        chance.choice(["namespace", "none"]),
        number % 2,
        chance,
    )
    assert row["named"] == [row["killed"]], row
    assert row["state"] == ("done" if row["restarts"] else "failed"), row
    assert row["left_behind"] == [], row
