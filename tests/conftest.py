"""The tiers: what isn't marked `ci` or `figures` is `quick`, so that `pytest -m quick` selects.

With `-n 2` tests of two files run side by side; while one runs that is marked `alone`, as it
measures, nothing runs beside it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from launcher.holding import LOCK_VARIABLE

_BESIDE_OTHERS = "PYTEST_XDIST_WORKER"


def pytest_configure(config: pytest.Config) -> None:
    """Tests measure nothing that is kept: a lock of their own lets them run beside a measurement,
    and beside each other."""
    lock = f"/tmp/distribute-bench-tests-{os.getpid()}.lock"
    if _BESIDE_OTHERS in os.environ:
        os.environ[LOCK_VARIABLE] = lock
    os.environ.setdefault(LOCK_VARIABLE, lock)
    config.option.loadscopereorder = False  # would hand out last what has few tests, long as it is


def pytest_unconfigure(config: pytest.Config) -> None:
    lock = os.environ[LOCK_VARIABLE]
    if lock.endswith(f"-{os.getpid()}.lock") and os.path.exists(lock):
        os.unlink(lock)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if not any(item.get_closest_marker(tier) for tier in ("ci", "figures")):
            item.add_marker(pytest.mark.quick)
    # Side by side, short files fill what long ones leave at the end.
    long = {item.path for item in items if item.get_closest_marker("quick") is None}
    items.sort(key=lambda item: item.path not in long)


@pytest.fixture(autouse=True)
def _one_at_a_time(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """A test that is `alone` waits for the one beside it to end, and the next waits for it."""
    if _BESIDE_OTHERS not in os.environ:
        yield
        return
    shared = tmp_path_factory.getbasetemp().parent
    alone = request.node.get_closest_marker("alone") is not None
    with _entered(shared, alone):
        yield


@contextmanager
def _entered(shared: Path, alone: bool) -> Iterator[None]:
    """Through a door that whoever waits holds shut: nobody passes by one who wants to be alone."""
    with (shared / "running").open("a") as running:
        with (shared / "door").open("a") as door:
            fcntl.flock(door, fcntl.LOCK_EX)
            fcntl.flock(running, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
