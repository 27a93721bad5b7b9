"""How long a plan takes over the whole catalogue, 1 to 1,024 machines and all strategies.

    python -m tests.performance.planner_time [--repeats 7] [--save]

Every instance of the catalogue gets a speed, which is the most there can be to choose from. Runs
are made up: five strategies, with 1, 2 and 4 workers, three runs each. Timed are the models' fits,
the candidates with their times and costs, and the decision with what each constraint costs.
"""

import argparse
import statistics
import time

import pandas as pd

from benchmarks.catalogue import catalogue
from benchmarks.planning import Examples, Limits, Machine, candidates, decide, levers, ways_of
from benchmarks.scaling import fits_of
from tests.benchmarks.made_scaling import ring, runs
from tests.performance.record import save

STRATEGIES = ("one_device", "mirrored", "central_storage", "multiworker", "parameter_server")
EXAMPLES, LIMITS = 1e9, Limits(seconds=4 * 3600.0, usd=50.0)


def frame() -> pd.DataFrame:
    """Runs of all strategies on one machine."""
    parts = [
        runs(ring, workers=(1,) if name == "one_device" else (1, 2, 4), mbit=(None,), strategy=name)
        for name in STRATEGIES
    ]
    whole = pd.concat(parts, ignore_index=True)
    whole["run"] = [str(number) for number in whole.index]
    return whole


def machines() -> list[Machine]:
    """The measured one, then each of the catalogue as 2, 3, 4, … times as fast."""
    known = catalogue().instances.values()
    return [
        Machine(row, 1.0 + place, place == 0, row.on_demand_usd_per_hour)
        for place, row in enumerate(known)
    ]


def plan(of: pd.DataFrame, known: list[Machine]) -> tuple[int, dict[str, float]]:
    """How many candidates there were, and seconds of each part."""
    began = time.perf_counter()
    ways = ways_of(fits_of(of))
    fitted = time.perf_counter()
    found = candidates(known, ways, Examples(EXAMPLES), {})
    listed = time.perf_counter()
    decide(found, LIMITS)
    levers(found, 0.0, None)
    ended = time.perf_counter()
    return len(found), {
        "fits": fitted - began,
        "candidates": listed - fitted,
        "decision": ended - listed,
        "whole": ended - began,
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--repeats", type=int, default=7)
    arguments.add_argument("--save", action="store_true")
    asked = arguments.parse_args()
    of, known = frame(), machines()
    plan(of, known)  # imports what is imported late
    found = [plan(of, known) for _ in range(asked.repeats)]
    seconds = {
        part: {
            "median": statistics.median(of[part] for _, of in found),
            "longest": max(of[part] for _, of in found),
        }
        for part in found[0][1]
    }
    told = {
        "instances": len(known),
        "strategies": len(STRATEGIES),
        "candidates": found[0][0],
        "repeats": asked.repeats,
        "seconds": seconds,
    }
    print(f"{told['candidates']:,} candidates of {len(known)} instances:")
    for part, of_part in seconds.items():
        print(f"{part:12} {of_part['median']:.2f} s (longest {of_part['longest']:.2f})")
    if asked.save:
        save("planner_time", told)


if __name__ == "__main__":
    main()
