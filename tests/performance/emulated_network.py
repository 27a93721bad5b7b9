"""The network between emulated hosts: how fast it is, against what was asked.

python -m tests.performance.emulated_network [--rounds 7] [--seconds 1] [--save]

Bytes of one TCP connection from host to host, from the first that is received to the last: one way
alone; both ways at once, which must not share the rate; two hosts to a third, which must. Rates
take turns in every round. The packets are the machine's own work, so what the highest rates reach
says what this machine can carry as well.
"""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from launcher.engines import Group, Host
from launcher.engines.local import LocalEngine
from tests.engines.traffic import carried
from tests.performance.record import save

ASKED_MBIT = (20, 50, 200, 500, 1000)
WAYS = {"one way": ((0, 1),), "both ways": ((0, 1), (1, 0)), "two to one": ((0, 2), (1, 2))}
"""Hosts by number, from and to."""


def main() -> None:
    """Measures, prints, and with --save keeps the figure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--save", action="store_true")
    given = parser.parse_args()
    found = measured(given.rounds, given.seconds)
    for asked, ways in found.items():
        told = (
            f"{way} {of['got_mbit']:.1f} ({of['least_mbit']:.1f} to {of['most_mbit']:.1f})"
            for way, of in ways.items()
        )
        print(f"{asked} Mbit/s asked: {', '.join(told)}")
    if given.save:
        conditions = {"rounds": given.rounds, "seconds": given.seconds}
        save("emulated_network", conditions | {"asked_mbit": found})


def measured(rounds: int, seconds: float) -> dict[str, dict[str, dict[str, float]]]:
    """By the rate asked for in Mbit/s, then by `WAYS`: what a receiving host got, in Mbit/s, the
    median, the least and the most over hosts and rounds."""
    got: dict[tuple[int, str], list[float]] = {}
    with (
        tempfile.TemporaryDirectory() as place,
        closing(LocalEngine("spawn")) as engine,
        closing(engine.open(Path(place), (), True, lambda: False)) as group,
    ):
        for number in range(rounds):
            for asked in ASKED_MBIT:
                for way in WAYS:
                    folder = Path(place) / f"{number}-{asked}-{way}"
                    got.setdefault((asked, way), []).extend(
                        _rates(group, asked, way, seconds, folder)
                    )
    return {str(asked): {way: _summary(got[asked, way]) for way in WAYS} for asked in ASKED_MBIT}


def _rates(group: Group, asked: int, way: str, seconds: float, folder: Path) -> Iterator[float]:
    """Mbit/s that each receiving host got."""
    folder.mkdir()
    subnet = ASKED_MBIT.index(asked)
    hosts = [Host(f"10.77.{subnet}.{number + 1}", asked) for number in range(3)]
    ways = [(hosts[start], hosts[to]) for start, to in WAYS[way]]
    for told in carried(group, ways, seconds, folder):
        yield told["bytes"] * 8 / 1e6 / told["seconds"]


def _summary(mbit: list[float]) -> dict[str, Any]:
    return {
        "got_mbit": float(np.median(mbit)),
        "least_mbit": min(mbit),
        "most_mbit": max(mbit),
    }


if __name__ == "__main__":
    main()
