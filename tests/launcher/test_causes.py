"""Evidence outranks order, order is by time, and every way to end has its kind and its words."""

import signal
import time

import pytest

from launcher.causes import Limits, find_cause, out_of_memory_kills
from launcher.engines import LOST_HOST, OVER_HOST_MEMORY, OVER_MEMORY, Exit
from launcher.failure_kinds import DISK_FULL_CODE
from results.run_folder import CLOCK, FAILURE, LOG, PROGRESS, RunFolder

NO_LIMITS = Limits(memory_mb=None, kills_before=None)


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path)


def says(folder, task, kind, raised_ns, type_="ValueError", message="planted"):
    record = {"kind": kind, "type": type_, "message": message, "step": 7, "raised_ns": raised_ns}
    folder.write(f"tasks/{task}/{FAILURE}", record)


def printed(folder, task, text):
    place = folder.task_folder(task)
    place.mkdir(parents=True, exist_ok=True)
    (place / LOG).write_text(text)


def test_own_exception_outranks_a_lost_connection_that_was_seen_first(folder):
    says(folder, "chief-0", "platform", 10, "UnavailableError")
    says(folder, "worker-0", "user", 20)
    found = find_cause(folder, {"chief-0": Exit(1, 30), "worker-0": Exit(1, 40)}, NO_LIMITS)
    assert (found.task, found.kind, found.step, found.type) == ("worker-0", "user", 7, "ValueError")
    assert found.consequences == {"chief-0": "UnavailableError: planted"}


def test_of_two_exceptions_the_one_raised_first_is_the_cause_whichever_task_left_first(folder):
    says(folder, "chief-0", "user", 20)
    says(folder, "worker-0", "user", 10)
    found = find_cause(folder, {"chief-0": Exit(1, 30), "worker-0": Exit(1, 40)}, NO_LIMITS)
    assert found.task == "worker-0"


def test_kill_comes_before_the_exception_that_followed_it(folder):
    says(folder, "chief-0", "user", 31, "InternalError", "something odd about a peer")
    found = find_cause(folder, {"chief-0": Exit(1, 50), "worker-1": Exit(-9, 30)}, NO_LIMITS)
    assert (found.task, found.signal, found.signal_name) == ("worker-1", 9, "SIGKILL")
    assert found.message.startswith("was killed by somebody else (SIGKILL)")


def test_abort_for_want_of_the_cluster_is_a_consequence_and_another_abort_is_not(folder):
    printed(folder, "chief-0", "E0000 coordination service: heartbeat timed out\n")
    printed(folder, "worker-0", "F0000 Check failed: planted\n")
    abort = -int(signal.SIGABRT)
    found = find_cause(folder, {"chief-0": Exit(abort, 1), "worker-0": Exit(abort, 2)}, NO_LIMITS)
    assert (found.task, found.kind) == ("worker-0", "user")


def test_with_consequences_only_the_first_to_be_seen_is_named(folder):
    says(folder, "chief-0", "platform", 20, "UnavailableError")
    says(folder, "worker-0", "platform", 10, "AbortedError")
    found = find_cause(folder, {"chief-0": Exit(1, 30), "worker-0": Exit(1, 40)}, NO_LIMITS)
    assert found.task == "worker-0"


def test_exceptions_on_hosts_with_other_clocks_are_ordered_by_the_launchers(folder):
    now = time.time()
    for task, raised, ahead in (("chief-0", now - 1.0, 0.0), ("worker-0", now + 98.0, 100.0)):
        says(folder, task, "user", raised_ns=7)  # monotonic clocks of hosts have nothing in common
        record = folder.read(f"tasks/{task}/{FAILURE}")
        folder.write(f"tasks/{task}/{FAILURE}", {**record, "time": raised})
        clock = {"offset_seconds": ahead, "error_seconds": 0.001}
        folder.write(f"tasks/{task}/{CLOCK}", clock)
    found = find_cause(folder, {"chief-0": Exit(1, 30), "worker-0": Exit(1, 40)}, NO_LIMITS)
    assert found.task == "worker-0"


def test_of_a_crash_the_reason_and_the_thread_that_crashed_are_shown(folder):
    other = ["Thread 0x01 (most recent call first):", *['  File "other.py", line 1 in f'] * 60]
    own = ["Current thread 0x02 (most recent call first):", '  File "own.py", line 7 in act']
    crash = ["F0000 Check failed: planted", "Fatal Python error: Aborted", ""]
    printed(folder, "worker-0", "\n".join([*crash, *own, "", *other, "Extension modules: numpy"]))
    told = find_cause(folder, {"worker-0": Exit(-6, 1)}, NO_LIMITS).log_tail.splitlines()
    assert told[:4] == [crash[0], crash[1], *own]
    assert "Extension" not in told[-1]


def test_a_lost_host_comes_before_the_connections_that_it_broke(folder):
    says(folder, "chief-0", "platform", 10, "UnavailableError")
    lost = Exit(-9, 10**9, LOST_HOST, "was lost with its host n3, which left with code 1")
    found = find_cause(folder, {"chief-0": Exit(1, 30), "worker-0": lost}, NO_LIMITS)
    assert (found.task, found.kind) == ("worker-0", "platform")
    assert found.message.startswith("was lost with its host n3")
    assert (found.exit_code, found.signal) == (None, None)  # nobody saw how it ended


@pytest.mark.parametrize(
    ("ended", "kind", "said"),
    [
        (Exit(-15, 1), "preempted", "told to leave by somebody else (SIGTERM)"),
        (Exit(-11, 1), "user", "crashed (SIGSEGV)"),
        (Exit(-9, 1), "platform", "killed by somebody else (SIGKILL) after step 40"),
        (Exit(-9, 1, OVER_MEMORY), "memory", "watch.memory_mb=512"),
        (Exit(-9, 1, OVER_HOST_MEMORY), "memory", "was full (emulate.hosts.memory_mb=900); raise"),
        (Exit(DISK_FULL_CODE, 1), "disk", "disk is full"),
        (Exit(3, 1), "user", "left with exit code 3 and said nothing"),
        (Exit(0, 1), "user", "left with exit code 0 before the end"),
    ],
)
def test_end_without_a_word_has_its_kind(folder, ended, kind, said):
    folder.write(f"tasks/chief-0/{PROGRESS}", {"step": 40, "rss_mb": 700.0})
    found = find_cause(folder, {"chief-0": ended}, Limits(512, None, 900))
    assert found.kind == kind
    assert said in found.message
    assert found.step == 40


def test_kill_is_want_of_memory_where_the_system_has_counted_one(folder):
    before = out_of_memory_kills()
    if before is None:
        pytest.skip("this system doesn't count them")
    folder.write(f"tasks/chief-0/{PROGRESS}", {"step": 40, "rss_mb": 700.0})
    found = find_cause(folder, {"chief-0": Exit(-9, 1)}, Limits(None, before - 1))
    assert found.kind == "memory"
    assert "it held 700 MB" in found.message
    assert "smaller batch" in found.message


def test_log_says_what_memory_an_abort_wanted(folder):
    printed(folder, "chief-0", "terminate called after throwing std::bad_alloc\n")
    found = find_cause(folder, {"chief-0": Exit(-6, 1)}, NO_LIMITS)
    assert found.kind == "memory"
    assert "bad_alloc" in found.log_tail
