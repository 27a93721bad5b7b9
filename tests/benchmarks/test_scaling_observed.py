"""What rows of a run's tasks tell a scaling model: cores kept busy, steps one by one."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.scaling.observed import sampled_cores, step_seconds_seen
from results.run_folder import RunFolder
from results.streams import RESOURCES, STEPS, StreamWriter

PER_CALL, CALLS, SHORT, WAY_BACK = 5, 8, 0.01, 0.004
"""Steps of a call, calls, seconds of a step, and of the way to Python before a call's first one."""
BEGAN = 1000.0
_COUNTED = ("read_bytes", "written_bytes", "sent_bytes", "received_bytes")


def seconds_of_steps() -> np.ndarray:
    first = np.arange(PER_CALL * CALLS) % PER_CALL == 0
    return SHORT + WAY_BACK * first


def write_task(folder: Path, task: str, *, losses: bool = True, cores: float = 0.5) -> None:
    """`PER_CALL` × `CALLS` steps of a task that was sampled twenty times meanwhile."""
    seconds = seconds_of_steps()
    number = np.arange(1, len(seconds) + 1)
    ends = (number % PER_CALL == 0) & losses
    place = RunFolder(folder).task_folder(task)
    steps = StreamWriter(place, STEPS)
    steps.append(
        {
            "step": number,
            "start": BEGAN + np.cumsum(seconds) - seconds,
            "seconds": seconds,
            "wait_seconds": 0 * seconds,
            "examples": np.full(len(number), 32),
            "loss": np.where(ends, 1.0, np.nan),
        }
    )
    steps.close(parquet=True)
    times = BEGAN + np.linspace(-0.5, seconds.sum() + 0.5, 60)
    idle = np.clip(times - BEGAN, 0, seconds.sum())
    other = dict.fromkeys(
        ("rss_bytes", "peak_rss_bytes", *_COUNTED, "voluntary_switches"), [0] * len(times)
    )
    resources = StreamWriter(place, RESOURCES)
    resources.append(
        {
            "time": times,
            "cpu_seconds": 3.0 + cores * idle,
            "involuntary_switches": [0] * len(times),
            "threads": [4] * len(times),
            **other,
        }
    )
    resources.close(parquet=True)


@pytest.mark.parametrize("losses", [True, False], ids=["with losses", "without"])
def test_the_step_that_pays_for_the_way_to_python_is_left_out(tmp_path: Path, losses: bool) -> None:
    write_task(tmp_path, "chief-0", losses=losses)
    found = step_seconds_seen(str(tmp_path), 10, PER_CALL)
    assert found == pytest.approx(np.full((PER_CALL - 1) * (CALLS - 2), SHORT))


def test_calls_of_one_step_are_all_taken(tmp_path: Path) -> None:
    write_task(tmp_path, "chief-0", losses=False)
    assert step_seconds_seen(str(tmp_path), 0, 1) == pytest.approx(seconds_of_steps())


def test_a_run_without_rows_tells_nothing(tmp_path: Path) -> None:
    assert len(step_seconds_seen("", 0)) == 0
    assert sampled_cores(str(tmp_path)) is None


def test_cores_of_all_tasks_add_up_over_the_time_of_training(tmp_path: Path) -> None:
    write_task(tmp_path, "chief-0", cores=0.5)
    write_task(tmp_path, "worker-0", cores=0.75)
    assert sampled_cores(str(tmp_path)) == pytest.approx(1.25)
