"""What launchers on several hosts know of each other from files, and that they have to agree."""

import time
from pathlib import Path

import pytest

from launcher.agreement import check_agreement
from launcher.engines.given.mailbox import Mailbox, Peer, path_of
from results.errors import UserError


def test_what_an_earlier_run_left_is_not_taken_for_a_launcher(tmp_path: Path) -> None:
    Mailbox(tmp_path, "worker-0", {"ready": True, "host": "b"}).close()
    peer = Peer(tmp_path, "worker-0")
    assert not peer.look()
    assert not peer.record
    Mailbox(tmp_path, "worker-0", {"host": "c"}).close()
    assert peer.look()
    assert peer.host == "c"


def test_half_of_a_record_leaves_what_was_heard_before(tmp_path: Path) -> None:
    peer = Peer(tmp_path, "worker-0")
    Mailbox(tmp_path, "worker-0", {"ready": True}).close()
    assert peer.look()
    path = path_of(tmp_path, "worker-0")
    path.write_bytes(path.read_bytes()[:10])
    assert not peer.look()
    assert peer.record["ready"]


def test_own_pause_is_no_silence_of_the_other(tmp_path: Path) -> None:
    peer = Peer(tmp_path, "worker-0")
    time.sleep(1.5)
    peer.look()
    assert peer.silent_seconds <= 1.0


def test_what_differs_is_named_with_both_hosts() -> None:
    chiefs = {"workers": 4, "seed": 0, "version.tensorflow": "2.21.0"}
    check_agreement(dict(chiefs), "b", chiefs, "a")
    own = {**chiefs, "workers": 3, "version.tensorflow": "2.20.0"}
    with pytest.raises(UserError) as refused:
        check_agreement(own, "b", chiefs, "a")
    assert "workers 3 on b, 4 on a; tensorflow 2.20.0 on b, 2.21.0 on a" in str(refused.value)
