"""Notices a run that stands still, and tells who waits for whom.

A task gets on when what it says of itself once a second changes: step, state, or anything else that
it finished. That one task is stopped the system tells at once; that a synchronous task hangs shows
in all, since the others wait for it: then the stacks in their logs tell them apart.
"""

import re
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from launcher.causes import Cause, log_tail
from launcher.engines import Group, Look
from launcher.failure_kinds import PLATFORM, USER
from launcher.schema import WatchSettings
from results.run_folder import LOG, RunFolder, now

STACK_SIGNAL = signal.SIGUSR2
"""Makes a task write the stack of each of its threads into its log."""
_DUMP_SECONDS = 0.5
_PAUSE_SECONDS = 5.0
"""Between two looks: a launcher that was itself stopped for longer has not watched meanwhile."""
_TRAINING, _SAVING = "training", "saving"
_FRAME = re.compile(
    r'^  File "(?P<file>.+)", line (?P<line>\d+) in (?P<function>\S+)', re.MULTILINE
)
_THREAD = re.compile(
    r"^(?:Current t|T)hread 0x[0-9a-f]+.*\(most recent call first\):$", re.MULTILINE
)
_HERE = Path(__file__).resolve().parents[1]
_ROOMS = ("launcher", "strategies", "input_pipelines", "benchmarks", "results")
Said = Mapping[str, Mapping[str, Any]]
"""What each task last said of itself, by name (`RunFolder.progress`)."""


@dataclass
class StallWatch:
    """Watches the tasks of one start of a plan."""

    tasks: Sequence[str]
    servers: Sequence[str]
    """Those among them that only serve; a coordinator speaks for the ones that compute."""
    settings: WatchSettings
    began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._looked = self.began
        self._since = dict.fromkeys(self.tasks, self.began)
        self._stopped: dict[str, float] = {}
        self._signatures: dict[str, tuple[Any, ...]] = {}
        self._stepped = False

    def look(self, said: Said, looks: Mapping[str, Look], now: float) -> tuple[str, ...] | None:
        """Which tasks have stood still for too long; None while the run gets on.

        Args:
          now: `time.monotonic()`.
        """
        self._leave_out_own_pause(now)
        for task in self.tasks:
            record = said.get(task, {})
            self._stepped = self._stepped or record.get("step") is not None
            signature = _signature(record)
            if signature != self._signatures.get(task):
                self._signatures[task] = signature
                self._since[task] = now
            if task in looks and looks[task].stopped:
                self._stopped.setdefault(task, now)
            else:
                self._stopped.pop(task, None)
        limit = self.settings.stall_seconds
        stopped = [task for task, since in self._stopped.items() if now - since >= limit]
        if stopped:
            return tuple(stopped)
        if not self._stepped:
            late = now - self.began >= self.settings.start_seconds
            return self._idlest(now, 0.0) if late else None
        return self._idle(said, now, limit)

    def stopped(self) -> tuple[str, ...]:
        """The tasks that a signal has stopped."""
        return tuple(self._stopped)

    @property
    def stepped(self) -> bool:
        """Whether a first step was seen."""
        return self._stepped

    def _idle(self, said: Said, now: float, limit: float) -> tuple[str, ...] | None:
        if self.servers:  # asynchronous: each worker for itself while the coordinator trains
            working = [task for task in self.servers if said.get(task, {}).get("step") is not None]
            if said.get(self.tasks[0], {}).get("state") != _TRAINING:
                self._since |= dict.fromkeys(working, now)
            idle = [task for task in working if now - self._since[task] >= limit]
            if idle:
                return tuple(idle)
        leading = [task for task in self.tasks if task not in self.servers]
        if all(now - self._since[task] >= limit for task in leading):
            return self._idlest(now, limit)
        return None

    def _idlest(self, now: float, limit: float) -> tuple[str, ...]:
        return tuple(task for task in self.tasks if now - self._since[task] >= limit)

    def _leave_out_own_pause(self, now: float) -> None:
        pause = now - self._looked
        self._looked = now
        if pause > _PAUSE_SECONDS:
            self.began += pause
            self._since = {task: since + pause for task, since in self._since.items()}
            self._stopped = {task: since + pause for task, since in self._stopped.items()}


def dump_stacks(group: Group, tasks: Sequence[str]) -> None:
    """Puts the stack of each of these tasks into its log; a stopped one has to go on for that."""
    for task in tasks:
        group.signal(task, STACK_SIGNAL)
        group.signal(task, signal.SIGCONT)
    time.sleep(_DUMP_SECONDS)


def explain(
    folder: RunFolder, watch: StallWatch, idle: Sequence[str], log_sizes: Mapping[str, int]
) -> Cause:
    """Who waits for whom, from what the tasks said and from the stacks in their logs.

    Args:
      idle: the tasks that stood still.
      log_sizes: bytes of each task's log before the stacks were put there.
    """
    task, kind, message = _culprit(folder, watch, idle, log_sizes)
    step = folder.progress().get(task, {}).get("step")
    return Cause(
        task=task,
        kind=kind,
        message=message,
        when=now(),
        step=None if step is None else int(step),
        log_tail=log_tail(folder, task),
    )


def _culprit(
    folder: RunFolder, watch: StallWatch, idle: Sequence[str], log_sizes: Mapping[str, int]
) -> tuple[str, str, str]:
    """The task that the others wait for, as far as it can be told; the kind, the message."""
    settings, tasks, stopped = watch.settings, watch.tasks, watch.stopped()
    what = (
        f"nothing has moved for watch.stall_seconds={settings.stall_seconds:g} s"
        if watch.stepped
        else f"no first step within watch.start_seconds={settings.start_seconds:g} s"
    )
    if stopped:
        return stopped[0], PLATFORM, f"was stopped by a signal; {what}{_waiting(tasks, stopped)}"
    frames = {task: own_frame(folder, task, log_sizes.get(task, 0)) for task in tasks}
    busy = [task for task, frame in frames.items() if frame is not None]
    if (busy and len(busy) < len(tasks)) or (len(tasks) == 1 and busy):
        return busy[0], USER, f"is in {frames[busy[0]]}; {what}{_waiting(tasks, busy)}"
    if len(idle) < len(tasks) and watch.stepped:
        return idle[0], PLATFORM, f"lags: {what}, while others went on; its stack is in its log"
    return idle[0], PLATFORM, f"{what}, and no task stands out; the stack of each is in its log"


def log_sizes(folder: RunFolder, tasks: Sequence[str]) -> dict[str, int]:
    """Bytes of each task's log."""
    paths = {task: folder.task_folder(task) / LOG for task in tasks}
    return {task: path.stat().st_size for task, path in paths.items() if path.is_file()}


def own_frame(folder: RunFolder, task: str, after: int) -> str | None:
    """Where a thread of the task stands in the user's own code, by the stacks in its log.

    Args:
      after: byte of the log where the stacks begin.
    """
    path = folder.task_folder(task) / LOG
    if not path.is_file():
        return None
    text = path.read_bytes()[after:].decode(errors="replace")
    for stack in _THREAD.split(text)[1:]:
        innermost = _FRAME.search(stack)
        if innermost and _is_own(innermost["file"]):
            return f"{innermost['function']} ({innermost['file']}:{innermost['line']})"
    return None


def _is_own(file: str) -> bool:
    """Whether a file is the user's: not Python's, not an installed package's, not ours."""
    path = Path(file)
    if not path.is_absolute() or any(
        part in ("site-packages", "dist-packages") or part.startswith("python3.")
        for part in path.parts
    ):
        return False
    return not any(path.is_relative_to(_HERE / room) for room in _ROOMS)


def _signature(record: Mapping[str, Any]) -> tuple[Any, ...]:
    names = ["state", "step", "beats"]
    if record.get("state") == _SAVING:
        names.append("written_bytes")  # a large checkpoint is one long call
    return tuple(record.get(name) for name in names)


def _waiting(tasks: Sequence[str], held_by: Sequence[str]) -> str:
    waiting = [task for task in tasks if task not in held_by]
    if not waiting:
        return ""
    return f"; {', '.join(waiting)} {'waits' if len(waiting) == 1 else 'wait'} for it"
