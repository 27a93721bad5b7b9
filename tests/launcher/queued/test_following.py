"""While a job is followed: what counts as a yes on Ctrl-C, and what is said where nobody answers or
the answer makes no sense."""

import os
from pathlib import Path

import pytest

from launcher.queued import following
from launcher.queued.files import Asked, write_asked
from tests.launcher.command_line import launch
from tests.launcher.queued.fake_slurm import SILENCE, command, interrupted_in_silence
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
    run = tmp_path / "run"
    run.mkdir()
    words = ("engine=slurm", "strategy=multiworker", "workers=2")
    write_asked(run, Asked(experiment(*words), words, job="7"))
    code, at_once, told = interrupted_in_silence(tmp_path, f"attach={run}")
    assert at_once == "waiting for the controller to tell how job 7 is"
    assert told[-2:] == [
        "the controller is asked to end job 7",
        f"job 7 can't be cancelled: {SILENCE}",
    ]
    assert code == 130


def test_a_reply_that_cannot_be_read_is_told_and_asked_for_again(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    words = ("engine=slurm", "strategy=multiworker", "workers=2")
    write_asked(run, Asked(experiment(*words), words, job="7"))
    ended = "JobId=7 JobState=CANCELLED Reason=None"
    first = f"[ -e '{tmp_path}/asked' ] || {{ touch '{tmp_path}/asked'; echo half a reply; exit; }}"
    command(tmp_path, "scontrol", f"{first}; echo {ended}")
    attached = launch(tmp_path, "attach=run", PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert attached.stderr.splitlines()[0] == (
        "the controller doesn't tell how job 7 is (scontrol says nothing of a job: half a reply); "
        "the job may well go on"
    )
    assert attached.returncode == 130
    assert attached.stderr.splitlines()[1:] == [
        "interrupted: job 7 ended as CANCELLED",
        "what was measured lies in run",
    ]
