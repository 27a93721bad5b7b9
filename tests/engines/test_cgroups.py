"""Emulated hosts' cores and memory: what processes get, who is ended, and that nothing is left."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from launcher.engines import OVER_HOST_MEMORY, EngineError, Group, Host, TaskProcess, cgroups
from launcher.engines.cgroup_places import parents
from launcher.engines.local import LocalEngine
from tests.engines.test_namespaces import become_nobody, in_child

WHY_NOT = cgroups.why_not(cores=True, memory=True)
needs_groups = pytest.mark.skipif(WHY_NOT is not None, reason=f"{WHY_NOT}")
_SECONDS = 2.0
_OFF = 0.1
"""What was left of a period, and of a tick of the scheduler, in so few seconds."""
_LESS = 0.4
"""By which a busy machine may treat one process worse than another in that time."""
PATIENCE_SECONDS = 30.0


def process(name: str, host: Host, folder: Path, function: str, *arguments: str) -> TaskProcess:
    module = "tests.engines.processes"
    return TaskProcess(name, f"{module}:{function}", arguments, {}, folder / "log", host=host)


def groups_there() -> set[Path]:
    return {folder for each in parents() for folder in each.glob("distribute-bench-*")}


def until(true: Callable[[], bool]) -> bool:
    limit = time.monotonic() + PATIENCE_SECONDS
    while not true() and time.monotonic() < limit:
        time.sleep(0.02)
    return true()


def shares_of(group: Group, hosts: dict[str, Host], folder: Path) -> dict[str, float]:
    """CPU seconds a second of processes that compute at once, by their names."""
    answers = {name: folder / f"{name}.json" for name in hosts}
    for name, host in hosts.items():
        arguments = (str(_SECONDS), str(answers[name]))
        group.start(process(name, host, folder, "compute", *arguments))
    codes: dict[str, int] = {}
    limit = time.monotonic() + PATIENCE_SECONDS
    while len(codes) < len(hosts) and time.monotonic() < limit:
        codes |= {name: ended.code for name, ended in group.poll(0.1).items()}
    assert codes == dict.fromkeys(hosts, 0)
    return {name: float(path.read_text()) for name, path in answers.items()}


@needs_groups
@pytest.mark.ci
def test_processes_get_their_hosts_share_of_a_core_and_share_it(tmp_path: Path) -> None:
    half, shared, free = Host("half", cores=0.5), Host("shared", cores=0.5), Host("free", cores=2)
    hosts = {"alone": half, "one": shared, "other": shared, "free": free}
    with (
        closing(LocalEngine("spawn")) as engine,
        closing(engine.open(tmp_path, (), False, lambda: False)) as group,
    ):
        got = shares_of(group, hosts, tmp_path)
    assert got["alone"] < 0.5 + _OFF
    assert got["one"] + got["other"] < 0.5 + 2 * _OFF
    # Where others keep the machine busy, a process that may take all it can gets less as well.
    assert got["alone"] > (1 - _LESS) * min(0.5, got["free"])


@needs_groups
@pytest.mark.ci
def test_process_over_its_hosts_memory_is_ended_and_another_hosts_is_not(tmp_path: Path) -> None:
    small, large = Host("small", memory_mb=60), Host("large", memory_mb=2000)
    before = groups_there()
    with (
        closing(LocalEngine("spawn")) as engine,
        closing(engine.open(tmp_path, (), True, lambda: False)) as group,
    ):
        for name, host in (("task-0", small), ("task-1", large)):
            group.start(process(name, host, tmp_path, "take_memory", "60"))
        ended = group.poll(PATIENCE_SECONDS)["task-0"]
        assert (ended.code, ended.ended_for) == (-signal.SIGKILL, OVER_HOST_MEMORY)
        assert list(group.look()) == ["task-1"]
        group.signal("task-1", signal.SIGKILL)
        by_somebody = group.poll(PATIENCE_SECONDS)["task-1"]
        assert (by_somebody.code, by_somebody.ended_for) == (-signal.SIGKILL, None)
        assert len(groups_there() - before) >= 1
    assert groups_there() <= before


@needs_groups
@pytest.mark.ci
@pytest.mark.parametrize("victim", ["leader", "server", "launcher"])
def test_whoever_is_killed_the_groups_go(tmp_path: Path, victim: str) -> None:
    before, pids = groups_there(), tmp_path / "pids"
    launcher = subprocess.Popen(
        [sys.executable, "-c", f"from {__name__} import hold; hold({str(tmp_path)!r})"]
    )
    try:
        assert until(lambda: pids.exists() and len(pids.read_text().split()) == 2)
        server, leader = map(int, pids.read_text().split())
        assert groups_there() - before
        killed = {"leader": leader, "server": server, "launcher": launcher.pid}[victim]
        os.kill(killed, signal.SIGKILL)
        assert until(lambda: groups_there() <= before), groups_there()
    finally:
        launcher.kill()
        launcher.wait()


def hold(folder: str) -> None:
    """In a process: a launcher with a task on a host, until what leads it is gone."""
    place = Path(folder)
    with (
        closing(LocalEngine("spawn")) as engine,
        closing(engine.open(place, (), False, lambda: False)) as group,
    ):
        host = Host("a", cores=1.0, memory_mb=500)
        group.start(process("task-0", host, place, "sleep", f"{place}/mark"))
        until((place / "mark").exists)
        (server,) = psutil.Process().children()
        (leader,) = server.children()
        (place / "pids").write_text(f"{server.pid} {leader.pid}")
        try:
            group.poll(PATIENCE_SECONDS)
        except EngineError:
            pass
        else:
            raise AssertionError("nothing was killed")
    time.sleep(PATIENCE_SECONDS)  # the launcher itself goes on


@needs_groups
def test_what_nobody_could_remove_goes_with_the_next_run() -> None:
    before = groups_there()
    killed = subprocess.run(
        [
            sys.executable,
            "-c",
            "import os; from launcher.engines import Host, cgroups\n"
            "cgroups.RunGroups().group_of(Host('a', cores=1)); os._exit(9)",
        ],
        check=False,
    )
    assert killed.returncode == 9
    assert groups_there() - before
    led = cgroups.RunGroups()
    led.group_of(Host("b", cores=1))
    try:
        assert len(groups_there() - before) == 1  # its own, which is locked
        cgroups.remove_left()
        assert len(groups_there() - before) == 1
    finally:
        led.remove()
    assert groups_there() <= before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_ordinary_user_is_told_what_is_missing() -> None:
    def as_nobody() -> str | None:
        become_nobody()
        return cgroups.why_not.__wrapped__(cores=True, memory=True)

    said = in_child(as_nobody)
    assert said is not None
    assert "\n" not in said
