"""Rows of the README's table about the memory that a task takes."""

from collections.abc import Iterator
from typing import Any


def batch(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield (
        f"`fit-batch workload={measured['workload']} limit_mb={measured['limit_mb']}`: found batch "
        f"÷ the largest that really runs (bisected, {measured['bisection_runs']} runs)",
        f"{measured['found']} of {measured['largest']}, {measured['ratio']:.1%}, in "
        f"{measured['search_runs']} runs, {measured['over_the_limit']} of them over the limit",
    )
