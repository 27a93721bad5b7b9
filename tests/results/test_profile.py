"""The table of operations in the terminal and on the page, and what it says where there is none."""

import csv
import io
import json
from pathlib import Path

import pytest

from results.commands import profile
from results.errors import UserError
from results.profiles import OPERATIONS
from results.report import write_report
from tests.results.made_folders import Made, make_profile, make_run


def test_table_fits_a_terminal_and_names_trace(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    make_profile(make_run(tmp_path, Made(steps=20)), "while/" * 40 + "dense/MatMul")
    profile.run({"folder": str(tmp_path), "top": "1"})
    table = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 80 for line in table[:-1])
    assert table[1].split()[-3:] == ["22", "300.00", "75%"]
    assert "dense/MatMul" in table[1]
    assert table[2] == "1 of 2 operations, steps 20 to 30, chief-0, worker-0 added up"
    assert str(tmp_path / "profile/trace.json.gz") in table[3]


def test_csv_and_json_hold_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_profile(make_run(tmp_path, Made(steps=20)))
    profile.run({"folder": str(tmp_path), "format": "csv"})
    as_csv = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    profile.run({"folder": str(tmp_path), "format": "json"})
    as_json = json.loads(capsys.readouterr().out)
    assert [row["operation"] for row in as_csv] == ["dense/MatMul", "dense/Relu"]
    assert [{key: str(value) for key, value in row.items()} for row in as_json] == as_csv


def test_folder_without_profile_is_told_what_to_give(tmp_path: Path) -> None:
    make_run(tmp_path, Made(steps=20))
    with pytest.raises(UserError, match=r"holds no profile; give a run with profile\.steps="):
        profile.run({"folder": str(tmp_path)})


@pytest.mark.parametrize("words", [{"top": "0"}, {"top": "x"}, {"format": "cvs"}])
def test_wrong_value_is_named(words: dict[str, str], tmp_path: Path) -> None:
    ((key, value),) = words.items()
    with pytest.raises(UserError, match=f"{key}={value}: "):
        profile.run({"folder": str(tmp_path), **words})


def test_damaged_table_is_told_and_spoils_no_report(tmp_path: Path) -> None:
    run = make_run(tmp_path, Made(steps=20))
    run.write("summary.json", run.read("summary.json") | {"profiled": "20 to 30"})
    run.write(OPERATIONS, {"steps": [20, 30], "tasks": [], "operations": [{"kind": 3}]})
    with pytest.raises(UserError, match="damaged, holds no table of operations"):
        profile.run({"folder": str(tmp_path)})
    assert "damaged, holds no table of operations" in write_report(tmp_path).read_text()


def test_plots_of_a_profiled_run_tell_no_throughput(tmp_path: Path) -> None:
    run = make_run(tmp_path, Made(steps=200))
    assert 'id="throughput-over-time"' in write_report(tmp_path).read_text()
    run.write("summary.json", run.read("summary.json") | {"profiled": "20 to 30"})
    assert 'id="throughput-over-time"' not in write_report(tmp_path).read_text()


def test_names_of_operations_reach_the_page_only_as_text(tmp_path: Path) -> None:
    run = make_run(tmp_path, Made(steps=20))
    run.write("summary.json", run.read("summary.json") | {"profiled": "20 to 30"})
    make_profile(run, "<script>alert(1)</script>")
    page = write_report(tmp_path).read_text()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert(1)" not in page
