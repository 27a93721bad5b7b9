"""How launchers of one run hear of each other, and what the chief's makes of it: real files, a real
local engine, the other launcher played by the test."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher.engines import LOST_HOST, Exit, Group, Look, TaskProcess
from launcher.engines.given.cluster import GivenCluster
from launcher.engines.given.gathering import gather, introduction
from launcher.engines.given.leading import plan_digest
from launcher.engines.given.mailbox import BEAT_SECONDS, Mailbox, Peer
from launcher.engines.local import LocalEngine
from results.errors import UserError
from results.run_folder import PLAN

pytestmark = pytest.mark.ci

CLUSTER = GivenCluster("chief-0", ("chief-0", "worker-0"), ("a:1", "b:1"))
PATIENCE_SECONDS = 20.0


class Other:
    """The launcher of worker-0."""

    def __init__(self, folder: Path) -> None:
        self.chief = Peer(folder, "chief-0")
        self.me = introduction({"workers": 2})
        self.mailbox = Mailbox(folder, "worker-0", {**self.me, "ready": True})

    def order(self, attempt: int) -> dict[str, object]:
        """What the chief's asks for, once it asks for that start."""
        limit = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < limit:
            self.chief.look()
            found = self.chief.record.get("orders", {}).get("worker-0", {})
            if found.get("attempt") == attempt:
                return dict(found)
            time.sleep(0.01)
        raise AssertionError("it never asked")

    def leave(self) -> None:
        self.mailbox.close()


@pytest.fixture(scope="module")
def engine() -> Iterator[LocalEngine]:
    started = LocalEngine("spawn")
    yield started
    started.close()


@pytest.fixture
def local(engine: LocalEngine, tmp_path: Path) -> Iterator[Group]:
    group = engine.open(tmp_path, (), isolated=False, given_up=lambda: False)
    yield group
    group.close()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Other]:
    found = Other(tmp_path)
    yield found
    found.leave()


def gathered(local: Group, folder: Path, start_seconds: float = PATIENCE_SECONDS) -> Group:
    return gather(local, folder, CLUSTER, {"workers": 2}, start_seconds, lambda: False)


def process(name: str, folder: Path, function: str = "leave", *arguments: str) -> TaskProcess:
    return TaskProcess(
        name, f"tests.engines.processes:{function}", list(arguments), {}, folder / f"{name}.txt"
    )


def ends(group: Group, count: int) -> dict[str, Exit]:
    found: dict[str, Exit] = {}
    limit = time.monotonic() + PATIENCE_SECONDS
    while len(found) < count and time.monotonic() < limit:
        found |= group.poll(0.2)
    return found


def test_other_launcher_is_asked_to_start_look_after_and_end_its_task(
    local: Group, other: Other, tmp_path: Path
) -> None:
    (tmp_path / PLAN).write_text("{}")
    group = gathered(local, tmp_path)
    group.start(process("worker-0", tmp_path))
    order = other.order(attempt=1)
    assert order["plan"] == plan_digest(tmp_path)
    assert order["session"] == other.me["session"]
    other.mailbox.say(attempt=1, look={"stopped": False, "rss_bytes": 7})
    group.poll(0.1)
    assert group.look()["worker-0"] == Look(stopped=False, rss_bytes=7)
    group.signal("worker-0", 15)
    assert other.order(attempt=1)["signals"] == [15]
    other.mailbox.say(exit={"code": -15, "ended_for": None})
    assert ends(group, 1)["worker-0"].code == -15
    group.start(process("worker-0", tmp_path))
    assert other.order(attempt=2)["signals"] == []
    group.close()
    group.close()
    other.chief.look()
    assert other.chief.record["over"]


def test_other_launcher_that_is_started_again_is_lost_and_then_asked_anew(
    local: Group, other: Other, tmp_path: Path
) -> None:
    group = gathered(local, tmp_path)
    group.start(process("worker-0", tmp_path))
    other.order(attempt=1)
    other.leave()
    again = Other(tmp_path)
    (ended,) = ends(group, 1).values()
    assert ended.ended_for == LOST_HOST
    assert again.me["host"] in str(ended.said)
    group.start(process("worker-0", tmp_path))
    assert again.order(attempt=2)["session"] == again.me["session"]
    again.leave()
    group.close()


def test_other_launcher_that_has_left_is_awaited_until_another_takes_its_place(
    local: Group, other: Other, tmp_path: Path
) -> None:
    group = gathered(local, tmp_path)
    group.start(process("worker-0", tmp_path))
    other.order(attempt=1)
    other.mailbox.say(left="preempted")
    other.leave()
    (ended,) = ends(group, 1).values()
    assert "has left: preempted" in str(ended.said)
    group.start(process("worker-0", tmp_path))
    assert group.poll(0.5) == {}
    again = Other(tmp_path)
    assert again.order(attempt=2)["session"] is None
    again.mailbox.say(attempt=2, exit={"code": 0, "ended_for": None})
    assert ends(group, 1)["worker-0"].code == 0
    again.leave()
    group.close()


def test_launcher_that_has_said_nothing_since_a_failure_is_silent_and_may_be_the_cause(
    local: Group, other: Other, tmp_path: Path
) -> None:
    group = gathered(local, tmp_path)
    for name in ("worker-0", "chief-0"):
        group.start(process(name, tmp_path, "leave", "3"))
    other.order(attempt=1)
    assert group.silent() == ()
    assert set(ends(group, 1)) == {"chief-0"}
    assert group.silent() == ["worker-0"]
    time.sleep(2 * BEAT_SECONDS)
    group.poll(0.1)
    assert group.silent() == []
    group.close()


@pytest.mark.parametrize("ahead", [0.0, 3600.0])
def test_hosts_are_told_apart_by_name_and_their_clocks_within_the_error_that_is_told(
    ahead: float, local: Group, other: Other, tmp_path: Path
) -> None:
    other.mailbox.say(host="b", environment={"cores": 4})
    group = gathered(local, tmp_path)
    hosts = group.hosts()
    assert hosts["b"] == {"cores": 4, "tasks": ["worker-0"]}
    assert [each["tasks"] for name, each in hosts.items() if name != "b"] == [["chief-0"]]
    places = group.places({})
    assert places is not None
    assert (places["worker-0"].host, places["worker-0"].address) == ("b", "b")
    other.chief.look()
    other.mailbox.say(echo=[other.chief.record["beat"], time.time() + ahead])
    group.poll(0.2)
    clock = group.clocks()["worker-0"]
    assert abs(clock.offset_seconds - ahead) <= clock.error_seconds < 60
    group.close()


def test_launcher_that_refuses_ends_the_run_before_it_starts(
    local: Group, other: Other, tmp_path: Path
) -> None:
    other.mailbox.say(ready=False, refused="workers 2 on b, 3 on a", left="it has ended")
    with pytest.raises(UserError, match="workers 2 on b, 3 on a"):
        gathered(local, tmp_path)


def test_launcher_that_never_came_is_named_with_the_folder(local: Group, tmp_path: Path) -> None:
    with pytest.raises(UserError) as refused:
        gathered(local, tmp_path, start_seconds=0.2)
    assert f"hydra.run.dir={tmp_path}" in str(refused.value)
    assert "worker-0 (b:1)" in str(refused.value)
