"""`list` shows what is asked for, in the form that is asked for."""

import csv
import io
import json
from pathlib import Path

import pytest

import results
from results import RunFolder
from results.__main__ import main
from results.columns import COLUMNS
from tests.results.made_folders import Made, make_run, make_sweep
from tests.results.made_journals import make_journal, swept_run


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sweep(tmp_path_factory.mktemp("listed"))


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["list", *words]) == 0
    return capsys.readouterr().out


def test_where_and_sort_choose_rows_and_the_caption_counts_them(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = printed(capsys, f"folder={sweep}", "where=strategy == multiworker", "sort=-workers,-run")
    rows = [line.split()[0] for line in out.splitlines() if " multiworker " in line]
    assert rows == ["6", "11", "5", "4"]
    assert "4 of 12 runs, 3 done, 1 failed" in out


def test_row_of_what_was_emulated_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("0", "1"):
        make_run(tmp_path / name, Made(steps=30))
    summary = tmp_path / "1" / "summary.json"
    named = {"emulated": "accelerators of 1,000 examples/s each"}
    summary.write_text(json.dumps(json.loads(summary.read_text()) | named))
    _, first, second, *_ = (
        line for line in printed(capsys, f"folder={tmp_path}").splitlines() if "step s" not in line
    )
    assert first.split()[-1] == "done"
    assert second.split()[-2:] == ["done,", "emulated"]


def test_named_columns_are_shown_as_they_are_called(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = printed(capsys, f"folder={sweep}", "columns=run,batch.total,quality_name")
    assert out.splitlines()[0].split() == ["run", "batch.total", "quality_name"]
    assert ["2", "64", "accuracy"] in [line.split() for line in out.splitlines()]


def test_no_strategy_and_no_head_is_broken_within_a_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    make_run(tmp_path / "multirun/2026-11-30/14-44-16" / "0", Made("parameter_server", steps=30))
    make_run(tmp_path / "other", Made("parameter_server", steps=30))
    names = "run,strategy,examples_per_second,step_seconds_median,batch.total,total_seconds"
    for words in ((), (f"columns={names}",)):
        lines = printed(capsys, f"folder={tmp_path}", *words).splitlines()
        assert max(map(len, lines)) <= 80
        assert sum("parameter_server" in line for line in lines) == 2
    assert {"examples_", "per_", "second", "seconds"} <= set(" ".join(lines[:3]).split())


def test_terminal_without_a_width_gets_a_table_nevertheless(
    sweep: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "0")
    out = " ".join(printed(capsys, f"folder={sweep}").split())
    assert "12 runs, " in out
    assert "worker" in out


def test_csv_has_every_column_of_a_frame(sweep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(printed(capsys, f"folder={sweep}", "format=csv"))))
    frame = results.load(sweep)
    assert list(rows[0]) == list(frame.columns)
    assert [float(row["examples_per_second"] or "nan") for row in rows] == pytest.approx(
        frame["examples_per_second"].to_list(), nan_ok=True
    )


def test_json_keeps_numbers_and_null(sweep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("format=json", "columns=run,workers,examples_per_second")
    rows = json.loads(printed(capsys, f"folder={sweep}", *words))
    assert rows[10] == {"run": "10", "workers": 2, "examples_per_second": None}
    assert rows[0]["examples_per_second"] == pytest.approx(11_857, rel=0.01)


def test_markdown_is_a_table_whose_text_stays_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_run(tmp_path / "0", Made(strategy="a|b<img src=x>`c`", steps=30))
    out = printed(capsys, f"folder={tmp_path}", "format=markdown")
    head, rule, row = out.splitlines()
    assert head.startswith("| Run | Strategy | Workers |")
    assert rule.startswith("| --- | --- | ---: |")
    assert r"a\|b&lt;img src=x&gt;\`c\`" in row


def test_no_run_that_is_meant_is_said(sweep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, f"folder={sweep}", "where=workers > 99") == "0 of 12 runs\n"


def test_reasons_that_are_equal_are_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(15):
        make_run(tmp_path / str(number), Made(state="not_applicable", reason="takes 1 only"))
    out = printed(capsys, f"folder={tmp_path}")
    assert out.count("takes 1 only") == 1
    assert "10, 11 and 3 more: not applicable" in out


def test_runs_of_a_journal_are_there_before_they_begin(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_run(tmp_path / "0", Made(steps=30))
    waiting = swept_run(1, block=1, repeat=1, overrides=("strategy=tpu", "workers=8"))
    make_journal(tmp_path, swept_run(0, state="done"), waiting)
    out = printed(capsys, f"folder={tmp_path}")
    assert "2 runs, 1 done, 1 waiting" in out
    (row,) = [line.split() for line in out.splitlines() if line.startswith("1 ")]
    assert (row[:3], row[-1]) == (["1", "tpu", "8"], "waiting")
    frame = results.load(tmp_path)
    assert frame["block"].to_list() == [0, 1]


@pytest.mark.parametrize("journal", ["{", "[]", '{"runs": 3}', '{"format_version": 99}', "\udcff"])
def test_a_damaged_journal_hides_no_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], journal: str
) -> None:
    make_run(tmp_path / "0", Made(steps=30))
    (tmp_path / "sweep.json").write_bytes(journal.encode(errors="surrogateescape"))
    out = printed(capsys, f"folder={tmp_path}")
    assert "1 run, 1 done" in out
    assert "sweep.json:" in out.replace("\n", "")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("format=jsn", "results: format=jsn: no such format; did you mean json?"),
        ("columns=run,wrkers", "results: columns=wrkers: no run here has such a column; did you"),
        ("sort=-zzz", "results: sort=zzz: no run here has such a column; give one such as"),
        ("where=workers=2", "results: where=workers=2: doesn't parse"),
    ],
)
def test_a_wrong_value_is_one_line_and_exit_2(
    sweep: Path, word: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["list", f"folder={sweep}", word]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(said)
    assert captured.err.count("\n") == 1
    assert not captured.out


def test_every_column_of_a_summary_is_documented(sweep: Path) -> None:
    summary = RunFolder(sweep / "0").read("summary.json")
    told = set(COLUMNS) | {"format_version"}
    assert set(summary) <= told


def test_a_frame_of_several_folders_names_them(sweep: Path, tmp_path: Path) -> None:
    make_run(tmp_path, Made(steps=30))
    frame = results.load(sweep, tmp_path)
    assert len(frame) == 13
    assert frame["run"].iloc[-1] == f"{tmp_path}/{tmp_path.name}"
    assert frame.attrs["columns"]["core_seconds"] == "CPU of all tasks (core-seconds)"
