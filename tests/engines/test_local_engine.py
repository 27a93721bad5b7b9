"""Every way to start a process keeps what an engine promises: forked or fresh, isolated or not,
here or by an agent."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psutil
import pytest

from launcher.engines import OVER_MEMORY, Engine, EngineError, Exit, Group, TaskProcess
from launcher.engines.local import LocalEngine
from launcher.engines.ray.engine import RayEngine, RaySettings
from launcher.engines.ray.room import SPREAD
from tests.engines.piped_agents import PipedEngine
from tests.engines.ray_cluster import ray_cluster

pytestmark = pytest.mark.ci


# On Ray all of it takes minutes, and tests/engines/test_ray.py has the rest of what it promises.
ENGINES = ["fork", "spawn", "agents", pytest.param("ray", marks=pytest.mark.figures)]


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    with ExitStack() as stack:
        if request.param == "ray":
            cluster = stack.enter_context(ray_cluster())
            made: Engine = RayEngine("spawn", RaySettings(cluster.address, SPREAD, 1.0, 0))
        else:
            agents = request.param == "agents"
            made = PipedEngine("spawn") if agents else LocalEngine(request.param)
        yield stack.enter_context(closing(made))


@pytest.fixture(scope="module")
def forking() -> Iterator[Engine]:
    with closing(LocalEngine("fork")) as opened:
        yield opened


@pytest.fixture(params=[True, False], ids=["isolated", "not isolated"])
def group(request: pytest.FixtureRequest, engine: Engine, tmp_path: Path) -> Iterator[Group]:
    with group_of(engine, tmp_path, request.param) as made:
        yield made


@contextmanager
def group_of(engine: Engine, folder: Path, isolated: bool) -> Iterator[Group]:
    with closing(engine.open(folder, (), isolated, lambda: False)) as group:
        yield group


def process(function: str, *arguments: str, log: Path, name: str = "task-0") -> TaskProcess:
    environment = {"OWN_VARIABLE": name}
    return TaskProcess(name, f"tests.engines.processes:{function}", arguments, environment, log)


def ended(group: Group, count: int, seconds: float = 60) -> dict[str, Exit]:
    found: dict[str, Exit] = {}
    limit = time.monotonic() + seconds
    while len(found) < count and time.monotonic() < limit:
        found |= group.poll(0.1)
    return found


def wait_for(path: Path) -> list[int]:
    limit = time.monotonic() + 60
    while not (path.exists() and path.read_text()) and time.monotonic() < limit:
        time.sleep(0.02)
    return [int(word) for word in path.read_text().split()]


def gone(pid: int, seconds: float = 3) -> bool:
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


def test_all_that_a_process_prints_is_in_its_log(group, tmp_path):
    group.start(process("say", "hello", log=tmp_path / "log"))
    assert ended(group, 1)["task-0"].code == 0
    assert {"hello", "to stderr"} <= set((tmp_path / "log").read_text().splitlines())


def test_exit_codes_and_exceptions_come_back(group, tmp_path):
    group.start(process("leave", "7", log=tmp_path / "a", name="a"))
    group.start(process("fail", log=tmp_path / "b", name="b"))
    codes = {name: each.code for name, each in ended(group, 2).items()}
    assert codes == {"a": 7, "b": 1}
    assert "ValueError: planted" in (tmp_path / "b").read_text()


def test_each_process_has_its_own_environment_and_no_descriptor_of_ours(group, tmp_path):
    for name in ("a", "b"):
        answer = str(tmp_path / f"{name}.txt")
        group.start(
            process("tell_environment", "OWN_VARIABLE", answer, log=tmp_path / name, name=name)
        )
    ended(group, 2)
    told = [(tmp_path / f"{name}.txt").read_text().split() for name in ("a", "b")]
    assert [word for word, _ in told] == ["a", "b"]
    assert all(int(count) == 4 for _, count in told)  # input, output, error, and the listing's own


def test_processes_of_one_group_draw_different_random_numbers(group, tmp_path):
    for name in ("a", "b"):
        answer = str(tmp_path / f"{name}.txt")
        group.start(process("draw", answer, log=tmp_path / name, name=name))
    ended(group, 2)
    assert (tmp_path / "a.txt").read_text() != (tmp_path / "b.txt").read_text()


def test_stop_ends_it_with_what_it_started_in_its_group(group, tmp_path):
    group.start(process("sleep", str(tmp_path / "mark"), log=tmp_path / "log"))
    wait_for(tmp_path / "mark")
    pids = outside(tmp_path / "log")
    assert len(pids) == 2
    exits = group.stop(["task-0"], grace_seconds=5)
    assert exits["task-0"].code == -signal.SIGTERM
    assert all(gone(pid) for pid in pids)


def test_a_killed_process_comes_back_as_its_signal(group, tmp_path):
    group.start(process("sleep", str(tmp_path / "mark"), log=tmp_path / "log"))
    wait_for(tmp_path / "mark")
    os.kill(outside(tmp_path / "log")[0], signal.SIGKILL)
    assert ended(group, 1)["task-0"].code == -signal.SIGKILL


def test_ends_come_in_the_order_in_which_they_happened(group, tmp_path):
    names = [f"task-{number}" for number in range(4)]
    for name in names:
        group.start(process("sleep", str(tmp_path / name), log=tmp_path / f"{name}.log", name=name))
    for name in names:
        wait_for(tmp_path / name)
    order = [names[index] for index in (2, 0, 3, 1)]
    for name in order:
        os.kill(outside(tmp_path / f"{name}.log")[0], signal.SIGKILL)
        time.sleep(0.05)
    exits = ended(group, 4)
    assert sorted(names, key=lambda name: exits[name].seen_ns) == order


def test_a_look_tells_memory_and_whether_a_process_is_stopped(group, tmp_path):
    group.start(process("sleep", str(tmp_path / "mark"), log=tmp_path / "log"))
    wait_for(tmp_path / "mark")
    limit = time.monotonic() + 5
    while "task-0" not in group.look() and time.monotonic() < limit:  # an agent tells it later
        time.sleep(0.02)
    assert not group.look()["task-0"].stopped
    assert group.look()["task-0"].rss_bytes > 1_000_000
    group.signal("task-0", signal.SIGSTOP)
    limit = time.monotonic() + 5
    while not group.look()["task-0"].stopped:
        assert time.monotonic() < limit
    group.stop(["task-0"], grace_seconds=0)
    assert group.look() == {}


def test_a_process_over_its_memory_is_ended_for_it(group, tmp_path):
    limited = TaskProcess(
        "task-0",
        "tests.engines.processes:take_memory",
        ["400"],
        {},
        tmp_path / "log",
        memory_bytes=500_000_000,
    )
    group.start(limited)
    assert ended(group, 1)["task-0"].ended_for == OVER_MEMORY


def test_closing_a_group_ends_even_what_has_a_session_of_its_own(engine, tmp_path):
    for isolated in (True, False):
        log = tmp_path / f"{isolated}.log"
        mark = tmp_path / f"{isolated}"
        with group_of(engine, tmp_path, isolated) as group:
            group.start(process("sleep", str(mark), "own", log=log))
            wait_for(mark)
            pids = outside(log)
            assert len(pids) == 2
        assert all(gone(pid) for pid in pids)


def test_isolated_processes_are_out_of_reach_and_others_are_not(forking, tmp_path):
    for isolated in (True, False):
        answer = tmp_path / f"{isolated}.txt"
        with group_of(forking, tmp_path, isolated) as group:
            assert group.isolation.kind == ("namespace" if isolated else "none")
            group.start(process("listen", str(answer), log=tmp_path / "log"))
            (port,) = wait_for(answer)
            assert answers(port) is not isolated


def test_two_groups_at_once_have_nothing_to_do_with_each_other(engine, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    with group_of(engine, first, True) as one, group_of(engine, second, False) as other:
        one.start(process("leave", "3", log=tmp_path / "a"))
        other.start(process("leave", "4", log=tmp_path / "b"))
        assert (ended(one, 1)["task-0"].code, ended(other, 1)["task-0"].code) == (3, 4)


def test_nothing_outlives_a_launcher_that_is_killed(tmp_path):
    script = (
        "import sys, time; from pathlib import Path\n"
        "from launcher.engines import TaskProcess\n"
        "from launcher.engines.local import LocalEngine\n"
        "group = LocalEngine('spawn').open(Path('.'), (), sys.argv[2] == 'True', lambda: False)\n"
        "group.start(TaskProcess('task-0', 'tests.engines.processes:sleep',\n"
        "    [sys.argv[1], 'own'], {}, Path(sys.argv[1] + '.log')))\n"
        "time.sleep(1000)\n"
    )
    for isolated in (True, False):
        mark = tmp_path / str(isolated)
        words = [sys.executable, "-c", script, str(mark), str(isolated)]
        launcher = subprocess.Popen(words)
        wait_for(mark)
        pids = outside(Path(f"{mark}.log"))
        launcher.kill()
        launcher.wait()
        assert pids
        assert all(gone(pid) for pid in pids)


def test_what_a_killed_leader_led_ends_with_it_and_the_engine_goes_on(forking, tmp_path):
    for isolated in (True, False):
        log, mark = tmp_path / f"{isolated}.log", tmp_path / str(isolated)
        with group_of(forking, tmp_path, isolated) as group:
            group.start(process("sleep", str(mark), "own", log=log))
            wait_for(mark)
            pids = outside(log)
            os.kill(psutil.Process(pids[0]).ppid(), signal.SIGKILL)
            with pytest.raises(EngineError, match="was killed"):
                ended(group, 1, seconds=5)
            assert all(gone(pid) for pid in pids)
        with group_of(forking, tmp_path, isolated) as group:
            group.start(process("leave", "0", log=log))
            assert ended(group, 1)["task-0"].code == 0


def test_a_server_that_dies_is_told_with_what_it_said(tmp_path):
    with closing(LocalEngine("spawn")) as engine:
        engine.open(tmp_path, (), False, lambda: False).close()
        engine._server.kill()
        engine._server.wait()
        with pytest.raises(EngineError, match="has ended"):
            engine.open(tmp_path, (), False, lambda: False)


def test_server_that_touched_a_device_starts_fresh_processes_and_says_so(tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nif 'launcher.engines.server' in sys.orig_argv:\n"
        "    import tensorflow as tf\n    tf.constant(1.0)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    with closing(LocalEngine("fork")) as engine, group_of(engine, tmp_path, True) as group:
        assert group.warning is not None
        assert "launch.method=fork" in group.warning
        group.start(process("tell_parent_modules", str(tmp_path / "told"), log=tmp_path / "log"))
        assert ended(group, 1)["task-0"].code == 0
    assert (tmp_path / "told").read_text() == "False"


def outside(log: Path) -> list[int]:
    """Processes that print into the log, as this process numbers them; the task's own first."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                if os.readlink(f"/proc/{entry}/fd/1") == str(log):
                    found.append(int(entry))
            except OSError:
                continue
    return sorted(found)


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
