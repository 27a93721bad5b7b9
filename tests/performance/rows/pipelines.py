"""Rows of the README's table about diagnosing and tuning input pipelines."""

from collections.abc import Iterator
from typing import Any


def planted(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    judged = measured["judged"]
    jobs = len({one["job"] for one in judged})
    yield (
        f"{jobs} jobs whose bottleneck is known by construction, {len(judged) // jobs} diagnoses "
        "of each",
        f"{measured['right']} right, {measured['inconclusive']} inconclusive, "
        f"{measured['wrong']} wrong of {len(judged)}",
    )
