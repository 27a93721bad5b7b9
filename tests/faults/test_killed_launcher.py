"""Whatever ends the launcher, and whenever, nothing that it started stays."""

import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import results
from results.run_folder import STATUS, RunFolder
from tests.faults.commands import LONG, Command
from tests.faults.running import until

pytestmark = pytest.mark.ci

TWO = ("strategy=multiworker", "workers=2", *LONG)
LEAVES_A_PROCESS = "workload._target_=tests.faults.workloads.starts_processes"
SECONDS_TO_DIE = 10.0


@pytest.fixture(params=["namespace", "none"])
def isolated(request):
    return f"isolation={request.param}"


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_killed_launcher_takes_all_with_it_and_its_folder_says_so(tmp_path, isolated, method):
    command = Command(tmp_path, *TWO, isolated, f"launch.method={method}", LEAVES_A_PROCESS)
    command.wait_for("worker-0", "first_call_done")
    names = {process.name() for process in command.processes()}
    assert "sleep" in names
    command.kill()
    assert command.all_gone(SECONDS_TO_DIE), command.processes()
    status = command.run.read(STATUS)
    assert (status["state"], status["reason"]) == ("interrupted", "the launcher was killed")
    assert command.files_left() == []


@pytest.mark.parametrize("seconds", [0.3, 2.0, 5.0])
def test_launcher_killed_while_it_starts_leaves_nothing(tmp_path, seconds):
    command = Command(tmp_path, *TWO)
    time.sleep(seconds)
    command.kill()
    assert command.all_gone(SECONDS_TO_DIE), command.processes()
    assert command.files_left() == []


def test_closed_terminal_is_like_ctrl_c_once(tmp_path, isolated):
    ours, theirs = pty.openpty()
    command = Command(tmp_path, *TWO, isolated, terminal=theirs)
    os.close(theirs)
    command.wait_for("worker-0", "first_call_done")
    command.process.send_signal(signal.SIGHUP)
    os.close(ours)
    assert command.process.wait(60) == 130
    status = command.run.read(STATUS)
    assert status["state"] == "interrupted"
    assert list(command.run.path.glob("checkpoints/*/manifest.json"))
    assert command.all_gone(SECONDS_TO_DIE)
    assert command.files_left() == []


def test_task_that_does_not_leave_when_told_is_killed_after_the_grace(tmp_path):
    workload = "workload._target_=tests.faults.workloads.sleeps"
    command = Command(tmp_path, *TWO, workload, "watch.grace_seconds=3")
    command.wait_for("worker-0", "first_call_done")
    time.sleep(8)  # by now the planted sleep has begun
    command.process.send_signal(signal.SIGTERM)
    code, _ = command.end(20)
    assert code == 130
    assert command.run.read(STATUS)["state"] == "interrupted"
    assert command.all_gone(SECONDS_TO_DIE)


@pytest.mark.skipif(shutil.which("unshare") is None, reason="no unshare, to mount a small disk")
def test_full_disk_is_the_cause_and_what_was_measured_is_kept(tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    words = ["strategy=multiworker", "workers=2", "until.steps=1000000", "hydra.run.dir=small/run"]
    filled = "head -c 100M /dev/zero > small/filler 2>/dev/null; "
    script = (
        "mount -t tmpfs -o size=12m small small && "
        f"({sys.executable} -m launcher {' '.join(words)} & "
        "until grep -q first_call_done small/run/tasks/chief-0/events.jsonl 2>/dev/null; "
        f"do sleep 0.1; done; sleep 2; {filled} wait $!); echo code $?; "
        "rm -f small/filler; cp -r small/run kept"
    )
    ended = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    said = ended.stdout + ended.stderr
    assert "code 1" in ended.stdout, said
    assert "disk is full" in said or "No space left" in said
    frame = results.load(tmp_path / "kept")
    assert frame.state[0] == "failed"
    assert frame.steps[0] > 0
    assert RunFolder(tmp_path / "kept").read(STATUS)["cause"]["kind"] == "disk"


CGROUP = Path("/sys/fs/cgroup/memory")


@pytest.mark.skipif(
    os.getuid() != 0 or not (CGROUP / "memory.limit_in_bytes").is_file(),
    reason="needs root and memory cgroups of version 1, to take memory away",
)
def test_task_that_the_system_ended_for_want_of_memory_is_told_so(tmp_path):
    cgroup = CGROUP / f"test-{tmp_path.name}-{os.getpid()}"
    cgroup.mkdir()
    try:
        (cgroup / "memory.limit_in_bytes").write_text(str(3_000_000_000))
        workload = "workload._target_=tests.faults.workloads.takes_memory"
        words = " ".join([*TWO, workload])
        script = f"echo $$ > {cgroup}/tasks; exec {sys.executable} -m launcher {words}"
        ended = subprocess.run(
            ["sh", "-c", script],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": os.getcwd()},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    finally:
        until(lambda: not (cgroup / "tasks").read_text(), 10)
        cgroup.rmdir()
    assert ended.returncode == 1, ended.stderr
    cause = RunFolder(tmp_path / "run").read(STATUS)["cause"]
    assert (cause["task"], cause["kind"]) == ("worker-0", "memory"), cause
    assert "whose memory ran out" in cause["message"]
