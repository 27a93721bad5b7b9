"""What is told to leave leaves, and cleans up first, whatever swallows the first word."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.launcher.command_line import REPOSITORY

_PROGRAM = """
import sys, time
from launcher.leaving import leaving_when_told

def pause(seconds):
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        time.sleep(0.01)

class Deaf:
    def __del__(self):
        print("waits", flush=True)
        pause(60)

def deaf():
    try:
        print("waits", flush=True)
        pause(60)
    except BaseException:
        pass

def listening():
    print("waits", flush=True)

with leaving_when_told():
    try:
        {swallows}
        pause(60)
    finally:
        pause(0.5)
        print("cleaned up", flush=True)
"""


@pytest.mark.parametrize("swallows", ["Deaf()", "deaf()", "listening()"])
def test_what_is_told_to_leave_cleans_up_and_leaves(swallows: str, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _PROGRAM.format(swallows=swallows)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == "waits\n"
        started.send_signal(signal.SIGTERM)
        said, trouble = started.communicate(timeout=20)
    assert said == "cleaned up\n"
    assert trouble.rstrip().endswith("KeyboardInterrupt")
    assert started.returncode == -signal.SIGINT
