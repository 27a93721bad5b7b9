"""Data is written once, whole or not at all, whoever comes and whoever dies."""

import multiprocessing
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from input_pipelines import prepare
from results.errors import UserError
from tests.input_pipelines.slow_source import SlowSource

processes = multiprocessing.get_context("spawn")


@pytest.fixture
def source(tmp_path: Path) -> SlowSource:
    traces = tmp_path / "traces"
    traces.mkdir()
    return SlowSource(str(traces))


def attempts(source: SlowSource) -> int:
    return len(list(Path(source.traces).iterdir()))


def test_second_call_finds_what_the_first_made(source: SlowSource, tmp_path: Path) -> None:
    first = prepare(source, "slow", tmp_path / "cache")
    second = prepare(source, "slow", tmp_path / "cache")
    assert first.folder == second.folder == tmp_path / "cache" / "slow-abc"
    assert (first.made, second.made, attempts(source)) == (True, False, 1)
    assert first.seconds > second.seconds
    assert (first.folder / "whole").exists()


def test_two_processes_at_once_make_the_data_once(source: SlowSource, tmp_path: Path) -> None:
    with processes.Pool(2) as pool:
        arguments = (source, "slow", tmp_path / "cache")
        pending = [pool.apply_async(prepare, arguments) for _ in range(2)]
        made = sorted(each.get(timeout=60).made for each in pending)
    assert made == [False, True]
    assert attempts(source) == 1


def test_nothing_is_left_of_a_failed_attempt(source: SlowSource, tmp_path: Path) -> None:
    failing = replace(source, error=OSError(28, "No space left on device"))
    with pytest.raises(OSError, match="No space left"):
        prepare(failing, "slow", tmp_path / "cache")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["slow-abc.lock"]
    assert prepare(source, "slow", tmp_path / "cache").made


@pytest.mark.ci
@pytest.mark.parametrize("other", ["abc", "def"])
def test_leftovers_of_a_killed_process_are_removed(
    source: SlowSource, tmp_path: Path, other: str
) -> None:
    cache = tmp_path / "cache"
    endless = replace(source, seconds=600.0)
    victim = processes.Process(target=prepare, args=(endless, "slow", cache))
    victim.start()
    wait_for(lambda: list(cache.glob("*.writing-*/half")))
    assert victim.pid is not None
    os.kill(victim.pid, signal.SIGKILL)
    victim.join()
    assert list(cache.glob("*.writing-*"))
    assert prepare(replace(source, identity=other), "slow", cache).made
    assert not list(cache.glob("*.writing-*"))


@pytest.mark.ci
def test_what_a_living_process_writes_is_left_alone(source: SlowSource, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    other = processes.Process(target=prepare, args=(replace(source, seconds=3.0), "slow", cache))
    other.start()
    wait_for(lambda: list(cache.glob("*.writing-*/half")))
    prepare(replace(source, identity="def"), "slow", cache)
    assert list(cache.glob("slow-abc.writing-*/half"))
    other.join()
    assert (cache / "slow-abc" / "whole").exists()


def test_cache_folder_that_cannot_be_made_is_a_users_error(
    source: SlowSource, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cache_folder="):
        prepare(source, "slow", tmp_path / "file" / "cache")


def wait_for(condition) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
