"""How a command ends when a person, or another command, gets in its way: real processes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.launcher.command_line import REPOSITORY, launch

pytestmark = pytest.mark.ci


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    """The launcher as a process that goes on by itself, its words kept for the test."""
    return subprocess.Popen(
        [sys.executable, "-m", "launcher", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for_steps(run: Path, task: str = "chief-0") -> None:
    wait_for("first_call_done", run, task)


def wait_for(event: str, run: Path, task: str = "chief-0") -> None:
    events = run / "tasks" / task / "events.jsonl"
    limit = time.monotonic() + 120
    while not (events.exists() and f'"{event}"' in events.read_text()):
        assert time.monotonic() < limit
        time.sleep(0.02)


def descendants(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def all_gone(processes: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=3)
    return not [each for each in alive if each.status() != psutil.STATUS_ZOMBIE]


LONG = ("until.steps=1000000", "hydra.run.dir=run")


@pytest.mark.parametrize(
    "words",
    [("strategy=multiworker", "workers=2"), ("strategy=parameter_server", "workers=2")],
    ids=" ".join,
)
def test_ctrl_c_once_keeps_a_checkpoint_and_what_was_measured(tmp_path, words):
    command = start(tmp_path, *words, *LONG)
    run = tmp_path / "run"
    wait_for_steps(run)
    started = descendants(command)
    command.send_signal(signal.SIGINT)
    said, _ = command.communicate(timeout=60)
    assert command.returncode == 130, said
    assert json.loads((run / "status.json").read_text())["state"] == "interrupted"
    assert json.loads((run / "summary.json").read_text())["steps"] > 0
    assert list((run / "checkpoints").glob("*/manifest.json"))
    assert (run / "report.html").is_file()
    assert all_gone(started)
    assert not (run / "temporary").exists()


def test_ctrl_c_while_tasks_begin_is_heard_by_all(tmp_path):
    """TensorFlow takes SIGTERM for itself when a task joins its cluster."""
    command = start(tmp_path, "strategy=multiworker", "workers=2", *LONG, "report=false")
    run = tmp_path / "run"
    wait_for("cluster_joined", run, "worker-0")
    command.send_signal(signal.SIGINT)
    said, _ = command.communicate(timeout=60)
    assert command.returncode == 130, said
    for task in ("chief-0", "worker-0"):
        last = (run / "tasks" / task / "events.jsonl").read_text().splitlines()[-1]
        assert '"finished"' in last
        assert '"interrupted"' in last


def test_ctrl_c_twice_ends_at_once(tmp_path):
    command = start(tmp_path, "strategy=multiworker", "workers=2", *LONG)
    wait_for_steps(tmp_path / "run")
    started = descendants(command)
    command.send_signal(signal.SIGINT)
    time.sleep(0.3)
    command.send_signal(signal.SIGINT)
    said, _ = command.communicate(timeout=60)
    assert command.returncode == 130, said
    assert all_gone(started)


def test_a_second_launcher_in_the_same_folder_is_refused_and_harms_nothing(tmp_path):
    first = start(tmp_path, "until.steps=60", "hydra.run.dir=run")
    limit = time.monotonic() + 60
    while not (tmp_path / "run" / "temporary").exists():
        assert time.monotonic() < limit
        time.sleep(0.02)
    words = ("until.steps=60", "hydra.run.dir=run", "quiet.seconds=0")
    second = launch(tmp_path, *words, DISTRIBUTE_BENCH_LOCK=str(tmp_path / "lock"))
    assert second.returncode == 2
    assert "hydra.run.dir=" in second.stderr
    assert len(second.stderr.strip().splitlines()) == 1
    said, _ = first.communicate(timeout=120)
    assert first.returncode == 0, said
    assert json.loads((tmp_path / "run" / "status.json").read_text())["state"] == "done"


def test_checkpoint_of_another_workload_is_refused_before_anything_starts(tmp_path):
    assert launch(tmp_path, "until.steps=20", "hydra.run.dir=digits").returncode == 0
    restore = f"checkpoint.restore={tmp_path}/digits"
    refused = launch(tmp_path, "workload=embedding", restore, "hydra.run.dir=other")
    assert refused.returncode == 2
    assert "checkpoint.restore=" in refused.stderr
    assert not (tmp_path / "other").exists()
