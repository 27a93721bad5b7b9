"""Each planted job once, through the real command line: the verdict may be open, never wrong."""

from pathlib import Path

import pytest

from tests.planted.jobs import JOBS
from tests.planted.running import judged

CLASSES = {"compute", "prepare", "fetch", "communicate", "overhead", "memory"}
INCONCLUSIVE = "inconclusive"
BRIEFLY = ("measure.rounds=5", "measure.block_seconds=0.15", "measure.advice=false")


def test_seventeen_jobs_cover_every_class() -> None:
    assert len(JOBS) == 17
    assert {job.truth for job in JOBS.values()} == CLASSES


@pytest.mark.ci
@pytest.mark.parametrize("name", JOBS)
def test_planted_bottleneck_is_named(name: str, tmp_path: Path) -> None:
    found = judged(name, tmp_path / "run", *BRIEFLY)
    assert found.verdict in (found.truth, INCONCLUSIVE), found.line
