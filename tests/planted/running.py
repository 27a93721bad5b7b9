"""Runs a planted job through the real command line and reads what was made of it."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.planted.jobs import JOBS

REPOSITORY = Path(__file__).resolve().parents[2]
QUICK = (
    "until.steps=30",
    "measure.warmup_steps=5",
    "measure.rounds=7",
    "measure.block_seconds=0.3",
    "quiet.seconds=0",
    "report=false",
)
BRIEFLY = ("measure.rounds=5", "measure.block_seconds=0.15", "measure.advice=false")
"""Enough for a verdict, and trying nothing."""
_TIMEOUT_SECONDS = 240
_ENDED_WELL = (0, 1)
"""1 where memory ended the job, which is a diagnosis too."""


@dataclass(frozen=True)
class Judged:
    """What a diagnosis made of a job."""

    name: str
    truth: str
    verdict: str
    line: str
    diagnosis: dict[str, Any]

    @property
    def examples_per_second(self) -> float:
        """Of the job as it is: everything read from storage, where anything is."""
        step = self.diagnosis["step_seconds"]
        seconds: float = step.get("cold", step["warm"])["value"]
        return float(self.diagnosis["batch_total"]) / seconds

    @property
    def actions(self) -> list[dict[str, Any]]:
        """What it advises, most promising first."""
        found: list[dict[str, Any]] = self.diagnosis["verdict"]["actions"]
        return found


def judged(name: str, folder: Path, *more: str) -> Judged:
    """The diagnosis of a job, with more words; `folder` must not exist yet."""
    job = JOBS[name]
    words = [*job.words, *QUICK, *more, "diagnose=true", f"hydra.run.dir={folder}"]
    ended = subprocess.run(
        [sys.executable, "-m", "launcher", *_last_of_each(words)],
        cwd=folder.parent,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_SECONDS,
        check=False,
    )
    path = folder / "pipeline.json"
    if ended.returncode not in _ENDED_WELL or not path.is_file():
        raise RuntimeError(f"{name}: exit code {ended.returncode}\n{ended.stdout}{ended.stderr}")
    diagnosis = json.loads(path.read_text())["diagnosis"]
    verdict = diagnosis["verdict"]
    return Judged(name, job.truth, verdict["class"], verdict["line"], diagnosis)


def _last_of_each(words: list[str]) -> list[str]:
    """A key may be given only once: the last word of each wins."""
    return list({word.partition("=")[0].lstrip("+"): word for word in words}.values())
