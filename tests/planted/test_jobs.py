"""Planted jobs through the real command line: the verdict may be open, never wrong.

Each once with `pytest -m 'ci or figures' tests/planted`; CI takes those that differ most.
"""

from pathlib import Path

import pytest

from input_pipelines.diagnosis.verdict import INCONCLUSIVE
from tests.planted.jobs import JOBS
from tests.planted.running import BRIEFLY, judged

CLASSES = {"compute", "prepare", "fetch", "communicate", "overhead", "memory"}
IN_CI = (
    "latency",
    "Python generator",
    "tiny batch",
    "huge shuffle buffer",
    "heavy model",
    "slow network",
)


def test_seventeen_jobs_cover_every_class() -> None:
    assert len(JOBS) == 17
    assert {job.truth for job in JOBS.values()} == CLASSES


def test_ci_takes_a_job_of_every_class() -> None:
    assert {JOBS[name].truth for name in IN_CI} == CLASSES


@pytest.mark.alone
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.ci if name in IN_CI else pytest.mark.figures)
        for name in JOBS
    ],
)
def test_planted_bottleneck_is_named(name: str, tmp_path: Path) -> None:
    found = judged(name, tmp_path / "run", *BRIEFLY)
    assert found.verdict in (found.truth, INCONCLUSIVE), found.line
