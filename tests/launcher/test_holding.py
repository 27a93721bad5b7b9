"""Locks name who holds them, are free when the holder is gone, however it went."""

import multiprocessing
import signal
from pathlib import Path

import pytest

from launcher.holding import LOCK_VARIABLE, the_host, the_sweep
from results.errors import UserError

_SPAWN = multiprocessing.get_context("spawn")


def _hold(folder: Path, lock: Path, ready, leave) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(LOCK_VARIABLE, str(lock))
        with the_host(wait=False) as name_folder, the_sweep(folder, "hydra.sweep.dir"):
            name_folder(folder)
            ready.set()
            leave.wait()


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(LOCK_VARIABLE, str(tmp_path / "host.lock"))
    return tmp_path / "host.lock"


@pytest.fixture
def held(tmp_path: Path, lock: Path):
    """Another process that holds the host and the sweep in `tmp_path`, and what lets it go."""
    ready, leave = _SPAWN.Event(), _SPAWN.Event()
    process = _SPAWN.Process(target=_hold, args=(tmp_path, lock, ready, leave))
    process.start()
    assert ready.wait(60)
    yield process, leave
    leave.set()
    process.join()


def test_second_measurement_on_a_host_is_refused_and_told_who_measures(tmp_path, held):
    process, _ = held
    with pytest.raises(UserError) as refused, the_host(wait=False):
        pass
    told = str(refused.value)
    assert told.startswith("wait=false: ")
    assert f"process {process.pid}" in told
    assert str(tmp_path) in told
    assert "wait=true" in told


def test_second_launcher_in_a_sweep_is_refused_and_told_who_is_there(tmp_path, held):
    process, _ = held
    with pytest.raises(UserError, match=f"resume=.*process {process.pid}"):
        the_sweep(tmp_path, "resume").__enter__()


def test_lock_of_a_holder_that_was_killed_is_free(tmp_path, held):
    process, _ = held
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    with the_host(wait=False), the_sweep(tmp_path, "resume"):
        pass


def test_who_waits_is_next_when_the_holder_leaves(held, capsys):
    process, leave = held
    leave.set()
    with the_host(wait=True):
        process.join(60)
        assert process.exitcode == 0


def test_lock_can_be_taken_again_by_the_one_that_gave_it_back(lock):
    for _ in range(2):
        with the_host(wait=False):
            assert lock.is_file()
