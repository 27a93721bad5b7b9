"""Rows of the README's table about what `python -m benchmarks` takes to decide."""

from collections.abc import Iterator
from typing import Any


def planner(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    whole = measured["seconds"]["whole"]
    yield (
        f"a plan over {measured['instances']} instances, 1 to 1,024 of each, "
        f"{measured['strategies']} strategies: {measured['candidates']:,} candidates",
        f"median {whole['median']:.2f} s, longest {whole['longest']:.2f} s of "
        f"{measured['repeats']}",
    )
