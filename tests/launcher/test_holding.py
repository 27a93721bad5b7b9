"""Locks name who holds them, are free when the holder is gone, however it went."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from launcher.holding import LOCK_VARIABLE, the_host, the_sweep
from results.errors import UserError
from tests.launcher.command_line import REPOSITORY

_HOLD = """
import sys
from pathlib import Path
from launcher.holding import the_host, the_sweep
folder = Path(sys.argv[1])
with the_host(wait=False) as name_folder, the_sweep(folder, "hydra.sweep.dir"):
    name_folder(folder)
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(LOCK_VARIABLE, str(tmp_path / "host.lock"))
    return tmp_path / "host.lock"


@pytest.fixture
def held(tmp_path: Path, lock: Path):
    """Another process that holds the host and the sweep in `tmp_path` until its input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(tmp_path)],
        cwd=REPOSITORY,
        env={**os.environ, LOCK_VARIABLE: str(lock)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process


def test_second_measurement_on_a_host_is_refused_and_told_who_measures(tmp_path, held):
    with pytest.raises(UserError) as refused, the_host(wait=False):
        pass
    told = str(refused.value)
    assert told.startswith("wait=false: ")
    assert f"process {held.pid}" in told
    assert str(tmp_path) in told
    assert "wait=true" in told


def test_second_launcher_in_a_sweep_is_refused_and_told_who_is_there(tmp_path, held):
    with pytest.raises(UserError, match=f"resume=.*process {held.pid}"):
        the_sweep(tmp_path, "resume").__enter__()


def test_lock_of_a_holder_that_was_killed_is_free(tmp_path, held):
    held.kill()
    assert held.wait() == -signal.SIGKILL
    with the_host(wait=False), the_sweep(tmp_path, "resume") as held_before:
        assert held_before is not None
        assert held_before.process == held.pid
        assert not held_before.alive


def test_who_waits_is_next_when_the_holder_leaves(held):
    held.stdin.close()
    with the_host(wait=True):
        assert held.wait(60) == 0


def test_lock_can_be_taken_again_by_the_one_that_gave_it_back(lock):
    for _ in range(2):
        with the_host(wait=False):
            assert lock.is_file()
