"""The tiers: what isn't marked `ci` or `figures` is `quick`, so that `pytest -m quick` selects."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if not any(item.get_closest_marker(tier) for tier in ("ci", "figures")):
            item.add_marker(pytest.mark.quick)
