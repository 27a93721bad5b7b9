"""Runs are found, read and listed, whatever state they are in."""

import json
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import results
from results import UserError
from results.__main__ import main
from tests.results.made_folders import Made, make_run, make_sweep


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sweep(tmp_path_factory.mktemp("multirun") / "sweep")


def test_a_frame_has_a_row_a_run_with_figures_and_configuration(sweep: Path) -> None:
    frame = results.load(sweep)
    assert list(frame["run"]) == [str(number) for number in range(12)]
    assert frame["state"].value_counts().to_dict() == {"done": 10, "not_applicable": 1, "failed": 1}
    assert frame["examples_per_second"].notna().sum() == 11
    assert set(frame["batch.per_replica"]) == {32}
    assert "format_version" not in frame.columns


def test_a_single_run_and_a_folder_of_folders_load_too(sweep: Path) -> None:
    assert len(results.load(sweep / "3")) == 1
    names = [run.name for run in results.read_runs(sweep.parent)]
    assert names[:2] == ["sweep/0", "sweep/1"]


def test_a_run_that_was_refused_still_tells_what_was_asked(tmp_path: Path) -> None:
    results.RunFolder(tmp_path).write("status.json", {"state": "not_applicable", "reason": "no"})
    (tmp_path / "config.yaml").write_text("strategy:\n  name: tpu\nworkers: 4\n")
    (run,) = results.read_runs(tmp_path)
    assert (run.value("strategy"), run.value("workers"), run.reason) == ("tpu", 4, "no")


def test_a_damaged_run_does_not_hide_the_others(tmp_path: Path) -> None:
    make_run(tmp_path / "0", Made(steps=50))
    make_run(tmp_path / "1", Made(steps=50))
    (tmp_path / "1" / "status.json").write_text('{"state"')
    first, second = results.read_runs(tmp_path)
    assert (first.state, second.state) == ("done", "unreadable")
    assert "status.json: damaged" in str(second.reason)


def test_a_plan_of_another_shape_is_damage(tmp_path: Path) -> None:
    make_run(tmp_path, Made(steps=50))
    (tmp_path / "plan.json").write_text('{"tasks": 3}')
    (run,) = results.read_runs(tmp_path)
    assert (run.state, run.summary) == ("unreadable", {})
    assert "plan.json: damaged, its tasks are no list of records" in str(run.reason)


@pytest.mark.parametrize("value", [1e308, float("inf"), float("nan")])
def test_what_nothing_can_measure_is_missing(tmp_path: Path, value: float) -> None:
    make_run(tmp_path, Made(steps=50))
    path = tmp_path / "summary.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"examples_per_second": value}))
    (run,) = results.read_runs(tmp_path)
    assert run.value("examples_per_second") is None
    assert run.value("strategy") == "multiworker"


def test_folders_that_come_and_go_while_a_tree_is_read_are_skipped(tmp_path: Path) -> None:
    make_run(tmp_path / "0", Made(steps=50))
    ending = threading.Event()

    def come_and_go() -> None:
        while not ending.is_set():
            (tmp_path / "a" / "b" / "c").mkdir(parents=True)
            shutil.rmtree(tmp_path / "a")

    with ThreadPoolExecutor() as beside:
        moving = beside.submit(come_and_go)
        try:
            for _ in range(200):
                assert [run.name for run in results.read_runs(tmp_path)] == ["0"]
        finally:
            ending.set()
    moving.result()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "no such folder"),
        (lambda path: path.mkdir(), "holds no run"),
        (lambda path: path.write_text("x"), "a file; give the folder"),
    ],
)
def test_what_is_no_run_is_said_in_one_line(tmp_path: Path, make, said: str) -> None:  # type: ignore[no-untyped-def]
    make(tmp_path / "given")
    with pytest.raises(UserError, match=said):
        results.load(tmp_path / "given")


def test_the_list_is_a_row_a_run_in_80_columns(
    sweep: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["list", f"folder={sweep}"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in lines) <= 80
    assert sum(" done" in line for line in lines if line[:1].isdigit()) >= 10
    text = "\n".join(lines)
    assert "10: not applicable: strategy=one_device computes once" in text
    assert "11: failed: loss is NaN at step 118" in text


def test_hostile_text_cannot_steer_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reason = "\x1b[31mred\x1b[0m [bold]not markup[/bold] \x07 " + "x" * 100_000
    make_run(tmp_path, Made(steps=50, state="failed", reason=reason))
    assert main(["list", f"folder={tmp_path}"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "[bold]not markup[/bold]" in out
    assert len(out) < 2000


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["lst"], "results: lst: no such command; did you mean list?"),
        (["zzz"], "results: zzz: no such command; there are list, compare, report"),
        (["list"], "results: folder=: missing; give a run's folder"),
        (["list", "foldr=x"], "results: foldr=x: list has no such key; did you mean folder?"),
        (["list", "outputs"], "results: outputs: not key=value; did you mean folder=outputs?"),
        (["list", "folder="], "results: folder=: empty; give a run's folder"),
        (["list", "folder={a:", "3}"], "results: folder={a: 3}: cut at a space; quote it whole"),
        (["list", "folder=a", "folder=b"], "results: folder=b: given twice"),
        (["report", "folder=no/such"], "results: folder=no/such: no such folder"),
    ],
)
def test_a_wrong_word_is_one_line_and_exit_2(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(said)
    assert captured.err.count("\n") == 1
    assert not captured.out


def test_help_tells_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert "python -m results list folder=…" in out
    assert "python -m results report folder=…" in out


def test_importing_results_is_light() -> None:
    heavy = ["pandas", "matplotlib", "scipy", "pyarrow", "tensorflow", "jinja2", "rich", "numpy"]
    code = (
        f"import results, results.run_folder, sys; print([m for m in {heavy} if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_a_reader_that_stops_early_is_no_error(sweep: Path) -> None:
    command = (
        f"{sys.executable} -m results list folder={sweep} | head -n 1; echo ${{PIPESTATUS[0]}}"
    )
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert "Traceback" not in ended.stderr


def test_overrides_come_from_the_plan_or_else_from_hydra(tmp_path: Path) -> None:
    make_run(tmp_path / "0", Made(steps=30, overrides=("pipeline.cache=memory",)))
    results.RunFolder(tmp_path / "1").write("status.json", {"state": "not_applicable"})
    (tmp_path / "1" / ".hydra").mkdir()
    (tmp_path / "1" / ".hydra" / "overrides.yaml").write_text("- strategy=tpu\n- +mine=3\n")
    planned, refused = results.read_runs(tmp_path)
    assert planned.overrides["pipeline.cache"] == "memory"
    assert refused.overrides == {"strategy": "tpu", "mine": "3"}
