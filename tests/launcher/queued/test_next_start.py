"""Whether a job begins again: by how its launcher was told to leave, and what Slurm knows of it."""

import pytest

from launcher.engines.slurm.job import JobLook
from launcher.queued.next_start import Told, is_queued_already, may_lose_hosts, why_again
from tests.engines.test_slurm_texts import RUNNING, look_of

END = 1000.0
EARLY, LATE = Told(at=400.0, early=True), Told(at=400.0, early=False)
MAKES_ROOM = JobLook.parsed(RUNNING)


@pytest.mark.parametrize(
    ("told", "seen", "end", "why"),
    [
        (EARLY, look_of("RUNNING"), END, "time limit"),
        (EARLY, None, None, "time limit"),
        (LATE, MAKES_ROOM, END, "higher priority"),
        (LATE, look_of("COMPLETING"), END, None),
        (LATE, None, END, None),
        (Told(at=998.0, early=False), look_of("COMPLETING"), END, "time limit"),
        (LATE, look_of("CANCELLED"), None, None),
    ],
)
def test_only_a_person_ends_a_job_for_good(told, seen, end, why):
    found = why_again(told, seen, end)
    assert found is None if why is None else why in str(found)


def test_what_slurm_has_queued_again_is_not_queued_twice():
    assert is_queued_already(look_of("PENDING", "BeginTime", restarts=1), restarts=0)
    assert is_queued_already(look_of("COMPLETING", restarts=2), restarts=1)
    assert not is_queued_already(look_of("RUNNING", restarts=1), restarts=1)
    assert not is_queued_already(None, restarts=0)


def test_lost_hosts_cost_a_restart_each():
    assert may_lose_hosts(["n3"], failures=1, restarts=1)
    assert not may_lose_hosts(["n3"], failures=2, restarts=1)
    assert not may_lose_hosts([], failures=1, restarts=1)
