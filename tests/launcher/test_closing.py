"""What stands in the terminal when a run has ended."""

import io
from pathlib import Path

from rich.console import Console

from launcher.closing import print_summary
from results.pipeline_file import put_part
from results.run_folder import RunFolder
from tests.results.made_pipelines import DIAGNOSIS

SUMMARY = {
    "strategy": "mirrored",
    "workers": 2,
    "wait_share": 0.3,
    "examples_per_second": 2000.0,
    "step_seconds_median": 0.0315,
    "step_compute_seconds": 0.02,
    "step_input_seconds": 0.013,
}


def printed(folder: Path) -> str:
    console = Console(file=io.StringIO(), width=80)
    print_summary(SUMMARY, folder, console)
    assert isinstance(console.file, io.StringIO)
    return " ".join(console.file.getvalue().split())


def test_what_waits_for_input_is_told_until_a_verdict_says_what_holds_back(tmp_path: Path) -> None:
    assert "Input 30% of a step waits for it; diagnose=true says" in printed(tmp_path)
    assert "Held back" not in printed(tmp_path)
    put_part(RunFolder(tmp_path), "diagnosis", DIAGNOSIS)
    assert "Held back Preparing input holds training back: 46% of a step" in printed(tmp_path)
    assert "waits for it" not in printed(tmp_path)


def test_a_verdict_s_control_characters_reach_no_terminal(tmp_path: Path) -> None:
    verdict = {"verdict": {"line": "\x1b[31mred\x1b[0m \u202e"}}
    put_part(RunFolder(tmp_path), "diagnosis", verdict)
    assert "Held back red" in printed(tmp_path)


def test_speed_says_that_it_is_a_median_and_a_step_s_parts_that_they_are_means(
    tmp_path: Path,
) -> None:
    said = printed(tmp_path)
    assert "Speed 2,000 examples/s, 31.5 ms a step in the median" in said
    assert "Step on average: computing 20.00, waiting for input 13.00 ms" in said
