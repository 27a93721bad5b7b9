"""Runs that are nothing but their records: as many as a comparison or a long night takes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from results.run_folder import RunFolder
from tests.results.made_journals import make_journal, swept_run

BEGAN = datetime(2026, 6, 1, 22, 0, tzinfo=UTC)
ENVIRONMENT = {
    "python": "3.11.7",
    "packages": {"tensorflow": "2.21.0", "distribute-bench": "0.1.0"},
    "cpu_model": "AMD EPYC 7R13",
    "cores": 2,
    "memory_bytes": 24_000_000_000,
    "load_1_minute": 0.2,
    "git_revision": "0123456789ab",
}


def write_flat_run(
    path: Path,
    speed: float,
    strategy: str = "mirrored",
    workers: int = 2,
    second: float = 0.0,
    environment: dict[str, Any] | None = None,
    overrides: tuple[str, ...] = (),
    **summary: Any,
) -> RunFolder:
    """A run that is done, trained at `speed` examples/s and began `second` s into the night."""
    folder = RunFolder(path)
    started = (BEGAN + timedelta(seconds=second)).isoformat(timespec="microseconds")
    folder.write("status.json", {"state": "done", "reason": None, "cause": None})
    experiment = {
        "strategy": {"name": strategy},
        "workers": workers,
        "workload": {"name": "digits_mlp"},
    }
    for word in overrides:
        key, _, value = word.partition("=")
        experiment[key] = value
    words = [f"strategy={strategy}", f"workers={workers}", *overrides]
    folder.write("plan.json", {"experiment": experiment, "overrides": words})
    folder.write("environment.json", ENVIRONMENT | (environment or {}))
    asked = {"strategy": strategy, "workers": workers, "workload": "digits_mlp"}
    measured = {"examples_per_second": speed, "total_seconds": 1000 / speed, "read_bytes": 0}
    folder.write("summary.json", {**asked, **measured, "started": started, **summary})
    return folder


def write_repeats(folder: Path, speeds: dict[str, list[float]], in_turn: bool = True) -> Path:
    """Repeats of several strategies: in turn (a b a b …), or one strategy after the other."""
    number = 0
    for place, (strategy, of) in enumerate(speeds.items()):
        for repeat, speed in enumerate(of):
            second = 60 * repeat + 10 * place if in_turn else 10_000 * place + 60 * repeat
            write_flat_run(folder / str(number), speed, strategy, second=second)
            number += 1
    return folder


def write_rounds(folder: Path, blocks: dict[int, int], **fields: Any) -> None:
    """A sweep's journal that gives each run number its round; `fields` go to run 3."""
    runs = [
        swept_run(number, block=block, state="done", **(fields if number == 3 else {}))
        for number, block in blocks.items()
    ]
    make_journal(folder, *runs)
