"""A cluster's refusal in the words of the person who asked."""

import os
from pathlib import Path

import pytest

from launcher.queued.submitting import submit
from results.errors import UserError
from tests.launcher.queued.fake_slurm import SILENCE, command, interrupted_in_silence
from tests.runs import experiment


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["devices=gpu"], "devices=gpu"),
        (["gpus_per_task=2"], "gpus_per_task=2"),
        (["devices=gpu", "gpus_per_task=2"], "gpus_per_task=2"),
    ],
    ids=["devices", "number", "both"],
)
def test_gpus_that_the_cluster_does_not_have_are_refused_by_the_key_that_asked(
    words: list[str], named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command(tmp_path, "scontrol", "exit 0")
    said = "sbatch: error: Invalid generic resource (gres) specification"
    command(tmp_path, "sbatch", f"echo '{said}' >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    words = ["engine=slurm", "strategy=multiworker", "workers=2", *words]
    with pytest.raises(UserError) as refused:
        submit(experiment(*words), tmp_path / "run", words)
    assert str(refused.value).startswith(f"{named}: the cluster has no such GPUs")


def test_ctrl_c_before_the_job_is_taken_says_at_once_what_is_waited_for(tmp_path: Path) -> None:
    code, at_once, told = interrupted_in_silence(tmp_path, "engine=slurm", "hydra.run.dir=run")
    assert at_once == "waiting for the queue to take the job"
    assert len(told) == 1, told
    assert SILENCE in told[0]
    assert code == 2
    assert not (tmp_path / "run").exists()
