"""Rows of the README's table about what `python -m benchmarks` takes to decide."""

from collections.abc import Iterator
from typing import Any


def held_out(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    free, full = measured["cells"], measured["cells_with_full_cores"]
    yield (
        f"throughput at up to 8 workers, and over networks and with gradients never measured, "
        f"predicted from runs of 1 and 2: {free['cells']} cells on emulated accelerators",
        f"median error {free['median_error']:.1%}, {free['within_ten_percent']:.0%} of cells "
        f"within 10%, {free['inside_interval']:.0%} inside their 95% interval; Ernest's model "
        f"{free['ernest_median_error']:.0%}. {full['cells']} more, in which the host's own two "
        f"cores were full: {full['median_error']:.0%}",
    )


def planner(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    whole = measured["seconds"]["whole"]
    yield (
        f"a plan over {measured['instances']} instances, 1 to 1,024 of each, "
        f"{measured['strategies']} strategies: {measured['candidates']:,} candidates",
        f"median {whole['median']:.2f} s, longest {whole['longest']:.2f} s of "
        f"{measured['repeats']}",
    )
