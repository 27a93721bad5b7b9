"""Whether the machine has its hands free: a run that begins while others compute measures them too.

What counts is the share of this process's cores that was busy a moment ago. The load average is no
use here: for a minute it remembers the run before.
"""

import contextlib
import time
from collections.abc import Callable

import psutil

from launcher.hardware import available_cores

BUSY_SHARE = 0.15
"""Above it a start is noisy. Two cores that did nothing showed 0.00 to 0.06 over a window, one
process that computed 0.5: in between, nearer to nothing."""
_WINDOW_SECONDS = 0.2
"""Twenty of the kernel's ticks on each core."""


def wait_until_quiet(
    most_seconds: float, interrupted: Callable[[], bool] = lambda: False
) -> float | None:
    """Returns None once the machine is quiet, else, after `most_seconds`, the share of its cores
    that is busy (0 to 1). The first look is always taken; it takes 0.2 s."""
    limit = time.monotonic() + most_seconds
    while True:
        share = busy_share()
        if share <= BUSY_SHARE or interrupted():
            return None
        if time.monotonic() >= limit:
            return share


def busy_share(window_seconds: float = _WINDOW_SECONDS) -> float:
    """Of the cores that this process may use, the share that computed for others than this process
    and those that it started (its server may be importing) during the window."""
    own_before, (idle_before, all_before) = _own_seconds(), _idle_and_all()
    time.sleep(window_seconds)
    own_after, (idle_after, all_after) = _own_seconds(), _idle_and_all()
    seconds = all_after - all_before
    if seconds <= 0:
        return 0.0
    own = sum(took - own_before.get(pid, took) for pid, took in own_after.items())
    return min(1.0, max(0.0, 1 - (idle_after - idle_before + own) / seconds))


def busy_note(share: float) -> str:
    """What figures of a run that began like this have to say."""
    return f"the machine was busy when it began: {share:.0%} of its cores with other things"


def _own_seconds() -> dict[int, float]:
    """CPU seconds of this process and its descendants so far, by process id."""
    this = psutil.Process()
    found = {}
    for process in (this, *this.children(recursive=True)):
        with contextlib.suppress(psutil.Error):  # it has ended
            found[process.pid] = sum(process.cpu_times()[:2])
    return found


def _idle_and_all() -> tuple[float, float]:
    """Seconds of the cores since the system's start: idle (waiting for a disk is), and all."""
    every = psutil.cpu_times(percpu=True)
    ours = [every[core] for core in available_cores() if core < len(every)] or every
    idle = sum(core.idle + getattr(core, "iowait", 0.0) for core in ours)
    # A guest's time is counted in user and nice as well.
    return idle, sum(
        sum(core) - getattr(core, "guest", 0.0) - getattr(core, "guest_nice", 0.0) for core in ours
    )
