"""`profile.steps`: whether it can be had, and what is made of the traces once a run has ended."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import benchmarks
from launcher.engines.process import die_with_parent
from results.errors import UserError
from strategies.settings import ProfileSettings, UntilSettings

CONVERTER = "xprof"
_SECONDS = 300.0
"""Some 100 MB of trace take a minute."""


def check(profile: ProfileSettings, until: UntilSettings, warmup: int, batch_total: int) -> None:
    """Raise UserError for steps that the run will not make, or that show its warm-up only."""
    if profile.steps is None:
        return
    asked = as_typed(profile.steps)
    if len(profile.steps) != 2:
        raise UserError(f"{asked}: the first and the last step are needed, such as [20,30]")
    first, last = profile.steps
    if first >= last:
        raise UserError(
            f"{asked}: the first step isn't before the last; give such as [{first},{first + 10}]"
        )
    begins = max(warmup, 1) + 1
    if first < begins:
        raise UserError(
            f"{asked}: step {first} is part of the warm-up (measure.warmup_steps={warmup}, or the "
            f"first step, which compiles); begin at {begins} or later"
        )
    ends = _ends_at(until, batch_total)
    if ends is not None and last > ends:
        raise UserError(f"{asked}: the run ends after step {ends}; give a last step up to {ends}")
    if importlib.util.find_spec(CONVERTER) is None:
        raise UserError(
            f"{asked}: the package {CONVERTER} reads traces and isn't installed; "
            "pip install 'distribute-bench[profile]'"
        )


def as_typed(steps: list[int]) -> str:
    """The key with its value, as it is given on the command line."""
    return f"profile.steps=[{','.join(map(str, steps))}]"


def convert(run_folder: Path) -> str | None:
    """Makes table and trace file of what the tasks traced, in a process of its own.

    Returns what went wrong in a line, or None. Ctrl-C doesn't reach that process; it ends with
    this one.
    """
    parent = os.getpid()
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "benchmarks.trace_conversion", str(run_folder.absolute())],
            cwd=Path(benchmarks.__file__).parent.parent,
            env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            process_group=0,
            preexec_fn=lambda: die_with_parent(parent),
        )
    except subprocess.TimeoutExpired:
        return f"converting the traces took longer than {_SECONDS:.0f} s"
    if ended.returncode == 0:
        return None
    return (ended.stderr.strip().splitlines() or [f"exit code {ended.returncode}"])[-1]


def _ends_at(until: UntilSettings, batch_total: int) -> int | None:
    """The last step that the run can make; None where the clock or quality ends it."""
    limits = []
    if until.steps is not None:
        limits.append(until.steps)
    if until.examples is not None:
        limits.append(-(-until.examples // batch_total))
    return min(limits, default=None)
