"""Half-written, damaged, older and newer files: one line each, and what is readable still shows."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from results.__main__ import main
from tests.results.flat_runs import write_flat_run
from tests.results.made_folders import Made, make_run, make_sweep

FILES = [
    "plan.json",
    "status.json",
    "summary.json",
    "environment.json",
    "tasks/chief-0/events.jsonl",
    "tasks/chief-0/steps.parquet",
    "tasks/chief-0/resources.parquet",
    "tasks/chief-0/log.txt",
]
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda whole: b"",
    "half": lambda whole: whole[: len(whole) // 2],
    "binary": lambda whole: b"\xff\x00\xfe" * 50,
    "list": lambda whole: b"[1, 2]",
    "null": lambda whole: b"null",
    "newer": lambda whole: b'{"format_version": 99}',
    "older": lambda whole: b'{"state": "done"}',
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    for number, strategy in enumerate(("mirrored", "multiworker")):
        make_run(folder / str(number), Made(strategy, steps=60))
    return folder


def damaged(whole: Path, to: Path, *damages: str) -> Path:
    """A sweep of healthy runs (0 and 1) and of one run for each damage and file, so damaged."""
    shutil.copytree(whole, to)
    each_once = [(damage, file) for damage in damages for file in FILES]
    for number, (damage, file) in enumerate(each_once, start=2):
        shutil.copytree(whole / "1", to / str(number))
        path = to / str(number) / file
        path.write_bytes(DAMAGES[damage](path.read_bytes()))
        for stream in path.parent.glob("*.arrows"):
            stream.unlink()  # what a torn Parquet file falls back to
    return to


@pytest.mark.ci
def test_damaged_files_spoil_nothing_else(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = damaged(whole, tmp_path / "sweep", *DAMAGES)
    assert main(["list", f"folder={sweep}"]) == 0
    listed = capsys.readouterr().out
    assert f"{len(DAMAGES) * len(FILES) + 2} runs, " in listed
    for number in ("0", "1"):
        assert [line for line in listed.splitlines() if line.split()[:1] == [number]]
    assert main(["report", f"folder={sweep}"]) == 0
    assert "× 2 was fastest on digits_mlp" in (sweep / "report.html").read_text()


@pytest.mark.ci
@pytest.mark.parametrize("damage", ["half", "newer"])
def test_a_damaged_run_alone_gives_a_report_or_one_line(
    whole: Path, tmp_path: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = damaged(whole, tmp_path / "sweep", damage)
    for number, file in enumerate(FILES, start=2):
        code = main(["report", f"folder={sweep / str(number)}"])
        error = capsys.readouterr().err
        needed = file in ("plan.json", "status.json", "summary.json")
        assert (code, error.count("\n")) == ((2, 1) if needed else (0, 0)), file
        assert not needed or file in error


def test_a_newer_run_says_which_version_reads_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_flat_run(tmp_path / "0", 1000.0)
    write_flat_run(tmp_path / "1", 1000.0)
    (tmp_path / "1" / "summary.json").write_text(json.dumps({"format_version": 2}))
    assert main(["list", f"folder={tmp_path}"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "2 runs, 1 done, 1 unreadable" in out
    assert "format_version=2, this program reads up to 1; read it with the newer" in out


def test_values_of_another_kind_than_documented_are_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = {"examples_per_second": "fast", "workers": [1], "wait_share": {"a": 1}, "notes": 3}
    write_flat_run(tmp_path / "0", 1000.0)
    write_flat_run(tmp_path / "1", 1000.0)
    summary = tmp_path / "1" / "summary.json"
    summary.write_text(json.dumps(json.loads(summary.read_text()) | wrong))
    (tmp_path / "1" / "status.json").write_text('{"state": "failed", "cause": "what?"}')
    assert main(["list", f"folder={tmp_path}", "where=examples_per_second == none"]) == 0
    assert "1 of 2 runs, 1 failed" in capsys.readouterr().out
    assert main(["report", f"folder={tmp_path}"]) == 0


@pytest.mark.ci
def test_a_folder_where_nothing_can_be_written_is_one_line_and_the_old_report_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_sweep(tmp_path)
    assert main(["report", f"folder={tmp_path}"]) == 0
    before = (tmp_path / "report.html").read_bytes()
    for plot in (tmp_path / "plots").iterdir():
        plot.unlink()
    (tmp_path / "plots").rmdir()
    (tmp_path / "plots").write_text("in the way")
    capsys.readouterr()
    assert main(["report", f"folder={tmp_path}"]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"results: folder={tmp_path}: no report can be written there (")
    assert error.count("\n") == 1
    assert (tmp_path / "report.html").read_bytes() == before
    assert not list(tmp_path.glob(".*.tmp"))
