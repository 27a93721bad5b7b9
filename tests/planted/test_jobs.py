"""The planted jobs as such: complete, and words that the launcher takes."""

import pytest

from tests.planted.jobs import JOBS, PlantedJob
from tests.runs import experiment

CLASSES = {"compute", "prepare", "fetch", "communicate", "overhead", "memory"}


def test_seventeen_jobs_cover_every_class() -> None:
    assert len(JOBS) == 17
    assert {job.truth for job in JOBS.values()} == CLASSES


@pytest.mark.ci
@pytest.mark.parametrize("job", JOBS.values(), ids=JOBS)
def test_every_job_is_one_that_the_launcher_takes(job: PlantedJob) -> None:
    asked = experiment(*job.words)
    assert asked.workload.target == "tests.planted.workloads.workload"
    assert asked.emulate.storage.emulated == (job.truth == "fetch")
