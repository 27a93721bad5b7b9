"""The plot of memory by kind, from known figures."""

from pathlib import Path

from results import read_runs
from results.groups import grouped
from results.report.plots_of_memory import kinds_of_memory
from tests.results.flat_runs import write_flat_run

TOLD = {
    "framework_mb": 400.0,
    "variable_bytes": 20e6,
    "optimizer_bytes": 40e6,
    "peak_rss_mb_task_max": 1000.0,
    "input_buffers_mb": 100.0,
}


def test_kinds_add_up_to_the_peak_and_each_mirror_has_a_copy(tmp_path: Path) -> None:
    for strategy in ("mirrored", "multiworker", "parameter_server"):
        write_flat_run(tmp_path / strategy, 100.0, strategy=strategy, workers=2, **TOLD)
    plot = kinds_of_memory(grouped(read_runs(tmp_path)))
    assert plot is not None
    assert plot.numbers.rows == [
        ["mirrored × 2", "400", "40", "80", "100", "380"],
        ["multiworker × 2", "400", "20", "40", "100", "440"],
    ]
    assert plot.message == (
        "A task of mirrored × 2 takes 1,000 MB at most: 400 MB are the framework's own"
    )


def test_buffers_that_nobody_counted_are_in_the_rest(tmp_path: Path) -> None:
    write_flat_run(tmp_path / "0", 100.0, **TOLD | {"input_buffers_mb": None})
    plot = kinds_of_memory(grouped(read_runs(tmp_path)))
    assert plot is not None
    assert plot.numbers.rows[0][1:] == ["400", "40", "80", "–", "480"]
    assert plot.message.endswith("480 MB are gradients, activations and all else")


def test_what_is_not_known_is_no_plot(tmp_path: Path) -> None:
    write_flat_run(tmp_path / "0", 100.0, **TOLD | {"framework_mb": None})
    assert kinds_of_memory(grouped(read_runs(tmp_path))) is None
