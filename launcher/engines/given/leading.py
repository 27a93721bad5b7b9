"""The chief's group: its own task on this machine, and those of the other launchers, which it asks
through the run's folder.

What a launcher says (`launchers/<task>.json`): `host`; `session`, another one each time that its
process is started; `facts`, what must be the same everywhere. The chief's adds `orders`, for each
task the number of its start (`attempt`), whom it is for (`session`, null: whoever comes next), the
digest of the plan that goes with it, and the signals to send since. Another's adds `ready`,
`attempt`, `exit` and `look` of its task, and `refused` or `left` with the reason.
"""

import hashlib
import secrets
import socket
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from launcher.engines import LOST, LOST_CODE, Exit, Group, Look, TaskProcess
from launcher.engines.given.mailbox import LOST_SECONDS, Mailbox, Peer
from launcher.engines.given.place import Place
from results.errors import UserError
from results.run_folder import PLAN

_POLL_SECONDS = 0.1
_SILENT_WAIT_SECONDS = 5.0
"""Then it is said who is waited for."""
_LINGER_SECONDS = 5.0
"""For the others to hear that nothing comes of the run."""


def introduction(facts: dict[str, Any]) -> dict[str, Any]:
    """What a launcher says of itself first."""
    return {"host": socket.gethostname(), "session": secrets.token_hex(4), "facts": facts}


def plan_digest(folder: Path) -> str | None:
    """Tells one plan of a run from another; None where there is none yet."""
    try:
        return hashlib.sha256((folder / PLAN).read_bytes()).hexdigest()
    except OSError:
        return None


def gather(
    own: Group,
    folder: Path,
    place: Place,
    facts: dict[str, Any],
    start_seconds: float,
    interrupted: Callable[[], bool],
) -> Group:
    """The group of all tasks, once the launchers of all of them are ready.

    Args:
      own: starts processes on this machine; closed with the group that is returned.
      facts: what must be the same everywhere, see `launcher.agreement`.
      start_seconds: how long the others may take to show up.

    Raises:
      UserError: one has not shown up, or has refused; all that did are told to leave.
      KeyboardInterrupt: `interrupted` says so.
    """
    mailbox = Mailbox(folder, place.task, introduction(facts))
    mailbox.__enter__()
    addresses = dict(zip(place.tasks, place.addresses, strict=True))
    peers = [Peer(folder, task) for task in place.tasks if task != place.task]
    try:
        _wait_until_ready(peers, addresses, folder, start_seconds, interrupted)
    except BaseException as error:
        mailbox.say(over=True, refused=str(error) or "it was interrupted")
        _linger(peers)
        mailbox.__exit__(None, None, None)
        own.close()
        raise
    return LeadingGroup(own, mailbox, peers, folder, start_seconds)


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
    """Made by `gather`."""

    def __init__(
        self,
        own: Group,
        mailbox: Mailbox,
        peers: Sequence[Peer],
        folder: Path,
        start_seconds: float,
    ) -> None:
        self.isolation, self.warning = own.isolation, own.warning
        self._own, self._mailbox, self._folder = own, mailbox, folder
        self._peers = {peer.task: peer for peer in peers}
        self._start_seconds = start_seconds
        self._remote: dict[str, _Remote] = {}
        self._ended: dict[str, Exit] = {}
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
            if self._ended and not self._may_be_a_consequence():
                told, self._ended = self._ended, {}
                return told
            if left <= 0:
                return {}

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

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._mailbox.say(over=True)
        self._mailbox.__exit__(None, None, None)
        self._own.close()

    def _tell(self) -> None:
        self._mailbox.say(orders={task: each.order() for task, each in self._remote.items()})

    def _look_at_others(self) -> None:
        for task, peer in self._peers.items():
            peer.look()
            remote = self._remote.get(task)
            if remote is not None and remote.runs:
                ended = self._end_of(peer, remote)
                if ended is not None:
                    remote.runs = False
                    self._ended[task] = ended

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

    def _may_be_a_consequence(self) -> bool:
        """Whether a task ended badly while nothing has been heard since of another's launcher: that
        one may have gone before, and be the cause."""
        bad = [each.seen_ns for each in self._ended.values() if each.code and not _is_lost(each)]
        return bool(bad) and any(
            remote.runs and remote.session is not None and self._peers[task].heard_ns < min(bad)
            for task, remote in self._remote.items()
        )


def _is_there(peer: Peer) -> bool:
    """Whether a launcher that can be asked to start its task has been heard of a moment ago."""
    return bool(peer.record.get("ready")) and peer.silent_seconds < LOST_SECONDS / 2


def _is_lost(ended: Exit) -> bool:
    return ended.ended_for == LOST


def _lost(told: str) -> Exit:
    return Exit(LOST_CODE, time.monotonic_ns(), LOST, told)


def _wait_until_ready(
    peers: Sequence[Peer],
    addresses: dict[str, str],
    folder: Path,
    start_seconds: float,
    interrupted: Callable[[], bool],
) -> None:
    began, told = time.monotonic(), False
    while True:
        for peer in peers:
            peer.look()
            if peer.record.get("refused"):
                raise UserError(str(peer.record["refused"]))
            gone = peer.record and peer.silent_seconds > LOST_SECONDS
            if gone or peer.record.get("left"):
                raise UserError(
                    f"engine=given: the launcher of {peer.task} on {peer.host} ended before "
                    "anything was started; its own output says why"
                )
        waited = time.monotonic() - began
        absent = [f"{each.task} ({addresses[each.task]})" for each in peers if not each.record]
        if all(peer.record.get("ready") for peer in peers):
            return
        if absent and waited > start_seconds:
            raise UserError(
                f"hydra.run.dir={folder}: within watch.start_seconds={start_seconds:g} nothing "
                f"came there from {', '.join(absent)}, seen from {socket.gethostname()}; start "
                "the command on every host, in a folder that all of them share"
            )
        if absent and waited > _SILENT_WAIT_SECONDS and not told:
            print(f"waiting in {folder} for {', '.join(absent)}", file=sys.stderr)
            told = True
        if interrupted():
            raise KeyboardInterrupt
        time.sleep(_POLL_SECONDS)


def _linger(peers: Sequence[Peer]) -> None:
    limit = time.monotonic() + _LINGER_SECONDS
    while time.monotonic() < limit:
        for peer in peers:
            peer.look()
        if all(not each.record or each.record.get("left") for each in peers):
            return
        time.sleep(_POLL_SECONDS)
