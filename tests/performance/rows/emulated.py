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


def hosts(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    asked = measured["asked_cores"]
    got = ", ".join(f"{of['got_cores']:.3f}" for of in asked.values())
    farthest = max(
        (of[end] / float(cores) - 1 for cores, of in asked.items() for end in ("low", "high")),
        key=abs,
    )
    pieces = ", ".join(
        f"{of['piece_ms']:.1f} ({of['short_piece_ms']:.1f} to {of['long_piece_ms']:.1f})"
        for of in asked.values()
    )
    yield (
        f"emulated hosts of {', '.join(asked)} cores: CPU seconds a second that a process got",
        f"{got} in the median; ends of the 95% intervals at most {farthest:+.1%} off",
    )
    yield (
        "emulated hosts of the same sizes: ms that work of 2 ms of CPU took (in 90% of cases)",
        pieces,
    )
