"""The chief's group: its own task on this machine, and those of the other launchers, which it asks
through the run's folder.

What a launcher says (`launchers/<task>.json`): `host` and its `environment`; `session`, another
one each time that its process is started; `facts`, what must be the same everywhere. The chief's
adds `orders`, for each task the number of its start (`attempt`), whom it is for (`session`, null:
whoever comes next), the digest of the plan for it, and the signals to send since; `over` at the
end. Another's adds `ready`, `echo` (the chief's last beat, and when by its own clock it was seen),
`attempt`, `exit` and `look` of its task, and `refused` or `left` with the reason.
"""

import dataclasses
import hashlib
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from launcher.engines import (
    LOST_HOST,
    UNREAD_CLOCK,
    Clock,
    Exit,
    Group,
    Look,
    Place,
    TaskProcess,
)
from launcher.engines.given.cluster import GivenCluster, given_places
from launcher.engines.given.mailbox import BEAT_SECONDS, LOST_SECONDS, Mailbox, Peer
from results.run_folder import PLAN

_POLL_SECONDS = 0.1
_LOOK_SECONDS = 0.2
"""At so many launchers' files no more often: a shared file system has others to serve."""
_KILLED = -9


def plan_digest(folder: Path) -> str | None:
    """Tells one plan of a run from another; None where there is none yet."""
    try:
        return hashlib.sha256((folder / PLAN).read_bytes()).hexdigest()
    except OSError:
        return None


@dataclass
class _Remote:
    """A task that another launcher is to run."""

    attempt: int
    session: str | None
    plan: str | None
    signals: list[int] = field(default_factory=list)
    runs: bool = True
    """Until its end is known."""

    def order(self) -> dict[str, Any]:
        return {
            "attempt": self.attempt,
            "session": self.session,
            "plan": self.plan,
            "signals": self.signals,
        }


class LeadingGroup(Group):
    """Made by `launcher.engines.given.gathering.gather`."""

    def __init__(
        self,
        own: Group,
        cluster: GivenCluster,
        me: dict[str, Any],
        mailbox: Mailbox,
        peers: Sequence[Peer],
        folder: Path,
        start_seconds: float,
    ) -> None:
        self.isolation, self.warning = own.isolation, own.warning
        self._cluster, self._me = cluster, me
        self._own, self._mailbox, self._folder = own, mailbox, folder
        self._peers = {peer.task: peer for peer in peers}
        self._start_seconds = start_seconds
        self._remote: dict[str, _Remote] = {}
        self._ended: dict[str, Exit] = {}
        self._failed_ns: int | None = None
        """When the first end was seen that was none to wish for."""
        self._clocks: dict[str, Clock] = {}
        self._next_look = 0.0
        self._closed = False

    def start(self, process: TaskProcess) -> None:
        peer = self._peers.get(process.name)
        if peer is None:
            self._own.start(process)
            return
        before = self._remote.get(process.name)
        gone = before is not None and not before.runs and not _is_there(peer)
        if gone:
            print(f"waiting for the launcher of {peer.task} to be started again", file=sys.stderr)
            peer.await_again()
        self._failed_ns = None
        self._clocks.pop(process.name, None)  # it may be on another host by now
        self._remote[process.name] = _Remote(
            attempt=before.attempt + 1 if before else 1,
            session=peer.record.get("session"),
            plan=plan_digest(self._folder),
        )
        self._tell()

    def poll(self, timeout: float) -> dict[str, Exit]:
        limit = time.monotonic() + timeout
        while True:
            left = limit - time.monotonic()
            self._ended |= self._own.poll(max(0.0, min(_POLL_SECONDS, left)))
            self._look_at_others()
            if self._ended or left <= 0:
                told, self._ended = self._ended, {}
                if self._failed_ns is None and any(ended.code for ended in told.values()):
                    self._failed_ns = time.monotonic_ns()
                return told

    def look(self) -> dict[str, Look]:
        others = {
            task: Look(**self._peers[task].record["look"])
            for task, remote in self._remote.items()
            if remote.runs and self._peers[task].record.get("look")
        }
        return self._own.look() | others

    def signal(self, name: str, number: int) -> None:
        if name not in self._peers:
            self._own.signal(name, number)
        elif (remote := self._remote.get(name)) is not None and remote.runs:
            remote.signals.append(int(number))
            self._tell()

    def places(self, ports: Mapping[str, int]) -> dict[str, Place] | None:
        return {
            task: dataclasses.replace(place, host=self._host(task))
            for task, place in given_places(self._cluster).items()
        }

    def silent(self) -> Sequence[str]:
        """Where a task failed: those whose launchers have not been heard of since. They may have
        gone before, and be the cause."""
        if self._failed_ns is None:
            return ()
        after = self._failed_ns + BEAT_SECONDS * 1e9
        return [
            task
            for task, each in self._remote.items()
            if each.runs and each.session is not None and self._peers[task].heard_ns < after
        ]

    def clocks(self) -> dict[str, Clock]:
        return dict(self._clocks)

    def hosts(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for task in self._cluster.tasks:
            said = self._peers[task].record if task in self._peers else self._me
            told = found.setdefault(self._host(task), {**said.get("environment", {}), "tasks": []})
            told["tasks"].append(task)
        return found

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._mailbox.say(over=True)
        self._mailbox.close()
        self._own.close()

    def _host(self, task: str) -> str:
        return self._peers[task].host if task in self._peers else str(self._me["host"])

    def _tell(self) -> None:
        self._mailbox.say(orders={task: each.order() for task, each in self._remote.items()})

    def _look_at_others(self) -> None:
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + _LOOK_SECONDS
        for task, peer in self._peers.items():
            if peer.look() and peer.record.get("echo"):
                self._read_clock(task, *peer.record["echo"])
            remote = self._remote.get(task)
            if remote is not None and remote.runs:
                ended = self._end_of(peer, remote)
                if ended is not None:
                    remote.runs = False
                    self._ended[task] = ended

    def _read_clock(self, task: str, beat: str, there: float) -> None:
        sent = self._mailbox.sent.get(beat)
        if sent is not None:
            known = self._clocks.get(task, UNREAD_CLOCK)
            self._clocks[task] = known.or_nearer(sent, there, time.time())

    def _end_of(self, peer: Peer, remote: _Remote) -> Exit | None:
        """How the task ended, as far as its launcher says so or is gone itself."""
        said, who = peer.record, f"its launcher on {peer.host}"
        if said.get("refused") or said.get("left"):
            return _lost(f"{who} has left: {said.get('refused') or said['left']}")
        if remote.session is None:
            if said.get("ready"):
                remote.session = said["session"]
            elif peer.silent_seconds > self._start_seconds:
                seconds = f"watch.start_seconds={self._start_seconds:g}"
                return _lost(f"{who} was not started again within {seconds}")
            return None
        if said["session"] != remote.session:
            return _lost(f"{who} had ended, and was started again by its platform")
        if said.get("attempt") == remote.attempt and said.get("exit"):
            ended = said["exit"]
            return Exit(ended["code"], time.monotonic_ns(), ended["ended_for"])
        if peer.silent_seconds > LOST_SECONDS:
            return _lost(f"{who} has not been heard of for {LOST_SECONDS:g} s")
        return None


def _is_there(peer: Peer) -> bool:
    """Whether a launcher that can be asked to start its task has been heard of a moment ago."""
    said = peer.record
    has_gone = said.get("left") or said.get("refused")
    return bool(said.get("ready")) and not has_gone and peer.silent_seconds < LOST_SECONDS / 2


def _lost(why: str) -> Exit:
    return Exit(_KILLED, time.monotonic_ns(), LOST_HOST, f"is lost: {why}")
