"""Emulated hosts: no faster than asked, out of everybody's way, gone with the run."""

import dataclasses
import os
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from launcher.cluster_plan import make_plan
from launcher.engines import EngineError, Host, TaskProcess, hosts
from launcher.engines.local import LocalEngine
from launcher.schema import EmulateSettings, HostSettings, NetworkSettings
from results.errors import UserError
from tests.engines.test_namespaces import become_nobody, in_child
from tests.engines.traffic import carried
from tests.runs import experiment

_MBIT = 50.0
_ABOVE = 1.1
"""What was in a bucket and in queues before the first byte was seen comes on top of the rate."""
_FRAME_BYTES = 1500
needs_hosts = pytest.mark.skipif(hosts.why_not() is not None, reason=f"{hosts.why_not()}")


def networks() -> Iterator[int]:
    """Every network in which a process of this machine is."""
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                yield os.stat(f"/proc/{entry}/ns/net").st_ino
            except OSError:  # it has ended
                continue


@needs_hosts
@pytest.mark.ci
def test_hosts_send_and_receive_at_their_rate_see_each_other_alone_and_leave_nothing(
    tmp_path: Path,
) -> None:
    before = socket.if_nameindex()
    one, other, third = (Host(f"10.77.0.{number}", _MBIT) for number in (1, 2, 3))
    with (
        closing(LocalEngine("spawn")) as engine,
        closing(engine.open(tmp_path, (), True, lambda: False)) as group,
    ):
        there, back = carried(group, [(one, other), (other, one)], 1.0, tmp_path)
        (joined,) = carried(group, [(one, other), (third, other)], 1.0, tmp_path)
        assert socket.if_nameindex() == before
    for told in (there, back, joined):
        assert told["interfaces"] == ["lo", "eth0"]
        assert 0 < told["bytes"] * 8 / told["seconds"] < _MBIT * 1e6 * _ABOVE
    # One at a time, each would wake its receiver, and the cores be busy with a slow wire.
    assert there["bytes"] / there["packets"] > 2 * _FRAME_BYTES
    assert (there["peers"], back["peers"]) == ([one.address], [other.address])
    assert sorted(joined["peers"]) == [one.address, third.address]
    assert there["network"] == joined["network"] != back["network"]
    assert not {there["network"], back["network"]} & set(networks())


@pytest.mark.ci
def test_process_without_a_network_of_the_run_gets_no_host(tmp_path: Path) -> None:
    before = socket.if_nameindex()
    process = TaskProcess(
        "task-0",
        "tests.engines.processes:say",
        ["x"],
        {},
        tmp_path / "log",
        host=Host("10.0.0.1", 1),
    )
    with (
        closing(LocalEngine("spawn")) as engine,
        closing(engine.open(tmp_path, (), False, lambda: False)) as group,
    ):
        group.start(process)
        with pytest.raises(EngineError, match="no host for task-0: the run isn't isolated"):
            group.poll(30)
    assert socket.if_nameindex() == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_ordinary_user_is_told_that_root_is_needed() -> None:
    def as_nobody() -> str | None:
        become_nobody()
        return hosts.why_not.__wrapped__()

    assert in_child(as_nobody) == "only root can make one (this is user 65534)"


@pytest.mark.skipif(os.geteuid() != 0, reason="others are refused for that")
def test_what_is_not_installed_is_named_in_the_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ip").symlink_to("/bin/true")
    monkeypatch.setenv("PATH", str(tmp_path))
    hosts.why_not.cache_clear()
    try:
        with pytest.raises(UserError, match=r"^emulate\.network\.mbit_per_second=50: .* tc of ipr"):
            experiment("strategy=multiworker", "workers=2", "emulate.network.mbit_per_second=50")
    finally:
        hosts.why_not.cache_clear()


def test_every_task_has_a_host_and_knows_the_others_by_it() -> None:
    emulate = EmulateSettings(network=NetworkSettings(_MBIT))
    words = ("strategy=multiworker", "workers=2", "pipeline.service.workers=2")
    asked = dataclasses.replace(experiment(*words), emulate=emulate)
    chief, worker, dispatcher, *data_workers = make_plan(asked, private=True).tasks
    assert (chief.address, worker.address) == ("10.77.0.1:10000", "10.77.0.2:10001")
    assert dispatcher.addresses == ("10.77.0.3:10002", "10.77.0.3:10003")
    assert [task.address for task in data_workers] == ["10.77.0.4:10004", "10.77.0.5:10005"]
    everyone = [chief, worker, dispatcher, *data_workers]
    assert [task.host for task in everyone] == [
        Host(f"10.77.0.{number}", _MBIT) for number in range(1, 6)
    ]
    reached = {task.environment["no_grpc_proxy"] for task in everyone}
    assert reached == {"127.0.0.1,localhost,10.77.0.1,10.77.0.2,10.77.0.3,10.77.0.4,10.77.0.5"}
    assert '"worker": ["10.77.0.2:10001"]' in chief.environment["TF_CONFIG"]


def test_hosts_of_their_own_size_keep_the_machines_network() -> None:
    emulate = EmulateSettings(hosts=HostSettings(cores=1.5, memory_mb=2000))
    words = ("strategy=parameter_server", "workers=2")
    asked = dataclasses.replace(experiment(*words), emulate=emulate)
    chief, *others = make_plan(asked, private=True, cores=(4, 5, 6)).tasks
    assert chief.host == Host("10.77.0.1", cores=1.5, memory_mb=2000)
    assert {task.cores for task in (chief, *others)} == {()}
    assert {str(task.address).partition(":")[0] for task in (chief, *others)} == {"127.0.0.1"}
    assert chief.environment["no_grpc_proxy"] == "127.0.0.1,localhost"


def test_a_host_has_a_network_and_a_size_at_once() -> None:
    emulate = EmulateSettings(hosts=HostSettings(0.5), network=NetworkSettings(_MBIT))
    asked = dataclasses.replace(experiment("strategy=multiworker", "workers=2"), emulate=emulate)
    found = [task.host for task in make_plan(asked, private=True).tasks]
    assert found == [Host(f"10.77.0.{number}", _MBIT, cores=0.5) for number in (1, 2)]


def test_synchronous_tasks_keep_to_as_many_cores_as_their_hosts_have() -> None:
    emulate = EmulateSettings(hosts=HostSettings(cores=1.5))
    words = ("strategy=multiworker", "workers=3", "pipeline.service.workers=1")
    asked = dataclasses.replace(experiment(*words), emulate=emulate)
    kept = [task.cores for task in make_plan(asked, private=True, cores=(4, 5, 6, 7)).tasks]
    assert kept == [(4, 5), (6, 7), (4, 5), (), ()]
