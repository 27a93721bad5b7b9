"""Rows of the README's table about what is emulated."""

from collections.abc import Iterator
from typing import Any


def accelerators(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    lengths = measured["asked_ms"]
    medians = ", ".join(f"{of['error']:+.1%}" for of in lengths.values())
    farthest = max((of["farthest_error"] for of in lengths.values()), key=abs)
    core = max(of["most_core_share"] for of in lengths.values())
    yield (
        f"emulated accelerators, {measured['replicas']} at once: waits of "
        f"{', '.join(lengths)} ms against what was asked",
        f"{medians} in the median, farthest {farthest:+.1%}; at most {core:.2%} of a core each",
    )


def network(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    asked = measured["asked_mbit"]
    ways = next(iter(asked.values()))
    for way in ways:
        got = ", ".join(f"{of[way]['got_mbit']:.0f}" for of in asked.values())
        most = max(of[way]["most_mbit"] / float(rate) for rate, of in asked.items())
        yield (
            f"emulated network, {way}: Mbit/s that a host received over TCP, of "
            f"{', '.join(asked)} asked for, headers included",
            f"{got} in the median; at most {most:.0%} of what was asked",
        )
