"""Whether the machine has its hands free: a run that begins while others compute measures them too.

What counts is the share of this process's cores that was busy a moment ago. The load average is no
use here: for a minute it remembers the run before.
"""

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
    """Of the cores that this process may use, the share that computed during the window."""
    before = _idle_and_all()
    time.sleep(window_seconds)
    after = _idle_and_all()
    ticks = after[1] - before[1]
    return 0.0 if ticks <= 0 else max(0.0, 1 - (after[0] - before[0]) / ticks)


def busy_note(share: float) -> str:
    """What figures of a run that began like this have to say."""
    return f"the machine was busy when it began: {share:.0%} of its cores with other things"


def _idle_and_all() -> tuple[float, float]:
    """Seconds of the cores since the system's start: idle (waiting for a disk is), and all."""
    every = psutil.cpu_times(percpu=True)
    ours = [every[core] for core in available_cores() if core < len(every)] or every
    idle = sum(core.idle + getattr(core, "iowait", 0.0) for core in ours)
    # A guest's time is counted in user and nice as well.
    return idle, sum(
        sum(core) - getattr(core, "guest", 0.0) - getattr(core, "guest_nice", 0.0) for core in ours
    )
