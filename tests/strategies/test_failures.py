"""What fails in a task is named: which task, what, and where to look."""

import os
import signal
import socket
import threading
import time

import pytest

from results.run_folder import STATUS

pytestmark = pytest.mark.ci

TWO = ("strategy=multiworker", "workers=2")


def test_a_loss_that_is_not_a_number_names_step_and_task(launch):
    outcome, folder = launch(*TWO, "workload._target_=tests.strategies.models.nan_after_some_steps")
    assert outcome.state == "failed"
    cause = folder.read(STATUS)["cause"]
    assert cause["step"] is not None
    assert f"nan at step {cause['step']} in {cause['task']}" in cause["message"]


def test_an_exception_in_the_users_code_is_the_cause_and_not_its_consequences(launch):
    outcome, folder = launch(*TWO, "workload._target_=tests.strategies.models.exploding_optimizer")
    assert outcome.state == "failed"
    assert "ZeroDivisionError" in outcome.reason
    assert "planted in the optimizer" in outcome.log_tail
    assert folder.read(STATUS)["cause"]["kind"] == "user"


def test_a_corrupt_record_names_file_and_offset(launch, tmp_path):
    overrides = (
        "workload=jpeg_cnn",
        "source=jpeg_records",
        "source.parameters.examples=256",
        "until.steps=60",
        "batch.per_replica=16",
        f"cache_folder={tmp_path}/cache",
    )
    outcome, folder = launch(*overrides)
    assert outcome.state == "done", outcome.log_tail
    records = sorted((tmp_path / "cache").rglob("*train*"))
    victim = next(path for path in records if path.is_file() and path.stat().st_size > 5_000)
    data = bytearray(victim.read_bytes())
    data[3_000] ^= 0xFF
    victim.write_bytes(data)
    outcome, folder = launch(*overrides)
    assert outcome.state == "failed"
    cause = folder.read(STATUS)["cause"]
    assert cause["kind"] == "data"
    assert str(victim) in cause["message"]
    assert "byte" in cause["message"]


def test_an_occupied_port_fails_the_run_and_names_the_port(launch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        fixed = ("isolation=none", f"engine.first_port={port}")
        outcome, _ = launch(*TWO, *fixed, "until.steps=20")
    assert outcome.state == "failed"
    assert str(port) in outcome.reason


def test_a_killed_worker_is_the_cause(launch, session, tmp_path):
    killed = {}

    def kill_soon():
        folder = tmp_path / "run-0" / "tasks" / "worker-0" / "events.jsonl"
        while not (folder.exists() and "first_call_done" in folder.read_text()):
            time.sleep(0.05)
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    link = os.readlink(f"/proc/{entry}/fd/1")
                except OSError:
                    continue
                if link == str(folder.parent / "log.txt"):
                    killed["pid"] = int(entry)
                    os.kill(int(entry), signal.SIGKILL)
                    return

    thread = threading.Thread(target=kill_soon)
    thread.start()
    outcome, folder = launch(*TWO, "until.steps=100000")
    thread.join()
    assert killed
    assert outcome.state == "failed"
    cause = folder.read(STATUS)["cause"]
    assert (cause["task"], cause["signal"]) == ("worker-0", signal.SIGKILL)
    assert not os.path.exists(f"/proc/{killed['pid']}")
