"""SIGKILL of the launcher at random moments of a sweep, which is gone on with each time.

    python -m tests.performance.killed_sweep [--kills 50] [--seed 0] [--save]

Sweeps of 12 short runs are begun one after the other until the launcher was killed often enough;
each is gone on with by `resume=<folder>` until it has ended. Counted are runs that were done more
or less than once, and measured steps or finished files that were there before a kill and not at the
end. The table of each sweep is compared with that of one that nobody disturbed.
"""

import argparse
import random
import subprocess
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from results.run_folder import STATUS, RunFolder
from results.sweep_folder import RUNNING, is_sweep, read_journal
from tests.performance.record import save
from tests.performance.sweeping import (
    finished_files,
    launcher,
    measured_rows,
    table,
    times_done,
)

WORDS = (
    "-m",
    "strategy=one_device,mirrored",
    "seed=1,2,3",
    "repeat=2",
    "until.steps=60",
    "report=false",
    "quiet.seconds=0",
)
_EARLIEST_SECONDS, _LATEST_SECONDS = 0.3, 25.0
"""After its start a launcher is killed in between; it needs 7 s (idle) to the first step, and 2 to
5 s a run."""
_LONGEST_SECONDS = 600


@dataclass
class Disturbed:
    """One sweep and what was done to it."""

    kills: Counter[str] = field(default_factory=Counter)
    """By what was going on."""
    refused: list[str] = field(default_factory=list)
    """What launchers said that ended otherwise than well, or than killed."""
    lost_rows: dict[str, Any] = field(default_factory=dict)
    lost_files: list[str] = field(default_factory=list)
    rows_kept: int = 0
    """Steps of attempts that were cut off and are still there."""
    times_done: dict[int, int] = field(default_factory=dict)
    table: list[list[Any]] = field(default_factory=list)


def disturbed_sweep(
    folder: Path, words: tuple[str, ...], most_kills: int, chance: random.Random
) -> Disturbed:
    """Runs a sweep in `folder/s` to its end, killing its launchers at most `most_kills` times."""
    sweep, found = folder / "s", Disturbed()
    rows_before: dict[str, int] = {}
    files_before: dict[str, str] = {}
    while True:
        begun = is_sweep(sweep)
        command = launcher(folder, *(("resume=s",) if begun else (*words, "hydra.sweep.dir=s")))
        seconds = chance.uniform(_EARLIEST_SECONDS, _LATEST_SECONDS)
        if found.kills.total() >= most_kills:
            seconds = _LONGEST_SECONDS
        try:
            _, told = command.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            command.kill()
            command.communicate()
            found.kills[_going_on(sweep)] += 1
            if is_sweep(sweep):
                time.sleep(1)  # tasks end a moment later, and may write until then
                rows_before |= measured_rows(sweep)
                files_before |= finished_files(sweep)
            continue
        if command.returncode != 0:
            found.refused.append(told)
            break
        break
    rows_after, files_after = measured_rows(sweep), finished_files(sweep)
    for name, rows in rows_before.items():
        if rows_after.get(name, 0) < rows:
            found.lost_rows[name] = (rows, rows_after.get(name, 0))
    found.lost_files = [name for name, had in files_before.items() if files_after.get(name) != had]
    last = {f"{run.number} attempt {run.attempts}" for run in read_journal(sweep).runs}
    found.rows_kept = sum(rows for name, rows in rows_after.items() if name not in last)
    found.times_done = times_done(sweep)
    found.table = table(sweep)
    return found


def undisturbed_sweep(folder: Path, words: tuple[str, ...]) -> list[list[Any]]:
    """The table of the same sweep, run in one go."""
    command = launcher(folder, *words, "hydra.sweep.dir=s")
    _, told = command.communicate(timeout=_LONGEST_SECONDS)
    if command.returncode != 0:
        raise SystemExit(told)
    return table(folder / "s")


def _going_on(sweep: Path) -> str:
    """What the launcher was doing, as the folder tells."""
    if not is_sweep(sweep):
        return "before the journal"
    running = [run for run in read_journal(sweep).runs if run.state == RUNNING]
    if not running:
        return "between runs, or starting"
    run = RunFolder(sweep / running[0].folder)
    state = (run.read_if_there(STATUS) or {}).get("state")
    if state is None:
        return "before the run's tasks"
    if state != RUNNING:
        return "after the run's tasks"
    steps = sum(int(said.get("step") or 0) for said in run.progress().values())
    return "while it trained" if steps else "before its first step"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--kills", type=int, default=50)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--save", action="store_true")
    asked = arguments.parse_args()
    chance = random.Random(asked.seed)
    sweeps: list[Disturbed] = []
    kills: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as place:
        calm = Path(place) / "calm"
        calm.mkdir()
        expected = undisturbed_sweep(calm, WORDS)
        while kills.total() < asked.kills:
            folder = Path(place) / str(len(sweeps))
            folder.mkdir()
            sweeps.append(disturbed_sweep(folder, WORDS, asked.kills - kills.total(), chance))
            kills += sweeps[-1].kills
            print(f"sweep {len(sweeps)}: killed {sweeps[-1].kills.total()} times", flush=True)
    measured = summed_up(sweeps, expected)
    for name, value in measured.items():
        print(f"{name:24} {value}")
    for each in sweeps:
        for told in each.refused:
            print(told)
    if asked.save:
        save("killed_sweep", {"seed": asked.seed, "words": list(WORDS), **measured})


def summed_up(sweeps: list[Disturbed], expected: list[list[Any]]) -> dict[str, Any]:
    """The figure's numbers."""
    kills: Counter[str] = Counter()
    for each in sweeps:
        kills += each.kills
    times = [count for each in sweeps for count in each.times_done.values()]
    return {
        "sweeps": len(sweeps),
        "kills": dict(sorted(kills.items())),
        "runs": len(times),
        "done_once": times.count(1),
        "ended_badly": sum(len(each.refused) for each in sweeps),
        "attempts_that_lost_steps": sum(len(each.lost_rows) for each in sweeps),
        "steps_kept_of_cut_off": sum(each.rows_kept for each in sweeps),
        "finished_files_changed": sum(len(each.lost_files) for each in sweeps),
        "tables_that_differ": sum(each.table != expected for each in sweeps),
    }


if __name__ == "__main__":
    main()
