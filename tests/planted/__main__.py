"""`python -m tests.planted`: diagnoses every planted job and prints how often that was right.

`--repeats n` (1) diagnoses each so often, in short blocks and trying nothing. `--predictions` takes
longer ones instead, carries out the first advice on each job and compares what it gained with what
was predicted. `--only name …` takes some of the jobs, `--save` keeps the figure, in which others
that were saved before stay as they are.
"""

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path
from statistics import geometric_mean
from typing import Any

from rich.console import Console
from rich.table import Table

from input_pipelines.diagnosis.verdict import INCONCLUSIVE
from tests.performance.record import save, saved
from tests.planted.jobs import JOBS
from tests.planted.running import BRIEFLY, Judged, judged

_TURNS = 4
"""Runs without and with an advice, whose geometric mean is what it gained."""


def main() -> int:
    """Runs all; the exit code says whether none was confidently wrong."""
    asked = _arguments()
    console = Console(highlight=False)
    found: list[Judged] = []
    predictions: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="planted-") as scratch:
        for repeat in range(asked.repeats):
            for name in asked.only or JOBS:
                one = judged(
                    name,
                    Path(scratch) / f"{repeat}-{name.replace(' ', '-')}",
                    *(() if asked.predictions else BRIEFLY),
                )
                found.append(one)
                console.print(f"{name}: {one.line}", soft_wrap=True)
                if asked.predictions:
                    predictions += _carried_out(one, Path(scratch), console)
    _print_confusion(found, console)
    anew = asked.only or list(JOBS)
    if asked.save and asked.predictions:
        kept = _kept("predicted_gains", "predictions", anew)
        save("predicted_gains", {"predictions": kept + predictions}, kept=bool(kept))
    elif asked.save:
        kept = _kept("planted_jobs", "judged", anew)
        save("planted_jobs", _record(kept + _judgements(found)), kept=bool(kept))
    return int(any(one.verdict not in (one.truth, INCONCLUSIVE) for one in found))


def _carried_out(one: Judged, scratch: Path, console: Console) -> list[dict[str, Any]]:
    """The first advice, where it is words to add: predicted gain, and the measured one over runs
    without and with it in turns."""
    advice = next((each for each in one.actions if each["overrides"]), None)
    if advice is None:
        return []
    ratios = []
    for turn in range(_TURNS):
        before, after = (
            judged(
                one.name,
                scratch / f"{turn}-{'with' if words else 'without'}-{one.name.replace(' ', '-')}",
                *BRIEFLY,
                *words,
            ).examples_per_second
            for words in ((), advice["overrides"])
        )
        ratios.append(after / before)
    measured, predicted = geometric_mean(ratios), float(advice["predicted_speedup"])
    console.print(
        f"  {' '.join(advice['overrides'])}: {predicted:.2f} × predicted, {measured:.2f} × measured"
        f" ({', '.join(f'{ratio:.2f}' for ratio in ratios)})"
    )
    return [
        {
            "job": one.name,
            "overrides": advice["overrides"],
            "predicted": predicted,
            "measured": measured,
            "ratios": ratios,
        }
    ]


def _judgements(found: list[Judged]) -> list[dict[str, Any]]:
    return [
        {
            "job": one.name,
            "truth": one.truth,
            "verdict": one.verdict,
            "shares": one.diagnosis["shares"],
            "largest_action": max(
                (each["predicted_speedup"] for each in one.actions), default=None
            ),
        }
        for one in found
    ]


def _kept(figure: str, rows: str, anew: list[str]) -> list[dict[str, Any]]:
    """What was saved of other jobs than these."""
    return [each for each in saved(figure).get(rows, ()) if each["job"] not in anew]


def _record(judged: list[dict[str, Any]]) -> dict[str, Any]:
    verdicts = [(each["verdict"], each["truth"]) for each in judged]
    return {
        "judged": judged,
        "right": sum(verdict == truth for verdict, truth in verdicts),
        "inconclusive": sum(verdict == INCONCLUSIVE for verdict, _ in verdicts),
        "wrong": sum(verdict not in (truth, INCONCLUSIVE) for verdict, truth in verdicts),
    }


def _print_confusion(found: list[Judged], console: Console) -> None:
    counts = Counter((one.name, one.verdict) for one in found)
    verdicts = [*dict.fromkeys(job.truth for job in JOBS.values()), INCONCLUSIVE]
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("job")
    table.add_column("truth", style="bold")
    for verdict in verdicts:
        table.add_column(verdict[:9], justify="right")
    for name in dict.fromkeys(one.name for one in found):
        cells = [str(counts[name, verdict] or "·") for verdict in verdicts]
        table.add_row(name, JOBS[name].truth, *cells)
    console.print(table)
    right = sum(one.verdict == one.truth for one in found)
    open_ones = sum(one.verdict == INCONCLUSIVE for one in found)
    wrong = len(found) - right - open_ones
    console.print(f"{right} of {len(found)} right, {open_ones} inconclusive, {wrong} wrong")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.planted", description=__doc__)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--predictions", action="store_true")
    parser.add_argument("--only", nargs="*", choices=list(JOBS))
    parser.add_argument("--save", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
