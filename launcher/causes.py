"""Which of several failures was the cause of the others, of what kind it is, and what to say of it.

The first failure is the cause, the rest are consequences; but evidence outranks order. A task ended
by a signal or by an exception of its own comes before peers that only lost a connection or a
heartbeat, whichever end was seen first.
"""

import re
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from launcher.engines import LOST_HOST, OVER_HOST_MEMORY, OVER_MEMORY, Exit
from launcher.failure_kinds import (
    ADDRESS_TAKEN,
    DISK,
    DISK_FULL_CODE,
    MEMORY,
    PLATFORM,
    PREEMPTED,
    USER,
)
from results.run_folder import CLOCK, FAILURE, PROGRESS, RunFolder, clock_offset

_TAIL_LINES = 15
_DUMP_LINES = 300
"""Of a crash Python shows the stacks of all threads, whichever crashed."""
_LINES_BEFORE = 5
_CRASHED, _CRASHED_IN = "Fatal Python error:", "Current thread "
_NOISE = (
    "failed call to cuInit",
    "All log messages before absl::InitializeLog()",
    "TFRecordDataset `buffer_size` is unspecified",
)
_LOST_PEERS = re.compile(r"coordination service|heartbeat|UNAVAILABLE|barrier|peer", re.IGNORECASE)
"""What TensorFlow prints before it aborts a process whose cluster has gone."""
_NO_MEMORY = re.compile(r"bad_alloc|out of memory|OOM when allocating", re.IGNORECASE)
_TOLD_TO_LEAVE = {-signal.SIGTERM, -signal.SIGHUP, -signal.SIGINT}
_CRASHES = {-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS, -signal.SIGFPE, -signal.SIGILL}


@dataclass(frozen=True)
class Cause:
    """The failure that ended a run, or a task that was replaced, as `status.json` keeps it."""

    task: str
    kind: str
    """`user`, `data`, `memory`, `disk`, `preempted` or `platform`."""
    message: str
    """In one line, to follow the task's name."""
    type: str | None = None
    """Of the exception, where there was one."""
    when: str | None = None
    """UTC, ISO 8601."""
    exit_code: int | None = None
    signal: int | None = None
    signal_name: str | None = None
    step: int | None = None
    """Where it failed, or the last step that it is known to have made."""
    log_tail: str = ""
    consequences: dict[str, str] = field(default_factory=dict)
    """How the other tasks ended because of it, by name."""


@dataclass(frozen=True)
class _Evidence:
    """What is known of one task's end."""

    own: bool
    """Whether it failed by itself, and not for want of its peers."""
    at_ns: int
    kind: str
    message: str
    type: str | None
    step: int | None


def find_cause(folder: RunFolder, failed: Mapping[str, Exit], limits: "Limits") -> Cause:
    """The failure that explains the others.

    Args:
      failed: how each task ended that didn't end well; at least one.
      limits: what memory there was.
    """
    evidence = {task: _evidence(folder, task, ended, limits) for task, ended in failed.items()}
    task = min(evidence, key=lambda task: (not evidence[task].own, evidence[task].at_ns))
    found, code = evidence[task], failed[task].code
    seen = failed[task].ended_for != LOST_HOST
    others = {name: each.message for name, each in evidence.items() if name != task}
    return Cause(
        task=task,
        kind=found.kind,
        message=found.message,
        type=found.type,
        when=_moment(found.at_ns),
        exit_code=code if seen and code >= 0 else None,
        signal=-code if seen and code < 0 else None,
        signal_name=signal_name(code) if seen and code < 0 else None,
        step=found.step,
        log_tail=log_tail(folder, task),
        consequences=others,
    )


@dataclass(frozen=True)
class Limits:
    """How much memory a task may hold, and whether the system ended a process for want of it."""

    memory_mb: int | None
    """`watch.memory_mb`."""
    kills_before: int | None
    """Of the system's counter, when the run began; None where it doesn't count."""
    host_memory_mb: int | None = None
    """`emulate.hosts.memory_mb`."""

    def system_has_killed(self) -> bool:
        """Whether memory ran out since the run began."""
        now = out_of_memory_kills()
        return now is not None and self.kills_before is not None and now > self.kills_before


def out_of_memory_kills() -> int | None:
    """Processes that Linux has ended for want of memory since it started, of whatever cgroup."""
    try:
        with open("/proc/vmstat", encoding="ascii") as counters:
            for line in counters:
                name, _, count = line.partition(" ")
                if name == "oom_kill":
                    return int(count)
    except OSError:
        pass
    return None


def signal_name(code: int) -> str:
    """`SIGKILL` for -9."""
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def log_tail(folder: RunFolder, task: str) -> str:
    """The end of the task's log without what TensorFlow says on every healthy start; of a crash
    what came before it, and where the thread stood that crashed."""
    lines = folder.log_tail(task, _DUMP_LINES).splitlines()
    telling = [line for line in lines if not any(noise in line for noise in _NOISE)]
    crashes = [place for place, line in enumerate(telling) if line.startswith(_CRASHED)]
    if crashes:
        before, dump = telling[: crashes[-1]], telling[crashes[-1] :]
        stack = next((at for at, line in enumerate(dump) if line.startswith(_CRASHED_IN)), 1)
        return "\n".join([*before[-_LINES_BEFORE:], dump[0], *dump[stack:][:_TAIL_LINES]])
    return "\n".join(telling[-_TAIL_LINES:])


def _evidence(folder: RunFolder, task: str, ended: Exit, limits: Limits) -> _Evidence:
    said = folder.read_if_there(f"tasks/{task}/{FAILURE}")
    if said is not None:
        own = said["kind"] != PLATFORM or said["type"] == ADDRESS_TAKEN
        return _Evidence(
            own=own,
            at_ns=_raised_ns(folder, task, said),
            kind=said["kind"],
            message=f"{said['type']}: {said['message']}",
            type=said["type"],
            step=said["step"],
        )
    progress = folder.read_if_there(f"tasks/{task}/{PROGRESS}") or {}
    step = progress.get("step")
    own, kind, message = _without_a_word(folder, task, ended, limits, progress)
    after = f" after step {step}" if step is not None else ""
    return _Evidence(own, ended.seen_ns, kind, f"{message}{after}", None, step)


def _raised_ns(folder: RunFolder, task: str, said: Mapping[str, Any]) -> int:
    """By this host's monotonic clock, which another host's has nothing to do with."""
    if not (folder.task_folder(task) / CLOCK).is_file():
        return int(said["raised_ns"])
    ago = time.time() - (said["time"] - clock_offset(folder.task_folder(task)))
    return time.monotonic_ns() - int(ago * 1e9)


def _without_a_word(
    folder: RunFolder, task: str, ended: Exit, limits: Limits, progress: Mapping[str, Any]
) -> tuple[bool, str, str]:
    """Whether it failed by itself, the kind, and the message of a task that left no exception."""
    code, name = ended.code, signal_name(ended.code)
    held = f"{progress['rss_mb']:,.0f} MB" if progress.get("rss_mb") else "an unknown amount"
    less = "take a smaller batch or a smaller shuffle buffer, fewer workers, or more memory"
    if ended.ended_for == LOST_HOST:
        return True, PLATFORM, str(ended.said)
    if ended.ended_for == OVER_MEMORY:
        limit = f"watch.memory_mb={limits.memory_mb}"
        return True, MEMORY, f"was ended for holding more than {limit}; raise it, or {less}"
    if ended.ended_for == OVER_HOST_MEMORY:
        limit = f"emulate.hosts.memory_mb={limits.host_memory_mb}"
        full = f"was ended by the system, as its emulated host's memory was full ({limit})"
        smaller = "take a smaller model, batch or shuffle buffer"
        return True, MEMORY, f"{full}; raise it, or {smaller}"
    if code == -signal.SIGKILL and limits.system_has_killed():
        ran_out = f"was ended by the system, whose memory ran out (it held {held})"
        return True, MEMORY, f"{ran_out}; {less}"
    if code in _CRASHES:
        told = folder.log_tail(task, 3 * _TAIL_LINES)
        if _NO_MEMORY.search(told):
            return True, MEMORY, f"ran out of memory ({name}; it held {held}); {less}"
        lost = code == -signal.SIGABRT and _LOST_PEERS.search(told) is not None
        return not lost, PLATFORM if lost else USER, f"crashed ({name})"
    if code in _TOLD_TO_LEAVE:
        return True, PREEMPTED, f"was told to leave by somebody else ({name})"
    if code < 0:
        return True, PLATFORM, f"was killed by somebody else ({name})"
    if code == DISK_FULL_CODE:
        return True, DISK, "could write nothing more: the disk is full"
    if code == 0:
        events = folder.events(task)
        if events and events[-1]["event"] == "finished":  # a server, before it was time to leave
            return True, PREEMPTED, "was told to leave by somebody else (SIGTERM)"
        return True, USER, "left with exit code 0 before the end"
    return True, USER, f"left with exit code {code} and said nothing"


def _moment(at_ns: int) -> str:
    """Of a reading of the monotonic clock."""
    ago = (time.monotonic_ns() - at_ns) / 1e9
    return datetime.fromtimestamp(time.time() - ago, UTC).isoformat(timespec="milliseconds")
