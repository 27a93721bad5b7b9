"""What a group learns from its agents: on agents that follow a script, and on real ones that are
killed or stopped."""

import json
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from launcher.engines import LOST_HOST, EngineError, TaskProcess, agents
from launcher.engines.agent import host_file
from launcher.engines.agents import AgentGroup, Channel
from launcher.environment import environment
from results.errors import UserError
from results.run_folder import RunFolder
from tests.engines.piped_agents import PipedEngine


class ScriptedChannel(Channel):
    """Agents that answer what they are asked, each from the record of its host."""

    def __init__(self, folder: Path, hosts: Sequence[Mapping[str, Any]], ahead: float = 0.0):
        self.lines: list[tuple[int, str]] = []
        self.gone: dict[int, str] = {}
        self._hosts, self._ahead = hosts, ahead
        for number, host in enumerate(hosts):
            if host:
                RunFolder(folder).write(host_file(number), host)
            self.say(number, {"hello": host.get("why_not")})

    def say(self, number: int, record: Mapping[str, Any]) -> None:
        self.lines.append((number, json.dumps(record)))

    def send(self, line: str) -> None:
        request = json.loads(line)
        for number, host in enumerate(self._hosts):
            if request.get("to", number) != number or number in self.gone:
                continue
            if "beat" in request:
                self.say(number, {"beat": request["beat"], "clock": time.time() + self._ahead})
            elif "ports" in request:
                free = [port for port in host["free"] if port not in request["but"]]
                self.say(number, {"ports": free[: request["ports"]]})

    def receive(self, timeout: float) -> Sequence[tuple[int, str]]:
        taken, self.lines = self.lines, []
        if not taken:
            time.sleep(min(timeout, 0.01))
        return taken

    def ended(self) -> Mapping[int, str]:
        return self.gone

    def close(self) -> None:
        pass


def host(name: str, address: str = "10.0.0.1", **changed: Any) -> dict[str, Any]:
    here = environment()
    return {
        "host": name,
        "address": address,
        "cores": [0, 1],
        "free_bytes": 10**9,
        "environment": {**here, "packages": {**here["packages"], **changed}},
        "free": [20_000, 20_001, 20_002, 20_003],
    }


OPEN: list[AgentGroup] = []


@pytest.fixture(autouse=True)
def _all_closed():
    yield
    while OPEN:
        OPEN.pop().close()


def group_of(channel: Channel, folder: Path, tasks: Sequence[str]) -> AgentGroup:
    OPEN.append(AgentGroup(lambda *_: channel, folder, tasks, lambda: False))
    return OPEN[-1]


def polled_until(group: AgentGroup, is_so: Callable[[], Any], seconds: float = 20) -> dict:
    found, limit = {}, time.monotonic() + seconds
    while not is_so() and time.monotonic() < limit:
        found |= group.poll(0.05)
    assert is_so()
    return found


def test_tasks_on_one_host_get_ports_of_their_own_and_others_may_have_the_same(tmp_path):
    names = ["chief-0", "worker-0", "worker-1"]
    hosts = [host("a"), host("a"), host("b", "10.0.0.2")]
    group = group_of(ScriptedChannel(tmp_path, hosts), tmp_path, names)
    places = group.places({"chief-0": 1, "worker-0": 2, "worker-1": 1})
    assert [places[name].ports for name in names] == [(20_000,), (20_001, 20_002), (20_000,)]
    assert [places[name].address for name in names] == ["10.0.0.1", "10.0.0.1", "10.0.0.2"]


def test_a_clock_that_is_ahead_is_found_within_the_error_that_is_told(tmp_path):
    channel = ScriptedChannel(tmp_path, [host("a"), host("b")], ahead=42.5)
    group = group_of(channel, tmp_path, ["chief-0", "worker-0"])
    polled_until(group, lambda: len(group.clocks()) == 2)
    clock = group.clocks()["worker-0"]
    assert abs(clock.offset_seconds - 42.5) <= clock.error_seconds + 1e-3


def test_hosts_with_other_versions_are_refused_with_their_names(tmp_path):
    channel = ScriptedChannel(tmp_path, [host("a"), host("b", keras="2.15.0")])
    with pytest.raises(
        UserError, match=r"hosts differ: keras 2\.15\.0 on b, .* on a; install the same"
    ):
        group_of(channel, tmp_path, ["chief-0", "worker-0"])


def test_a_folder_that_another_host_doesnt_share_is_refused_with_its_path(tmp_path, monkeypatch):
    monkeypatch.setattr(agents, "_SHARED_SECONDS", 0.2)
    unseen = ScriptedChannel(tmp_path, [host("a"), {}])
    with pytest.raises(UserError, match=f"hydra.run.dir={tmp_path}: what task worker-0's host"):
        group_of(unseen, tmp_path, ["chief-0", "worker-0"])
    missing = ScriptedChannel(tmp_path, [host("a"), {"why_not": "there is no such folder"}])
    with pytest.raises(UserError, match="on the host of worker-0: there is no such folder; give"):
        group_of(missing, tmp_path, ["chief-0", "worker-0"])


def test_an_agent_that_ends_takes_its_task_and_its_place_with_it(tmp_path):
    channel = ScriptedChannel(tmp_path, [host("a"), host("b")])
    group = group_of(channel, tmp_path, ["chief-0", "worker-0"])
    group.start(TaskProcess("worker-0", "any:thing", (), {}, tmp_path / "log"))
    channel.gone[1] = "was powered off"
    ended = group.poll(1.0)["worker-0"]
    assert (ended.ended_for, ended.said) == (
        LOST_HOST,
        "was lost with its host b, which was powered off",
    )
    assert group.can_start("chief-0")
    assert not group.can_start("worker-0")


def test_lost_host_is_also_named_as_its_cluster_names_it(tmp_path):
    channel = ScriptedChannel(tmp_path, [host("a")])
    channel.where = lambda number: f"node {number} of the cluster"
    group = group_of(channel, tmp_path, ["chief-0"])
    group.start(TaskProcess("chief-0", "any:thing", (), {}, tmp_path / "log"))
    channel.gone[0] = "was powered off"
    said = group.poll(1.0)["chief-0"].said
    assert said == "was lost with its host a (node 0 of the cluster), which was powered off"


def test_run_under_way_that_finds_no_other_hosts_fails_with_the_reason(tmp_path):
    channel = ScriptedChannel(tmp_path, [host("a")])
    left = [channel]

    def connect(folder, count):
        if not left:
            raise UserError("engine=any: there is no room")
        return left.pop()

    group = AgentGroup(connect, tmp_path, ["chief-0"], lambda: False)
    channel.gone[0] = "was powered off"
    group.poll(0.1)
    with pytest.raises(EngineError, match="engine=any: there is no room"):
        group.places({"chief-0": 1})
    group.close()
    group.close()


def test_with_too_few_ports_the_host_is_named(tmp_path):
    group = group_of(ScriptedChannel(tmp_path, [host("a")]), tmp_path, ["chief-0"])
    with pytest.raises(EngineError, match="host a has too few free ports"):
        group.places({"chief-0": 5})


@pytest.mark.ci
def test_a_host_that_hangs_is_suspected_first_and_lost_later_and_replaced(tmp_path):
    engine = PipedEngine("spawn")
    tasks = ["chief-0", "worker-0"]
    with closing(engine), closing(engine.open(tmp_path, tasks, False, lambda: False)) as group:
        for name in tasks:
            words = (str(tmp_path / name),)
            group.start(
                TaskProcess(
                    name, "tests.engines.processes:sleep", words, {}, tmp_path / f"{name}.txt"
                )
            )
            polled_until(group, (tmp_path / name).exists)
        hanging = engine.channels[0].processes[1]
        os.kill(hanging.pid, signal.SIGSTOP)
        began = time.monotonic()
        polled_until(group, lambda: "worker-0" in group.silent())
        assert time.monotonic() - began < 3
        lost = group.poll(20)["worker-0"]
        assert lost.ended_for == LOST_HOST
        assert time.monotonic() - began < 15
        hanging.kill()
        places = group.places({})
        assert list(places) == tasks
        assert group.can_start("worker-0")
        assert len(engine.channels) == 2
