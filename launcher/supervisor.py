"""Watches the tasks of a run until all have ended, and says which failure was the cause."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from launcher.engines import Engine, Exit
from launcher.failure_kinds import PLATFORM
from launcher.session import Interrupts
from results.run_folder import FAILURE, RunFolder

_POLL_SECONDS = 0.1
_EVIDENCE_SECONDS = 1.0
"""After the first failure the others get this long to write down theirs: the first to be seen
need not be the first to have happened."""
_GRACE_SECONDS = 10.0
"""For a task to end after SIGTERM: it may be in the middle of a call or a checkpoint."""
_GRACE_AFTER_FAILURE_SECONDS = 1.0
"""The others can't go on without the task that failed, nor save what they share with it."""
_ABORTED = -6
"""TensorFlow ends a process by SIGABRT when its cluster is gone: a consequence, not a cause."""
_TAIL_LINES = 15
_NOISE = (
    "failed call to cuInit",
    "All log messages before absl::InitializeLog()",
    "TFRecordDataset `buffer_size` is unspecified",
)


@dataclass(frozen=True)
class Cause:
    """The failure that ended a run, as `status.json` keeps it."""

    task: str
    kind: str
    message: str
    exit_code: int | None
    signal: int | None
    step: int | None
    log_tail: str


@dataclass
class Watched:
    """How the tasks of a run ended."""

    exits: dict[str, Exit] = field(default_factory=dict)
    cause: Cause | None = None
    interrupted: bool = False


def watch(
    engine: Engine,
    folder: RunFolder,
    tasks: Sequence[str],
    servers: Sequence[str],
    interrupts: Interrupts,
    on_tick: Callable[[], None],
) -> Watched:
    """Returns when every task has ended: well, or stopped after the first failure.

    Args:
      servers: the tasks among `tasks` that only serve, and are told to leave when the rest is done.
      on_tick: called a few times a second.
    """
    watched = Watched()
    told = 0
    while len(watched.exits) < len(tasks):
        watched.exits |= engine.poll(_POLL_SECONDS)
        on_tick()
        if any(ended.code != 0 for ended in watched.exits.values()):
            watched.cause = _end_after_failure(engine, folder, tasks, watched)
            break
        running = [task for task in tasks if task not in watched.exits]
        if interrupts.count > told:
            watched.interrupted = True
            told = interrupts.count
            if told > 1:
                watched.exits |= engine.stop(running, grace_seconds=0)
                break
            for task in running:
                if task not in servers:
                    engine.signal(task, 15)
        if running and set(running) <= set(servers):
            watched.exits |= engine.stop(running, _GRACE_SECONDS)
    on_tick()
    return watched


def _end_after_failure(
    engine: Engine, folder: RunFolder, tasks: Sequence[str], watched: Watched
) -> Cause:
    limit = time.monotonic() + _EVIDENCE_SECONDS
    while time.monotonic() < limit and len(watched.exits) < len(tasks):
        watched.exits |= engine.poll(_POLL_SECONDS)
    failed = {task: ended for task, ended in watched.exits.items() if ended.code != 0}
    cause = _cause(folder, failed)
    running = [task for task in tasks if task not in watched.exits]
    watched.exits |= engine.stop(running, _GRACE_AFTER_FAILURE_SECONDS)
    return cause


def _cause(folder: RunFolder, failed: dict[str, Exit]) -> Cause:
    """The failure that explains the others: evidence outranks the order in which ends were seen."""
    evidence = {task: folder.read_if_there(f"tasks/{task}/{FAILURE}") or {} for task in failed}

    def rank(task: str) -> tuple[int, float, int]:
        said, ended = evidence[task], failed[task]
        own = said and said["kind"] != PLATFORM
        killed = not said and ended.code < 0 and ended.code != _ABORTED
        step = said.get("step")
        return (
            0 if own or killed else 1,
            float("inf") if step is None else step,
            ended.seen_ns,
        )

    task = min(failed, key=rank)
    said, code = evidence[task], failed[task].code
    return Cause(
        task=task,
        kind=said.get("kind", PLATFORM),
        message=_message(said, code),
        exit_code=code if code >= 0 else None,
        signal=-code if code < 0 else None,
        step=said.get("step"),
        log_tail=_tail(folder, task),
    )


def _tail(folder: RunFolder, task: str) -> str:
    """The end of the task's log without what TensorFlow says on every healthy start."""
    lines = folder.log_tail(task, 3 * _TAIL_LINES).splitlines()
    telling = [line for line in lines if not any(noise in line for noise in _NOISE)]
    return "\n".join(telling[-_TAIL_LINES:]) or "(its log says nothing of it)"


def _message(said: dict[str, Any], code: int) -> str:
    if said:
        return f"{said['type']}: {said['message']}"
    if code < 0:
        return f"ended by signal {-code}"
    return f"left with exit code {code} and said nothing"
