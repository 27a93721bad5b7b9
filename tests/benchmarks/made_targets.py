"""Sweeps over seeds whose time to a quality is known beforehand."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from results.run_folder import RunFolder
from tests.results.made_folders import START, Made, make_run

TOUCHED, ENDED = 2.6, 4.1
"""When made tasks first may touch data, and end their first call, in seconds from their start."""


def reaching(
    folder: Path,
    seed: int,
    steps: int | None,
    *,
    after: float = 10.0,
    until: float | None = 0.9,
    **made: Any,
) -> RunFolder:
    """A run that reached 0.92 at `steps`, `after` seconds from its start; None: never above 0.7."""
    of = Made(seed=seed, **made)
    run = make_run(folder, replace(of, overrides=(*of.overrides, f"seed={seed}")))
    plan = run.read("plan.json")
    plan["experiment"]["until"]["quality"] = until
    plan["experiment"]["seed"] = seed
    run.write("plan.json", plan)
    looked = [(100, after - 5, 0.7)] + ([] if steps is None else [(steps, after, 0.92)])
    events = [
        {"event": "evaluated", "step": step, "time": START + when, "quality": quality}
        for step, when, quality in looked
    ]
    file = folder / "tasks/chief-0/events.jsonl"
    kept = [line for line in file.read_text().splitlines() if "evaluated" not in line]
    file.write_text("".join(f"{line}\n" for line in [*kept, *map(json.dumps, events)]))
    return run
