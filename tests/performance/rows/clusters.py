"""Rows of the README's table about engines that start tasks on other hosts."""

from collections.abc import Iterator
from typing import Any

from tests.performance.rows.told import ratio

_CLUSTERS = {"slurm": "an idle Slurm of four nodes", "ray": "an idle Ray"}


def engines(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, cluster in _CLUSTERS.items():
        of = measured["first_step"][name]
        yield (
            f"first step of {measured['workers']} workers on {cluster}, all nodes on this machine "
            "÷ the local engine's first run",
            f"{ratio(of['to_local'])}; at most {max(of['seconds']):.0f} s",
        )
    lost = measured["lost_node_seconds"]
    told = [f"{name}: {', '.join(f'{each:.1f}' for each in lost[name])} s" for name in lost]
    yield "a node lost with all that ran on it, until it is named as the cause", "; ".join(told)
