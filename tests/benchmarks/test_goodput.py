"""Runs that went on after failures: what counts, what was lost, and what it cost."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.summary import summarize
from results.run_folder import RunFolder
from results.streams import STEPS, StreamWriter
from tests.results.made_folders import START, Made, iso, make_run, training_tasks

STEADY = Made(workers=2, steps=200, batch=32)
STEP_SECONDS = 0.01


def make_attempts(
    path: Path, made: Made, *attempts: tuple[float, range], **status: Any
) -> RunFolder:
    """A run whose tasks were started at each of these seconds, and made these steps from 2 s later
    on; each attempt but the last is over half a second after its last step."""
    folder = make_run(path, made)
    told = []
    for number, (started, steps) in enumerate(attempts):
        ended = started + 2 + len(steps) * STEP_SECONDS
        for task in training_tasks(made):
            own = folder.task_folder(task)
            if number == 0:
                for file in own.glob("steps*"):
                    file.unlink()
            write_steps(own, steps, START + started + 2, made.batch)
        told.append(
            {
                "started": START + started,
                "ended": START + ended + 1.5,
                "cause": {"task": "worker-0", "when": iso(START + ended + 0.5)},
                "restored_step": steps[0] - 1 if steps[0] > 1 else None,
            }
        )
    folder.write("status.json", {**folder.read("status.json"), "attempts": told, **status})
    return folder


def write_steps(folder: Path, steps: range, start: float, examples: int) -> None:
    count = len(steps)
    writer = StreamWriter(folder, STEPS)
    writer.append(
        {
            "step": np.array(steps),
            "start": start + STEP_SECONDS * np.arange(count),
            "seconds": np.full(count, STEP_SECONDS),
            "wait_seconds": np.zeros(count),
            "examples": np.full(count, examples),
            "loss": np.where(np.array(steps) % 10 == 0, 1.0 / np.array(steps), np.nan),
        }
    )
    writer.close(parquet=True)


def test_lost_steps_are_not_useful_ones_and_time_between_attempts_is_no_step(
    tmp_path: Path,
) -> None:
    folder = make_attempts(tmp_path, STEADY, (0, range(1, 101)), (10, range(61, 201)))
    summary = summarize(folder)
    assert (summary["steps"], summary["measured_steps"]) == (200, (60 - 10) + (140 - 10))
    assert summary["examples"] == 200 * 64
    assert summary["examples_per_second"] == pytest.approx(64 / STEP_SECONDS, rel=1e-3)
    assert summary["step_seconds_median"] == pytest.approx(STEP_SECONDS, rel=1e-3)
    assert (summary["restarts"], summary["replaced_workers"]) == (1, 0)
    assert (summary["lost_steps"], summary["repeated_examples"]) == (40, 40 * 64)
    assert summary["restart_seconds"] == pytest.approx(12.01 - 3.5, abs=1e-3)
    wall = 12 + 1.4
    assert summary["goodput_steps_per_second"] == pytest.approx(200 / wall, rel=1e-3)
    assert summary["goodput_examples_per_second"] == pytest.approx(200 * 64 / wall, rel=1e-3)
    assert summary["goodput_share"] == pytest.approx(180 * STEP_SECONDS / wall, rel=1e-3)
    assert summary["loss_last"] == pytest.approx(1 / 200)


def test_a_second_failure_may_lose_more_than_the_first_left(tmp_path: Path) -> None:
    attempts = (0, range(1, 101)), (10, range(81, 131)), (20, range(41, 201))
    summary = summarize(make_attempts(tmp_path, STEADY, *attempts))
    assert (summary["steps"], summary["restarts"]) == (200, 2)
    assert summary["lost_steps"] == (100 - 40) + (130 - 80)
    assert summary["measured_steps"] == (40 - 10) + (160 - 10)


def test_what_was_begun_anew_counts_nothing_from_before(tmp_path: Path) -> None:
    summary = summarize(make_attempts(tmp_path, STEADY, (0, range(1, 51)), (5, range(1, 101))))
    assert (summary["steps"], summary["lost_steps"]) == (100, 50)


def test_workers_that_overlap_lose_steps_each_for_itself(tmp_path: Path) -> None:
    made = replace(STEADY, strategy="parameter_server")
    folder = make_attempts(
        tmp_path,
        made,
        (0, range(1, 101)),
        (60, range(61, 201)),
        replaced=[{"task": "worker-0", "time": START + 2.5, "cause": {}}],
    )
    again = {"time": START + 2.6, "event": "handed_out_again", "blocks": 1, "examples": 320}
    with (folder.task_folder("chief-0") / "events.jsonl").open("a") as events:
        events.write(json.dumps(again) + "\n")
    summary = summarize(folder)
    assert (summary["steps"], summary["lost_steps"]) == (2 * 200, 2 * 40)
    assert summary["repeated_examples"] == 2 * 40 * 32 + 320
    assert summary["replaced_workers"] == 1
    assert summary["examples_per_second"] == pytest.approx(64 / STEP_SECONDS, rel=0.01)


def test_the_first_step_is_that_of_the_first_attempt_that_got_there(tmp_path: Path) -> None:
    folder = make_run(tmp_path, STEADY)
    once = summarize(folder)
    early = {"time": START - 8, "event": "process_started"}
    for task in training_tasks(STEADY):
        path = folder.task_folder(task) / "events.jsonl"
        path.write_text(json.dumps(early) + "\n" + path.read_text())
    told = [
        {"started": START - 9, "ended": START - 7, "restored_step": None},
        {"started": START, "ended": START + 9, "restored_step": None},
    ]
    folder.write("status.json", {**folder.read("status.json"), "attempts": told})
    summary = summarize(folder)
    parts = {key for key in once if key.startswith("seconds_to_first_step")}
    assert {key: summary[key] for key in parts} == {key: once[key] for key in parts}
    assert (summary["restarts"], summary["lost_steps"]) == (1, 0)


def test_one_attempt_says_what_a_run_without_failures_says(tmp_path: Path) -> None:
    folder = make_run(tmp_path, STEADY)
    before = summarize(folder)
    told = [{"started": START, "ended": START + 60, "cause": None, "restored_step": None}]
    folder.write("status.json", {**folder.read("status.json"), "attempts": told})
    assert summarize(folder) == before
    assert (before["restarts"], before["lost_steps"], before["restart_seconds"]) == (0, 0, 0)
    assert 0 < before["goodput_share"] < 1
