"""`python -m benchmarks fit-batch …`, as a person types it, with real runs."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.launcher.command_line import REPOSITORY

_SECONDS = 120


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks", "fit-batch", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY), "COLUMNS": "80"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def fit_batch(folder: Path, *words: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error."""
    process = start(folder, *words)
    out, err = process.communicate(timeout=_SECONDS)
    return process.returncode, out, err


@pytest.mark.ci
def test_batch_that_ran_under_the_limit_is_named_with_its_line(
    tmp_path: Path,
) -> None:
    code, out, err = fit_batch(tmp_path, "workload=digits_mlp", "limit_mb=2000", "folder=fit")
    assert code == 0, err
    assert max(map(len, out.splitlines())) <= 80
    assert len(re.findall(r"^run \d: batch [\d,]+: [\d,]+ MB, fits$", out, re.MULTILINE)) == 3
    found = json.loads((tmp_path / "fit/fit_batch.json").read_text())
    assert [each["batch"] for each in found["trials"]] == [1, 32, 1437]
    assert found["batch_per_replica"] == found["all_examples_batch"] == 1437
    assert found["framework_mb"] < found["line"]["base_mb"] < found["peak_mb"] <= 2000
    assert "all training examples" in out
    assert found["room"] == []  # none is wanted
    for name in found["runs"]:
        plan = json.loads((tmp_path / "fit" / name / "plan.json").read_text())
        assert plan["experiment"]["watch"]["memory_mb"] == 2000


@pytest.mark.ci
def test_limit_below_the_smallest_batch_is_refused_with_the_smallest_that_holds_it(
    tmp_path: Path,
) -> None:
    code, out, err = fit_batch(tmp_path, "workload=digits_mlp", "limit_mb=50", "folder=fit")
    assert code == 2
    assert out.startswith("run 1: batch 1: over the limit, does not fit\n")
    (needed,) = re.findall(r"give limit_mb=(\d+) at least$", err.strip())
    peak = json.loads((tmp_path / "fit/2/summary.json").read_text())["peak_rss_mb_task_max"]
    assert 50 < peak < int(needed) < 1.1 * peak
    assert err.count("\n") == 1


@pytest.mark.ci
def test_interrupt_ends_the_run_under_way_and_leaves_no_process(tmp_path: Path) -> None:
    process = start(tmp_path, "workload=digits_mlp", "limit_mb=2000", "folder=fit")
    deadline = time.monotonic() + _SECONDS
    while not (tmp_path / "fit/1").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    started = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=_SECONDS)
    assert process.returncode == 130
    assert err.startswith("interrupted; ")
    assert ("lies in fit" in err) == (tmp_path / "fit").exists()
    assert started
    _, alive = psutil.wait_procs(started, timeout=10)
    assert not alive


@pytest.mark.ci
def test_kill_9_takes_the_run_under_way_with_it_and_its_folder_says_so(tmp_path: Path) -> None:
    process = start(tmp_path, "workload=digits_mlp", "limit_mb=2000", "folder=fit")
    events = tmp_path / "fit/1/tasks/chief-0/events.jsonl"
    deadline = time.monotonic() + _SECONDS
    while not events.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    started = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate(timeout=_SECONDS)
    assert started
    _, alive = psutil.wait_procs(started, timeout=10)
    assert not alive
    assert json.loads((tmp_path / "fit/1/status.json").read_text())["state"] == "interrupted"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["workload=digits_mlp"], "limit_mb=: missing"),
        (["workload=digits_mlp", "limit_mb=much"], "limit_mb=much: no number"),
        (["workload=digits_mlp", "limit_mb=0.5"], "limit_mb=0.5: not whole; give a number such"),
        (["workload=digits_mlp", "limit_mb=1e9"], "limit_mb=1000000000: more than the "),
        (
            ["workload=digits_mlp", "limit_mb=500", "batch.total=8"],
            "batch.total=8: fit-batch sets this for each run; leave it out",
        ),
        (
            ["limit_mb=500", "dry_run=true"],
            "dry_run=true: starts nothing, and fit-batch measures; leave it out",
        ),
        (["limit_mb=500", "attach=sw/0"], "attach=sw/0: follows another run, and fit-batch"),
        (["limit_mb=500", "resume=sw"], "resume=sw: goes on with a sweep, and fit-batch"),
        (["workload=digits_mlp", "limit_mb=500", "folder=."], "folder=.: is there already"),
        (
            ["workload=digits_mlp", "limit_mb=500", "until.step=4", "folder=a/new/one"],
            "until.step=4: no such key; did you mean until.steps?",
        ),
    ],
)
def test_what_is_wrong_is_said_in_a_line_before_anything_runs(
    words: list[str], said: str, tmp_path: Path
) -> None:
    code, out, err = fit_batch(tmp_path, *words)
    assert (code, out) == (2, "")
    assert err.startswith(f"benchmarks: {said}")
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())
