"""Files of a run that a job in a queue does: what it was asked, and what became of each start.

`job.json` is written by the launcher that submits, `starts.json` by the one inside the job. Whoever
follows the run reads both, so that a launcher may end while its job goes on.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launcher.experiment import Experiment
from results.errors import UserError
from results.run_folder import RunFolder

JOB = "job.json"
STARTS = "starts.json"
OUTPUT = "job.txt"
"""What the launcher inside the job prints."""
SCRIPT = "job.sh"

ENDED = "ended"
"""`Start.then` of the last start of a run."""
AGAIN = "queued again"


@dataclass(frozen=True)
class Asked:
    """What a job was asked to do."""

    experiment: Experiment
    overrides: tuple[str, ...]
    job: str | None
    """The queue's name for it; None before it has one."""


@dataclass(frozen=True)
class Start:
    """One time that the job began. Times are UTC, ISO 8601."""

    began: str
    host: str
    """Where its launcher runs."""
    then: str | None = None
    """`ended` or `queued again`; None while it goes on."""
    why: str | None = None
    """Why it was queued again, or refused."""
    refused: bool = False
    """Whether something was found that a person can mend, before any task was started."""


def write_asked(folder: Path, asked: Asked) -> None:
    """Writes `job.json`. Raises OSError."""
    RunFolder(folder).write(
        JOB,
        {
            "experiment": asked.experiment.to_dict(),
            "overrides": list(asked.overrides),
            "job": asked.job,
        },
    )


def read_asked(folder: Path) -> Asked:
    """Raises UserError where the folder holds no run of a job."""
    record = RunFolder(folder).read_if_there(JOB)
    if record is None:
        wrong = "no job of a queue runs there" if folder.is_dir() else "there is no such folder"
        raise UserError(
            f"attach={folder}: {wrong}; give the folder of a run that was started with an engine "
            "such as slurm"
        )
    return Asked(
        experiment=Experiment.from_dict(record["experiment"]),
        overrides=tuple(record["overrides"]),
        job=record["job"],
    )


def read_starts(folder: Path) -> list[Start]:
    """Oldest first; empty while the job has never begun."""
    record: Mapping[str, Any] = RunFolder(folder).read_if_there(STARTS) or {"starts": []}
    return [Start(**each) for each in record["starts"]]


def write_starts(folder: Path, starts: Sequence[Start]) -> None:
    """Raises OSError."""
    RunFolder(folder).write(STARTS, {"starts": [dataclasses.asdict(each) for each in starts]})
