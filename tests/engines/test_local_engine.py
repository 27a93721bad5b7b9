"""Both ways to start a process here keep the engine's promises."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from launcher.engines import Engine, EngineError, Exit, TaskProcess
from launcher.engines.local import ForkEngine, SpawnEngine

pytestmark = pytest.mark.ci


@pytest.fixture(scope="module", params=[ForkEngine, SpawnEngine])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    opened = request.param()
    yield opened
    opened.close()


def process(function: str, *arguments: str, log: Path, name: str = "task-0") -> TaskProcess:
    environment = {"OWN_VARIABLE": name}
    return TaskProcess(name, f"tests.engines.processes:{function}", arguments, environment, log)


def ended(engine: Engine, count: int, seconds: float = 60) -> dict[str, Exit]:
    found: dict[str, Exit] = {}
    limit = time.monotonic() + seconds
    while len(found) < count and time.monotonic() < limit:
        found |= engine.poll(0.1)
    return found


def wait_for(path: Path) -> list[int]:
    limit = time.monotonic() + 60
    while not (path.exists() and path.read_text()) and time.monotonic() < limit:
        time.sleep(0.02)
    return [int(word) for word in path.read_text().split()]


def gone(pid: int, seconds: float = 3) -> bool:
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


def test_all_that_a_process_prints_is_in_its_log(engine, tmp_path):
    engine.start(process("say", "hello", log=tmp_path / "log"))
    assert ended(engine, 1)["task-0"].code == 0
    assert {"hello", "to stderr"} <= set((tmp_path / "log").read_text().splitlines())


def test_exit_codes_and_exceptions_come_back(engine, tmp_path):
    engine.start(process("leave", "7", log=tmp_path / "a", name="a"))
    engine.start(process("fail", log=tmp_path / "b", name="b"))
    codes = {name: each.code for name, each in ended(engine, 2).items()}
    assert codes == {"a": 7, "b": 1}
    assert "ValueError: planted" in (tmp_path / "b").read_text()


def test_each_process_has_its_own_environment_and_no_descriptor_of_ours(engine, tmp_path):
    for name in ("a", "b"):
        answer = str(tmp_path / f"{name}.txt")
        engine.start(
            process("tell_environment", "OWN_VARIABLE", answer, log=tmp_path / name, name=name)
        )
    ended(engine, 2)
    told = [(tmp_path / f"{name}.txt").read_text().split() for name in ("a", "b")]
    assert [word for word, _ in told] == ["a", "b"]
    assert all(int(count) <= 12 for _, count in told)


def test_stop_ends_it_with_what_it_started_in_its_group(engine, tmp_path):
    engine.start(process("sleep", str(tmp_path / "mark"), log=tmp_path / "log"))
    pids = wait_for(tmp_path / "mark")
    exits = engine.stop(["task-0"], grace_seconds=5)
    assert exits["task-0"].code == -signal.SIGTERM
    assert all(gone(pid) for pid in pids)


def test_a_killed_process_comes_back_as_its_signal(engine, tmp_path):
    engine.start(process("sleep", str(tmp_path / "mark"), log=tmp_path / "log"))
    own, _ = wait_for(tmp_path / "mark")
    os.kill(own, signal.SIGKILL)
    assert ended(engine, 1)["task-0"].code == -signal.SIGKILL


def test_nothing_outlives_a_launcher_that_is_killed(tmp_path):
    script = (
        "import sys, time; from pathlib import Path\n"
        "from launcher.engines import TaskProcess\n"
        "from launcher.engines.local import ForkEngine\n"
        "engine = ForkEngine()\n"
        "engine.start(TaskProcess('task-0', 'tests.engines.processes:sleep',\n"
        "    [sys.argv[1], 'own'], {}, Path(sys.argv[1] + '.log')))\n"
        "time.sleep(1000)\n"
    )
    launcher = subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "mark")])
    pids = wait_for(tmp_path / "mark")
    launcher.kill()
    launcher.wait()
    assert all(gone(pid) for pid in pids)


def test_what_a_task_left_behind_is_ended_with_it(tmp_path):
    engine = ForkEngine()
    engine.start(process("sleep", str(tmp_path / "mark"), "own", log=tmp_path / "log"))
    _, child = wait_for(tmp_path / "mark")
    engine.stop(["task-0"], grace_seconds=5)
    assert gone(child)
    engine.close()


def test_a_server_that_dies_is_told_with_what_it_said(tmp_path):
    engine = ForkEngine()
    engine.start(process("say", "hello", log=tmp_path / "log"))
    ended(engine, 1)
    engine._server.kill()
    with pytest.raises(EngineError, match="has ended"):
        ended(engine, 1, seconds=5)
    engine.close()
