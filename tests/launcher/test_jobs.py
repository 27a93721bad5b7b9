"""Runs and sweeps as a person starts them: exit codes, what is kept, what is told."""

import json
from pathlib import Path

import pytest

from tests.launcher.command_line import launch

pytestmark = pytest.mark.ci

_SHORT = "until.steps=30"


def test_sweep_goes_on_after_a_run_that_fails_and_records_what_does_not_apply(
    tmp_path: Path,
) -> None:
    (tmp_path / "mine.py").write_text("def workload(**given):\n    raise ValueError('mine')\n")
    targets = "workload._target_=mine.workload,benchmarks.workloads.digits_mlp.workload"
    ended = launch(tmp_path, "-m", "workers=1,2", targets, _SHORT, "report=false")
    assert ended.returncode == 1, ended.stdout + ended.stderr
    (sweep,) = tmp_path.glob("multirun/*/*")
    states = {number: _status(sweep / number)["state"] for number in ("0", "1", "2", "3")}
    assert states == {
        "0": "failed",
        "1": "done",
        "2": "not_applicable",
        "3": "not_applicable",
    }
    assert "mine" in _status(sweep / "0")["reason"]
    assert "workers=2" in _status(sweep / "2")["reason"]
    assert "4 runs" in ended.stdout
    assert (sweep / "report.html").is_file()


def test_single_run_ends_with_a_table_and_a_report(tmp_path: Path) -> None:
    ended = launch(tmp_path, _SHORT, "hydra.run.dir=here")
    assert ended.returncode == 0, ended.stderr
    assert max(len(line) for line in ended.stdout.splitlines()) <= 80
    assert "examples/s" in ended.stdout
    assert "Report" in ended.stdout
    assert (tmp_path / "here" / "report.html").is_file()
    assert _status(tmp_path / "here")["state"] == "done"
    again = launch(tmp_path, _SHORT, "hydra.run.dir=here")
    assert again.returncode == 2
    assert "holds a run already" in again.stderr


def test_workload_that_raises_is_told_in_a_line_and_no_folder_is_kept(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def workload(**given):\n    raise ValueError('mine')\n")
    before = set(tmp_path.iterdir())
    ended = launch(tmp_path, "workload._target_=mine.workload")
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].startswith("error: workload")
    assert "mine" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert {path.name for path in set(tmp_path.iterdir()) - before} <= {"__pycache__"}


def _status(folder: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((folder / "status.json").read_text())
    return found
