"""`python -m benchmarks target …`, as a person types it."""

import json
import subprocess
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from results.report import write_report
from results.text import number
from tests.benchmarks.made_targets import reaching
from tests.launcher.command_line import decide, launch


def target(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return decide(folder, "target", *words, COLUMNS="80")


@pytest.mark.ci
def test_sweep_over_seeds_is_timed_to_its_target(tmp_path: Path) -> None:
    sweep = launch(
        tmp_path,
        "-m",
        "seed=0,1",
        "strategy=one_device",
        "until.quality=0.5",
        "until.steps=600",
        "evaluate.every_steps=20",
        "report=false",
        f"hydra.sweep.dir={tmp_path}/sweep",
    )
    assert sweep.returncode == 0, sweep.stderr
    ended = target(tmp_path, "folder=sweep", "usd_per_hour=0.10")
    assert ended.returncode == 0, ended.stderr
    record = json.loads((tmp_path / "sweep/target.json").read_text())
    (cell,) = record["cells"]
    assert (cell["valid"], cell["reached"], cell["every_steps"]) == (True, 2, 20)
    for seed in cell["seeds"]:
        summary = json.loads((tmp_path / "sweep" / seed["run"] / "summary.json").read_text())
        assert seed["steps"] == summary["quality_step"]
        assert seed["best_quality"] == summary["quality"] >= 0.5
        assert 0 < seed["seconds"] < summary["total_seconds"] - seed["start_up_seconds"]
        assert seed["usd"] > 0


@pytest.mark.ci
def test_batches_and_an_invalid_cell_are_printed_drawn_and_in_the_report(tmp_path: Path) -> None:
    for place, (batch, steps) in enumerate([(32, 400), (32, 500), (64, 200), (64, None)]):
        reaching(
            tmp_path / f"sweep/{place}",
            place % 2,
            steps,
            batch=batch,
            overrides=(f"batch.per_replica={batch}",),
        )
    ended = target(tmp_path, "folder=sweep", "usd_per_hour=0.10")
    assert ended.returncode == 0, ended.stderr
    assert max(map(len, ended.stdout.splitlines()[:-1])) <= 80
    (cell, _) = json.loads((tmp_path / "sweep/target.json").read_text())["cells"]
    assert number(cell["usd"]["median"]) in ended.stdout
    assert "1 of 2 invalid" in " ".join(ended.stdout.split())
    assert "the others' best: 0.7 (seed 1)" in " ".join(ended.stdout.split())
    drawn = sorted(path.name for path in (tmp_path / "sweep/plots").iterdir())
    assert drawn == ["target-seconds.svg", "target-steps.svg"]
    page = write_report(tmp_path / "sweep").read_text()
    assert "Time to target" in page
    assert "is invalid: 1 of 2 seeds reached" in page


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["folder=nowhere"], "benchmarks: folder=nowhere: no such folder"),
        (["folder=.", "machine=g5.xlarg"], "machine=g5.xlarg"),
        (["folder=.", "spot=true"], "machine is missing"),
        ([], "folder"),
    ],
)
def test_what_a_person_got_wrong_is_one_line(
    words: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["target", *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
