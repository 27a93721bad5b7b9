"""How the launchers of a run find each other in its folder, before anything is started."""

import secrets
import socket
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.free_memory import available_bytes
from launcher.engines import Group
from launcher.engines.given.cluster import GivenCluster
from launcher.engines.given.leading import LeadingGroup
from launcher.engines.given.mailbox import LOST_SECONDS, Mailbox, Peer
from launcher.environment import environment
from results.errors import UserError

_POLL_SECONDS = 0.1
_SILENT_WAIT_SECONDS = 5.0
"""Then it is said who is waited for."""
_LINGER_SECONDS = 5.0
"""For the others to hear that nothing comes of the run."""


def introduction(facts: dict[str, Any]) -> dict[str, Any]:
    """What a launcher says of itself first."""
    return {
        "host": socket.gethostname(),
        "environment": {**environment(), "free_bytes": available_bytes()},
        "session": secrets.token_hex(4),
        "facts": facts,
    }


def gather(
    own: Group,
    folder: Path,
    cluster: GivenCluster,
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
    me = introduction(facts)
    mailbox = Mailbox(folder, cluster.task, me)
    addresses = dict(zip(cluster.tasks, cluster.addresses, strict=True))
    peers = [Peer(folder, task) for task in cluster.tasks if task != cluster.task]
    try:
        _wait_until_ready(peers, addresses, folder, start_seconds, interrupted)
    except BaseException as error:
        mailbox.say(over=True, refused=str(error) or "it was interrupted")
        _linger(peers)
        mailbox.close()
        own.close()
        raise
    return LeadingGroup(own, cluster, me, mailbox, peers, folder, start_seconds)


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
