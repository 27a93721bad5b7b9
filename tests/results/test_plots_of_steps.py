"""The plot of a step's parts says what is largest, and stays away where nothing is known."""

from pathlib import Path

import pytest

from results import read_runs
from results.report.plots_of_steps import steps
from results.run_folder import BREAKDOWN, RunFolder
from tests.results.flat_runs import write_flat_run

CHIEF = {"input": 0.001, "compute": 0.004, "straggle": 0.004, "transfer": 0.001, "queue": None}
WORKER = {"input": 0.001, "compute": 0.008, "straggle": 0.0, "transfer": 0.001, "queue": None}


def plot_of(path: Path, told: object, **summary: object):
    write_flat_run(path, 1000.0, **summary)
    RunFolder(path).write(BREAKDOWN, {"tasks": told})
    return steps(read_runs(path)[0])


def test_a_bar_a_task_and_the_largest_parts_as_the_message(tmp_path: Path) -> None:
    plot = plot_of(tmp_path, {"worker-0": WORKER, "chief-0": CHIEF})
    assert plot.message == "Of a step, 60% is computing and 20% waiting for the slowest"
    assert plot.numbers.head == [
        "task",
        "waiting for input, ms",
        "computing, ms",
        "waiting for the slowest, ms",
        "transfer, ms",
    ]
    assert plot.numbers.rows[0] == ["chief-0", "1.00", "4.00", "4.00", "1.00"]


def test_what_was_emulated_stands_in_the_message(tmp_path: Path) -> None:
    plot = plot_of(tmp_path, {"chief-0": CHIEF}, emulated="emulated storage")
    assert plot.message.endswith("(emulated: emulated storage)")


@pytest.mark.parametrize("told", [{}, [], {"chief-0": "fast"}, {"chief-0": {"input": "x"}}])
def test_nothing_known_is_no_plot(tmp_path: Path, told: object) -> None:
    assert plot_of(tmp_path, told) is None


def test_a_damaged_file_is_no_plot(tmp_path: Path) -> None:
    write_flat_run(tmp_path, 1000.0)
    (tmp_path / BREAKDOWN).write_text("{")
    assert steps(read_runs(tmp_path)[0]) is None
