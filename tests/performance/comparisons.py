"""Whether comparisons claim what is there and nothing else, on recorded repeats of real runs.

    python -m tests.performance.comparisons [--save]
    python -m tests.performance.comparisons --record quiet_machine [--repeats 40]

The first reads the sets under tests/performance/recorded/; the second makes one: two strategies in
turn on this machine, kept as flat summaries with the conditions they ran in. Of each configuration:

A/A        its runs against themselves, 2,000 times: neighbours in time make a pair, which of the
           two is called A is drawn, 10 pairs are drawn; unpaired, 10 runs against 10 others. Every
           claim is false.
planted    the same draws with B slowed by 5%: how often that is found, beside the spread of the
           pairs and the smallest difference that it lets 10 pairs show.
told       the smallest difference that one draw says it could have shown, planted into the same
           draw and into another one: found in 85 to 95% where it is right.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from math import exp
from pathlib import Path
from typing import Any

import numpy as np

import results
from results.statistics import detectable, paired, unpaired
from tests.performance.record import conditions, save

RECORDED = Path(__file__).parent / "recorded"
PAIRS, DRAWS = 10, 2000
SLOWDOWN = 0.05
_KEPT = ("strategy", "workers", "started", "examples_per_second", "step_seconds_median")


@dataclass(frozen=True)
class Series:
    """Speeds of one configuration's runs, in order of time."""

    recording: str
    configuration: str
    speeds: np.ndarray

    def pairs(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """10 pairs of neighbours, each in an order that is drawn."""
        both = self.speeds[: len(self.speeds) // 2 * 2].reshape(-1, 2)
        drawn = both[random.choice(len(both), PAIRS, replace=False)]
        return tuple(random.permuted(drawn, axis=1).T)  # type: ignore[return-value]

    def strangers(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """10 runs and 10 others."""
        drawn = random.choice(self.speeds, 2 * PAIRS, replace=False)
        return drawn[:PAIRS], drawn[PAIRS:]


def recorded() -> Iterator[Series]:
    for path in sorted(RECORDED.glob("*.json")):
        runs = json.loads(path.read_text())["runs"]
        runs.sort(key=lambda run: run["started"])
        for strategy in sorted({run["strategy"] for run in runs}):
            of = [run for run in runs if run["strategy"] == strategy]
            name = f"{strategy}, {of[0]['workers']} workers"
            yield Series(path.stem, name, np.array([run["examples_per_second"] for run in of]))


def false_claims(of: Series) -> dict[str, float]:
    """Shares of A/A comparisons that claim a difference."""
    random = np.random.default_rng(11)
    in_pairs = [paired(*of.pairs(random)).p <= 0.05 for _ in range(DRAWS)]
    apart = [unpaired(*of.strangers(random)).p <= 0.05 for _ in range(DRAWS)]
    return {"paired": float(np.mean(in_pairs)), "unpaired": float(np.mean(apart))}


def planted(of: Series) -> dict[str, float]:
    """How often 5% is found in 10 pairs, and what their spread would let them show."""
    random = np.random.default_rng(12)
    draws = [of.pairs(random) for _ in range(DRAWS)]
    slowed = [paired(a, (1 - SLOWDOWN) * b) for a, b in draws]
    return {
        "found": float(np.mean([each.interval()[0] > 1 for each in slowed])),
        "pair_spread": float(np.median([each.error * np.sqrt(PAIRS) for each in slowed])),
        "could_show": float(np.median([exp(detectable(each)) - 1 for each in slowed])),
    }


def told(of: Series) -> dict[str, float]:
    """How often the difference that a draw tells is found in it, and in another draw."""
    random = np.random.default_rng(13)
    same, other = [], []
    for _ in range(DRAWS):
        a, b = of.pairs(random)
        factor = exp(detectable(paired(a, b)))
        same.append(paired(factor * a, b).interval()[0] > 1)
        c, d = of.pairs(random)
        other.append(paired(factor * c, d).interval()[0] > 1)
    return {"same": float(np.mean(same)), "other": float(np.mean(other))}


def record(name: str, repeats: int) -> None:
    """Run two strategies in turn, `repeats` times each, and keep their flat summaries."""
    with tempfile.TemporaryDirectory() as folder:
        words = (f"repeat={repeats}", "strategy=mirrored,multiworker", "workers=2")
        more = ("until.steps=600", "report=false", f"hydra.sweep.dir={folder}/sweep")
        subprocess.run([sys.executable, "-m", "launcher", "-m", *words, *more], check=True)
        keep(name, Path(folder) / "sweep")


def keep(name: str, sweep: Path) -> None:
    """Write the flat summaries of the sweep's runs as the recorded set `name`."""
    frame = results.load(sweep)
    runs: list[dict[str, Any]] = frame.loc[frame["state"] == "done", [*_KEPT]].to_dict("records")
    rows = ",\n".join(f"  {json.dumps(run)}" for run in runs)
    head = json.dumps(conditions(), indent=1).removesuffix("\n}")
    RECORDED.mkdir(exist_ok=True)
    (RECORDED / f"{name}.json").write_text(f'{head},\n "runs": [\n{rows}\n ]\n}}\n')


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--record", metavar="NAME")
    arguments.add_argument("--repeats", type=int, default=40)
    arguments.add_argument("--save", action="store_true")
    asked = arguments.parse_args()
    if asked.record:
        record(asked.record, asked.repeats)
    rows = []
    for of in recorded():
        row = {
            "recording": of.recording,
            "configuration": of.configuration,
            "runs": len(of.speeds),
            "false_claims": false_claims(of),
            "planted": planted(of),
            "told": told(of),
        }
        print(json.dumps(row, indent=1), flush=True)
        rows.append(row)
    if asked.save:
        save("comparisons", {"pairs": PAIRS, "draws": DRAWS, "slowdown": SLOWDOWN, "sets": rows})


if __name__ == "__main__":
    main()
