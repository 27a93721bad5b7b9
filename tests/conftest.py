"""The tiers: what isn't marked `ci` or `figures` is `quick`, so that `pytest -m quick` selects."""

import os

import pytest

from launcher.holding import LOCK_VARIABLE


def pytest_configure(config: pytest.Config) -> None:
    """Tests measure nothing: a lock of their own lets them run beside a measurement."""
    os.environ.setdefault(LOCK_VARIABLE, f"/tmp/distribute-bench-tests-{os.getpid()}.lock")


def pytest_unconfigure(config: pytest.Config) -> None:
    lock = os.environ[LOCK_VARIABLE]
    if lock.endswith(f"-{os.getpid()}.lock") and os.path.exists(lock):
        os.unlink(lock)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if not any(item.get_closest_marker(tier) for tier in ("ci", "figures")):
            item.add_marker(pytest.mark.quick)
