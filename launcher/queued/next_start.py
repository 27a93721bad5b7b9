"""What follows when the launcher inside a job has been told to leave, or lost a host."""

from collections.abc import Sequence
from dataclasses import dataclass

from launcher.engines.slurm.job import JobLook

_CLOCK_SECONDS = 5.0
"""Slurm's times are whole seconds, and clocks of two hosts differ."""


@dataclass(frozen=True)
class Told:
    """How the launcher was told to leave."""

    at: float
    """Unix seconds."""
    early: bool
    """By the signal that Slurm gives ahead of the job's end."""


def why_again(told: Told, seen: JobLook | None, end: float | None) -> str | None:
    """Why a job whose run was told to leave has to begin again; None where a person wanted its end.

    Signals alone don't tell: the same ones come at the time limit, for a preemption and from
    `scancel`, and while a job is COMPLETING Slurm doesn't say of what.

    Args:
      seen: the job, as it is now; None where Slurm doesn't know or doesn't answer.
      end: when the job had to end, as it was known at its start; unix seconds.
    """
    if seen is not None and seen.preempted is not None:
        return "it made room for a job of higher priority"
    if told.early or (end is not None and told.at >= end - _CLOCK_SECONDS):
        return "its time limit came near"
    return None


def is_queued_already(seen: JobLook | None, restarts: int) -> bool:
    """Whether Slurm, or a person, has queued the job again by itself.

    Args:
      restarts: how often it had been queued again when it began.
    """
    return seen is not None and (seen.waits or seen.restarts > restarts)


def may_lose_hosts(lost: Sequence[str], failures: int, restarts: int) -> bool:
    """Whether a run that failed with hosts that don't answer may begin again on others.

    Args:
      failures: how often it has failed, this time included.
      restarts: how many failures it may go on after.
    """
    return bool(lost) and failures <= restarts
