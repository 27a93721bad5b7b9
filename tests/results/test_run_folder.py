"""What is written reads back; what is damaged or newer says so."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from results import RunFolder, UserError, nearest
from results.run_folder import as_json, now, task_order, unix_seconds


def test_a_record_reads_back_with_its_format_version(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.write("tasks/worker-1/failure.json", {"kind": "user", "step": 3})
    record = folder.read("tasks/worker-1/failure.json")
    assert record == {"format_version": 1, "kind": "user", "step": 3}
    assert folder.tasks() == ["worker-1"]


def test_nothing_temporary_is_left_beside_a_written_file(tmp_path: Path) -> None:
    RunFolder(tmp_path).write("status.json", {"state": "done"})
    assert [path.name for path in tmp_path.iterdir()] == ["status.json"]


def test_a_record_that_json_cannot_hold_leaves_the_old_file_as_it_was(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.write("status.json", {"state": "running"})
    with pytest.raises(TypeError, match="has no form in JSON"):
        folder.write("status.json", {"state": object()})
    assert folder.read("status.json")["state"] == "running"


def test_a_newer_file_names_both_versions(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(json.dumps({"format_version": 99}))
    with pytest.raises(UserError, match="format_version=99, this program reads up to 1"):
        RunFolder(tmp_path).read("plan.json")


@pytest.mark.parametrize("text", ["", '{"state": ', "[1, 2]"])
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "status.json").write_text(text)
    with pytest.raises(UserError, match=r"status\.json: damaged"):
        RunFolder(tmp_path).read("status.json")


def test_a_missing_file_is_not_damage(tmp_path: Path) -> None:
    assert RunFolder(tmp_path).read_if_there("summary.json") is None
    with pytest.raises(FileNotFoundError):
        RunFolder(tmp_path).read("summary.json")


def test_a_torn_last_event_is_dropped(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.task_folder("chief-0").mkdir(parents=True)
    (folder.task_folder("chief-0") / "events.jsonl").write_text(
        '{"time": 1.0, "event": "imported"}\n{"time": 2.0, "ev'
    )
    assert folder.events("chief-0") == [{"time": 1.0, "event": "imported"}]


@pytest.mark.parametrize("line", ["null", "[]", "{}", '{"time": "soon"}'])
def test_an_event_without_a_time_is_dropped(tmp_path: Path, line: str) -> None:
    folder = RunFolder(tmp_path)
    folder.task_folder("chief-0").mkdir(parents=True)
    whole = '{"time": 1.0, "event": "imported"}'
    (folder.task_folder("chief-0") / "events.jsonl").write_text(f"{line}\n{whole}\n")
    assert folder.events("chief-0") == [{"time": 1.0, "event": "imported"}]


def test_tasks_are_in_the_order_of_a_cluster() -> None:
    names = ["ps-0", "worker-10", "worker-2", "chief-0"]
    assert sorted(names, key=task_order) == ["chief-0", "worker-2", "worker-10", "ps-0"]


def test_a_coordinator_speaks_for_its_workers(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    spoken = {"worker-0": {"step": 7, "loss": 0.5}}
    folder.write("tasks/chief-0/progress.json", {"state": "training", "step": 9, "tasks": spoken})
    folder.write("tasks/worker-0/progress.json", {"state": "serving", "step": None, "tasks": {}})
    progress = folder.progress()
    assert progress["worker-0"]["state"] == "serving"
    assert progress["worker-0"]["step"] == 7
    assert progress["chief-0"]["step"] == 9


def test_a_log_tail_is_the_last_lines(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.task_folder("chief-0").mkdir(parents=True)
    lines = [f"line {number}" for number in range(1000)]
    (folder.task_folder("chief-0") / "log.txt").write_text("\n".join(lines) + "\n")
    assert folder.log_tail("chief-0", 2) == "line 998\nline 999"
    assert folder.log_tail("worker-9") == ""


def test_everything_that_is_measured_has_a_form_in_json() -> None:
    @dataclass(frozen=True)
    class Settings:
        steps: int
        folder: Path

    record = {
        "nan": float("nan"),
        "numpy": np.float64(0.5),
        "array": np.array([1, 2]),
        "settings": Settings(3, Path("a/b")),
        "pair": (1, None),
    }
    assert as_json(record) == {
        "nan": None,
        "numpy": 0.5,
        "array": [1, 2],
        "settings": {"steps": 3, "folder": "a/b"},
        "pair": [1, None],
    }


def test_a_moment_reads_back_to_the_microsecond() -> None:
    first, second = unix_seconds(now()), unix_seconds(now())
    assert 0 <= second - first < 60
    assert now().endswith("+00:00")


@pytest.mark.parametrize(("word", "meant"), [("reprot", "report"), ("lst", "list"), ("zzz", None)])
def test_the_nearest_word_is_what_was_meant(word: str, meant: str | None) -> None:
    assert nearest(word, ["list", "report"]) == meant
