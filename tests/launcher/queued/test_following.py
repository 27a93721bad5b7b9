"""Ctrl-C while a job is followed: what counts as a yes, and what is said where nobody answers."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from launcher.queued import following
from launcher.queued.files import Asked, write_asked
from tests.launcher.command_line import REPOSITORY
from tests.launcher.queued.fake_slurm import command
from tests.runs import experiment


@pytest.mark.parametrize(
    ("typed", "is_yes"),
    [("y\n", True), ("Yes\n", True), ("n\n", False), ("what?\n\nno\n", False), ("", False)],
)
def test_only_yes_is_a_yes_and_a_terminal_that_has_gone_is_a_no(monkeypatch, typed, is_yes):
    reading, writing = os.pipe()
    os.write(writing, typed.encode())
    os.close(writing)
    with os.fdopen(reading, "rb", buffering=0) as raw, open(raw.fileno(), closefd=False) as typing:
        monkeypatch.setattr("sys.stdin", typing)
        assert following._asked_at_terminal("cancel? ", lambda: False) is is_yes


def test_a_second_ctrl_c_is_a_yes(monkeypatch):
    reading, writing = os.pipe()
    with os.fdopen(reading) as typing, os.fdopen(writing, "w"):
        monkeypatch.setattr("sys.stdin", typing)
        assert following._asked_at_terminal("cancel? ", lambda: True)


def test_ctrl_c_while_the_controller_is_silent_says_at_once_what_is_waited_for(
    tmp_path: Path,
) -> None:
    run, asked, answers = tmp_path / "run", tmp_path / "asked", tmp_path / "answers"
    run.mkdir()
    words = ("engine=slurm", "strategy=multiworker", "workers=2")
    write_asked(run, Asked(experiment(*words), words, job="7"))
    silent = "echo 'Unable to contact slurm controller (connect failure)' >&2; exit 1"
    command(
        tmp_path, "scontrol", f"touch {asked}; until [ -e {answers} ]; do sleep 0.1; done; {silent}"
    )
    for name in ("scancel", "squeue"):
        command(tmp_path, name, silent)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    attached = subprocess.Popen(
        [sys.executable, "-m", "launcher", f"attach={run}"],
        env={**os.environ, "PATH": path, "PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with attached:
        assert attached.stderr is not None
        while not asked.exists():
            assert attached.poll() is None
            time.sleep(0.05)
        attached.send_signal(signal.SIGINT)
        # Read while the command still waits for its answer.
        assert attached.stderr.readline() == "waiting for the controller to tell how job 7 is\n"
        answers.touch()
        told = attached.stderr.read().splitlines()
    assert told[-2:] == [
        "the controller is asked to end job 7",
        "job 7 can't be cancelled: Unable to contact slurm controller (connect failure)",
    ]
    assert attached.returncode == 130
