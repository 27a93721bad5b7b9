"""`python -m input_pipelines profile`, from the command line to the plot."""

import subprocess
import sys
from pathlib import Path

import pytest

from results.pipeline_file import PROFILE, part
from results.run_folder import RunFolder
from tests.results.test_report import Elements


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "input_pipelines", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=200,
    )


@pytest.mark.ci
def test_a_profile_is_shown_and_left_in_a_folder(tmp_path: Path) -> None:
    words = ["source=digits", "measure.rounds=5", "measure.block_seconds=0.01"]
    ended = command(tmp_path, "profile", *words)
    assert ended.returncode == 0, ended.stderr
    assert "parse" in ended.stdout
    assert "Warm: " in ended.stdout
    assert "Limit: " in ended.stdout
    (folder,) = tmp_path.glob("outputs/*/*")
    found = part(RunFolder(folder), PROFILE)
    assert found is not None
    assert found["rounds"] == 5
    svg = (folder / "plots" / "pipeline.svg").read_text()
    assert "script" not in Elements(svg).tags


def test_help_names_the_profile(tmp_path: Path) -> None:
    ended = command(tmp_path, "--help")
    assert ended.returncode == 0
    assert "python -m input_pipelines profile" in ended.stdout
    assert max(map(len, ended.stdout.splitlines())) <= 80


def test_a_misspelt_verb_is_one_line(tmp_path: Path) -> None:
    ended = command(tmp_path, "profil", "source=digits")
    assert (ended.returncode, ended.stderr) == (
        2,
        "error: profil: no such command; did you mean profile?\n",
    )


@pytest.mark.parametrize("engine", ["ray", "slurm"])
def test_an_engine_elsewhere_is_refused_whatever_it_lacks(tmp_path: Path, engine: str) -> None:
    ended = command(tmp_path, "profile", "source=digits", f"engine={engine}")
    assert (ended.returncode, ended.stderr) == (
        2,
        f"error: engine={engine}: a study runs on this machine; leave it out\n",
    )
    assert list(tmp_path.iterdir()) == []
