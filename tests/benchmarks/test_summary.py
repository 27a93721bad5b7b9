"""The flat record of runs that ended well, badly, or never began."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.summary import summarize
from benchmarks.used import grown
from results.run_folder import RunFolder
from tests.results.made_folders import FAILED, Made, make_run

STEADY = Made(workers=2, steps=400, batch=32)


def test_a_synchronous_run_adds_up(tmp_path: Path) -> None:
    summary = make_run(tmp_path, STEADY).read("summary.json")
    assert summary["state"] == "done"
    assert (summary["strategy"], summary["workload"]) == ("multiworker", "digits_mlp")
    assert (summary["workers"], summary["batch_total"], summary["batch_per_replica"]) == (2, 64, 32)
    assert summary["steps"] == 400
    assert summary["measured_steps"] == 390
    assert summary["examples"] == 400 * 64
    assert summary["examples_per_second"] == pytest.approx(64 / 0.0064, rel=0.02)
    assert summary["wait_share"] == pytest.approx(0.0006 / 0.0064, rel=0.05)
    assert (summary["quality"], summary["quality_name"]) == (0.962, "accuracy")
    assert summary["loss_first"] > summary["loss_last"]
    assert summary["preparation_seconds"] == 3.4
    assert summary["seconds_before_tasks"] == pytest.approx(4.0)
    assert summary["total_seconds"] > summary["training_seconds"]


def test_parts_of_the_first_step_add_up_to_it(tmp_path: Path) -> None:
    summary = make_run(tmp_path, STEADY).read("summary.json")
    parts = [value for key, value in summary.items() if key.startswith("seconds_to_first_step_")]
    assert len(parts) == 6
    assert sum(parts) == pytest.approx(summary["seconds_to_first_step"])
    assert summary["seconds_to_first_step"] == pytest.approx(4.15)
    assert summary["seconds_to_first_step_import"] == pytest.approx(1.9)


def test_what_the_tasks_used_adds_up(tmp_path: Path) -> None:
    folder = make_run(tmp_path, STEADY)
    summary = folder.read("summary.json")
    assert summary["peak_rss_mb_sum"] == pytest.approx(2 * summary["peak_rss_mb_task_max"])
    assert 0 < summary["core_seconds"] < 2 * summary["total_seconds"]
    assert summary["sent_bytes"] > 0


def test_overlapping_workers_are_measured_by_wall_time(tmp_path: Path) -> None:
    made = Made("parameter_server", workers=3, steps=900, step_seconds=0.01, steps_per_call=1)
    summary = make_run(tmp_path, made).read("summary.json")
    assert summary["examples_per_second"] == pytest.approx(3 * 32 / 0.01, rel=0.02)
    assert summary["steps"] == 3 * 900
    assert summary["examples"] == 3 * 900 * 32


def test_network_bytes_are_null_where_one_task_has_none(tmp_path: Path) -> None:
    summary = make_run(tmp_path, replace(STEADY, strategy="one_device", workers=1)).read(
        "summary.json"
    )
    assert summary["sent_bytes"] is None
    assert summary["read_bytes"] > 0


def test_too_few_steps_leave_the_speed_unknown(tmp_path: Path) -> None:
    summary = make_run(tmp_path, replace(STEADY, steps=8)).read("summary.json")
    assert summary["examples_per_second"] is None
    assert summary["wait_share"] is None
    assert summary["measured_steps"] == 0
    assert summary["steps"] == 8


def test_a_failed_run_names_its_task_and_keeps_what_was_measured(tmp_path: Path) -> None:
    made = replace(STEADY, steps=118, state="failed")
    summary = make_run(tmp_path, made, **FAILED).read("summary.json")
    assert summary["state"] == "failed"
    assert summary["failed_task"] == "worker-0"
    assert "NaN" in summary["reason"]
    assert summary["quality"] is None
    assert summary["steps"] == 118
    assert summary["examples_per_second"] > 0


def test_a_task_that_left_no_steps_leaves_the_throughput_unknown(tmp_path: Path) -> None:
    folder = make_run(tmp_path, STEADY)
    for file in folder.task_folder("worker-0").glob("steps*"):
        file.unlink()
    assert summarize(folder)["examples_per_second"] is None


def test_a_run_that_never_began_is_all_null(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.write("status.json", {"state": "not_applicable", "reason": "one device computes once"})
    summary = summarize(folder)
    assert summary["state"] == "not_applicable"
    assert summary["reason"] == "one device computes once"
    told = {key for key, value in summary.items() if value is not None}
    assert told == {"state", "reason"}


def test_every_field_is_there_whatever_happened(tmp_path: Path) -> None:
    whole = set(make_run(tmp_path / "run", STEADY).read("summary.json"))
    empty = set(summarize(RunFolder(tmp_path / "nothing")))
    assert whole - empty == {"format_version"}


def test_a_restarted_task_adds_its_earlier_cpu() -> None:
    assert grown(np.array([1.0, 5.0, 2.0, 4.0])) == 9.0
    assert grown(np.array([np.nan])) is None
