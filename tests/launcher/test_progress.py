"""What is shown while a run goes on, and when it has ended."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from launcher.closing import print_summary
from launcher.progress import progress_line, progress_view
from results.run_folder import RunFolder
from tests.runs import experiment

_SUMMARY = {
    "strategy": "parameter_server",
    "workers": 2,
    "workload": "digits_mlp",
    "batch_total": 64,
    "keras": 3,
    "examples_per_second": 12_345.6,
    "examples_per_second_low": 12_000.0,
    "examples_per_second_high": 13_000.0,
    "step_seconds_median": 0.00277,
    "total_seconds": 12.3,
    "training_seconds": 4.5,
    "preparation_seconds": 2.0,
    "steps": 400,
    "examples": 25_600,
    "seconds_to_first_step": 6.1,
    "seconds_to_first_step_import": 4.0,
    "core_seconds": 36.0,
    "peak_rss_mb_sum": 1234.5,
    "wait_share": 0.25,
    "quality": 0.9512,
    "quality_name": "accuracy",
    "loss_first": 2.3,
    "loss_last": 0.12,
}


def test_live_view_has_a_line_for_each_task_and_a_bar(tmp_path: Path) -> None:
    asked, folder = experiment("strategy=multiworker", "workers=2"), RunFolder(tmp_path)
    folder.write(
        "tasks/chief-0/progress.json",
        {
            "state": "training",
            "step": 120,
            "examples_per_second": 812.0,
            "loss": 0.231,
            "cpu_percent": 97.0,
            "rss_mb": 612.0,
        },
    )
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    with progress_view(asked, folder, console) as view:
        view.update()
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    for word in ("chief-0", "training", "120", "812", "0.231", "97", "612", "worker-0", "starting"):
        assert word in shown
    assert f"step 120 of {asked.until.steps}" in shown
    assert "━" in shown


def test_without_a_terminal_nothing_is_said_before_some_seconds(tmp_path: Path) -> None:
    asked = experiment()
    console = Console(file=io.StringIO(), force_terminal=False)
    with progress_view(asked, RunFolder(tmp_path), console) as view:
        view.update()
    assert console.file.getvalue() == ""  # type: ignore[attr-defined]


def test_plain_line_tells_states_apart() -> None:
    said = {
        "chief-0": {"state": "training"},
        "worker-0": {"state": "training"},
    }
    line = progress_line(12.2, said, ["step 7 of 9", "loss 0.5"]).plain
    assert line == "  12 s  training  step 7 of 9  loss 0.5"
    said["worker-0"]["state"] = "saving"
    assert "training: chief-0; saving: worker-0" in progress_line(1, said, []).plain


@pytest.mark.parametrize(("strategy", "rate"), [("multiworker", 30), ("parameter_server", 10)])
def test_what_a_coordinator_counts_for_its_workers_is_not_counted_twice(
    strategy: str, rate: int, tmp_path: Path
) -> None:
    asked, folder = experiment(f"strategy={strategy}", "workers=2"), RunFolder(tmp_path)
    for task, own in (("chief-0", 10.0), ("worker-0", 20.0)):
        record = {"state": "training", "step": 7, "examples_per_second": own}
        folder.write(f"tasks/{task}/progress.json", record)
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    with progress_view(asked, folder, console) as view:
        view.update()
    assert f"{rate} examples/s" in console.file.getvalue()  # type: ignore[attr-defined]


def test_summary_fits_eighty_columns_and_tells_what_is_known(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("")
    console = Console(file=io.StringIO(), width=200)
    print_summary(_SUMMARY, tmp_path / "report.html" / "..", console)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    for word in ("12,346 examples/s", "95% within this run", "0.0100 core-hours", "1,234 MB"):
        assert word in " ".join(shown.split())
    assert "25% of a step waits for it" in shown


def test_summary_of_a_run_that_measured_nothing_claims_nothing(tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), width=80)
    print_summary(dict.fromkeys(_SUMMARY), tmp_path, console)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "not measured" in shown
    assert "Input" not in shown
    assert "Folder" in shown


def test_goodput_is_told_where_a_failure_set_it_apart_from_speed(tmp_path: Path) -> None:
    cost = {
        "restarts": 2,
        "replaced_workers": 1,
        "restart_seconds": 7.25,
        "lost_steps": 1_234,
        "repeated_examples": 123_456,
        "goodput_examples_per_second": 3_210.0,
        "goodput_share": 0.61,
    }
    shown = {}
    for name, failures in (
        ("some", cost),
        ("none", {**cost, "restarts": 0, "replaced_workers": 0}),
    ):
        console = Console(file=io.StringIO(), width=200)
        print_summary({**_SUMMARY, **failures}, tmp_path, console)
        shown[name] = console.file.getvalue()  # type: ignore[attr-defined]
    assert max(map(len, shown["some"].splitlines())) <= 80
    told = " ".join(shown["some"].split())
    assert "2 restarts (7.2 s), 1 worker replaced, 1,234 steps lost, 123,456 examples" in told
    assert "3,210 examples/s from the start on, 61% of the time in useful steps" in told
    assert "Goodput" not in shown["none"]
    assert "Failures" not in shown["none"]


def test_live_view_tells_all_in_a_line_of_eighty_columns(tmp_path: Path) -> None:
    asked, folder = experiment("until.steps=20000"), RunFolder(tmp_path)
    record = {"state": "training", "step": 12_345, "examples_per_second": 123_456.0, "loss": 0.0234}
    folder.write("tasks/chief-0/progress.json", record)
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    with progress_view(asked, folder, console) as view:
        view.update()
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "step 12,345 of 20,000  123,456 examples/s  loss 0.0234" in shown
