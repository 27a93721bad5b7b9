"""What the figures of cut-off sweeps share: a launcher as a process, and what a sweep holds."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from results import load
from results.run_folder import STATUS, RunFolder
from results.streams import STEPS, read_rows
from results.sweep_folder import DONE, read_journal

REPOSITORY = Path(__file__).resolve().parents[2]
REPRODUCIBLE = ("run", "state", "strategy", "workers", "seed", "steps", "examples", "quality")
"""Columns of a table of runs that no measurement of time is in; losses are of the same kind."""
_LOSSES = ("loss_first", "loss_last")


def launcher(folder: Path, *words: str) -> subprocess.Popen[str]:
    """`python -m launcher <words>` at work in `folder`, where a lock of its own lies."""
    environment = os.environ | {
        "PYTHONPATH": str(REPOSITORY),
        "DISTRIBUTE_BENCH_LOCK": str(folder / "host.lock"),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "launcher", *words],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def measured_rows(sweep: Path) -> dict[str, int]:
    """How many steps each attempt has on disk, by `<run> attempt <n>`."""
    found = {}
    for run in read_journal(sweep).runs:
        for attempt in range(1, run.attempts + 1):
            folder = attempt_folder(sweep, run.number, attempt, run.attempts)
            rows = sum(
                read_rows(folder / "tasks" / task, STEPS).num_rows
                for task in RunFolder(folder).tasks()
            )
            found[f"{run.number} attempt {attempt}"] = rows
    return found


def attempt_folder(sweep: Path, run: int, attempt: int, attempts: int) -> Path:
    """Where an attempt lies: the last in the run's folder, earlier ones below it."""
    own = sweep / str(run)
    return own if attempt == attempts else own / "attempts" / str(attempt)


def finished_files(sweep: Path) -> dict[str, str]:
    """What the files of every finished run hold, as digests by path; reports can be made again."""
    found = {}
    for run in read_journal(sweep).runs:
        if run.state == DONE:
            for path in sorted((sweep / run.folder).rglob("*")):
                if path.is_file() and path.suffix not in (".html", ".svg"):
                    digest = hashlib.sha256(path.read_bytes()).hexdigest()
                    found[str(path.relative_to(sweep))] = digest
    return found


def times_done(sweep: Path) -> dict[int, int]:
    """By the number of each run, how many of its attempts came to their end."""
    found = {}
    for run in read_journal(sweep).runs:
        states = [
            (RunFolder(folder).read_if_there(STATUS) or {}).get("state")
            for attempt in range(1, run.attempts + 1)
            for folder in [attempt_folder(sweep, run.number, attempt, run.attempts)]
        ]
        found[run.number] = states.count(DONE)
    return found


def table(sweep: Path) -> list[list[Any]]:
    """The table of the sweep's runs without what depends on the clock."""
    frame = load(sweep)
    losses = frame[list(_LOSSES)].astype(float).round(6)
    kept = frame[list(REPRODUCIBLE)].join(losses)
    rows: list[list[Any]] = kept.astype(object).where(kept.notna(), None).values.tolist()
    return rows
