"""`python -m benchmarks scale …`, as a person types it."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from benchmarks.scaling import fits_of
from benchmarks.scaling.record import record_of
from results.report import write_report
from results.report.plots_of_scaling import scaling_plots
from tests.benchmarks.made_scaling import ring, runs, write
from tests.launcher.command_line import REPOSITORY, decide


def scale(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return decide(folder, "scale", *words, COLUMNS="80")


@pytest.mark.ci
def test_scale_prints_predicts_draws_and_the_report_shows_it(tmp_path: Path) -> None:
    write(runs(ring, emulated="accelerator, network"), tmp_path / "sweep")
    ended = scale(tmp_path, "folder=sweep")
    assert ended.returncode == 0, ended.stderr
    lines = ended.stdout.splitlines()
    assert max(map(len, lines[:-1])) <= 80
    assert "emulated" in lines[0]
    assert re.search(r"^left out +predicted.*Ernest *$", ended.stdout, re.MULTILINE)
    assert re.search(r"^8 workers, 200 Mbit/s .*[+-]\d", ended.stdout, re.MULTILINE)
    assert re.search(r"^ +16 .* predicted", ended.stdout, re.MULTILINE)
    assert "one more gives less than 5%" in ended.stdout.replace("\n", " ")
    (fit,) = json.loads((tmp_path / "sweep/scaling.json").read_text())["fits"]
    drawn = sorted(path.name for path in (tmp_path / "sweep/plots").iterdir())
    assert drawn == ["scaling-0.svg", "scaling-efficiency-0.svg"]
    page = write_report(tmp_path / "sweep").read_text()
    assert fit["headline"] in page
    assert f"{fit['held_out'][0]['error']:+.1%}" in page


@pytest.mark.parametrize(
    ("mbit", "legend", "title", "reached"),
    [
        ((200.0,), ["ideal"], "workers on", "14%"),
        ((200.0, 1000.0), [], "workers on (200 Mbit/s)", "at best"),
    ],
)
def test_only_one_curve_has_an_ideal_and_of_several_the_title_says_whose_it_is(
    mbit: tuple[float, ...], legend: list[str], title: str, reached: str
) -> None:
    fits = record_of(fits_of(runs(ring, workers=(1, 2, 4), mbit=mbit)))["fits"]
    throughput, efficiency = scaling_plots(fits)
    assert re.findall(r">(ideal)<", throughput.svg) == legend
    assert throughput.message.endswith(title)
    assert efficiency.message.split(": ")[1].startswith(reached)


def test_the_command_of_the_readme_reads_a_folder(tmp_path: Path) -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    (folder,) = re.findall(r"^python -m benchmarks scale folder=(\S+)$", readme, re.MULTILINE)
    write(runs(ring, workers=(1, 2), repeats=1), tmp_path / folder)
    assert scale(tmp_path, f"folder={folder}").returncode == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["folder=nowhere"], "benchmarks: folder=nowhere: no such folder"),
        (["folder=.", "plots=pdf"], "benchmarks: plots=pdf: no such plots"),
        ([], "benchmarks: folder=: missing"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(words: list[str], said: str, tmp_path: Path) -> None:
    ended = scale(tmp_path, *words)
    assert ended.returncode == 2
    assert ended.stderr.startswith(said)
    assert ended.stderr.count("\n") == 1


@pytest.mark.ci
def test_runs_of_two_machines_are_refused_and_the_difference_is_named(tmp_path: Path) -> None:
    frame = runs(ring, workers=(1, 2), repeats=1)
    write(frame[frame["workers"] == 1], tmp_path / "sweep/a")
    write(frame[frame["workers"] == 2], tmp_path / "sweep/b", cores=64)
    ended = scale(tmp_path, "folder=sweep")
    assert ended.returncode == 2
    assert (
        "folder=sweep: runs of different machines in one fit, cores: 2 in run a/0 and 64 in run b/2"
        in (ended.stderr)
    )
