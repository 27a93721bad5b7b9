"""A job of Slurm's: what `scontrol` knows of it, and what can be done to it."""

import re
from dataclasses import dataclass
from typing import Self

from launcher.engines.slurm.commands import SlurmError, slurm

_FIELD = re.compile(r"(?:^| )([A-Z][A-Za-z/:]*)=(.*?)(?= [A-Z][A-Za-z/:]*=|$)")
_WAITING = {"PENDING", "REQUEUED", "REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD", "CONFIGURING"}
_AT_WORK = {"RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "RESIZING", "SIGNALING", "STAGE_OUT"}
_NEVER = {
    "AccountNotAllowed",
    "BadConstraints",
    "InvalidAccount",
    "InvalidQOS",
    "PartitionConfig",
    "PartitionNodeLimit",
    "PartitionTimeLimit",
    "QOSNotAllowed",
    "ReservationInvalid",
}
"""Reasons to wait that nothing in the queue will end, but for an administrator."""
_HELD = re.compile(r"JobHeld|held", re.IGNORECASE)


@dataclass(frozen=True)
class JobLook:
    """A job at one moment. Times are unix seconds, None where Slurm doesn't know them."""

    state: str
    """`PENDING`, `RUNNING`, `COMPLETING`, `COMPLETED`, `FAILED`, `TIMEOUT`, `CANCELLED`,
    `NODE_FAIL`, `OUT_OF_MEMORY`, `PREEMPTED`, …"""
    reason: str | None
    """Why it waits, or ended so."""
    nodes: str
    """As Slurm abbreviates them: `n[1-2]`; empty while it waits."""
    batch_host: str | None
    restarts: int
    """How often it was queued again."""
    end: float | None
    """When it has to end, or has ended."""
    preempted: float | None
    """When it was told to make room for another, where it has time left to do so."""
    exit_code: str | None
    """`code:signal` of its script."""

    @classmethod
    def parsed(cls, text: str) -> Self:
        """From what `scontrol --oneliner show job` prints. Raises SlurmError."""
        fields = dict(_FIELD.findall(" ".join(text.split("\n")).strip()))
        try:
            return cls(
                state=fields["JobState"].split(",")[0],
                reason=_known(fields.get("Reason")),
                nodes=_known(fields.get("NodeList")) or "",
                batch_host=_known(fields.get("BatchHost")),
                restarts=int(fields.get("Restarts") or 0),
                end=_moment(fields.get("EndTime")),
                preempted=_moment(fields.get("PreemptTime")),
                exit_code=_known(fields.get("ExitCode")),
            )
        except (KeyError, ValueError) as error:
            raise SlurmError(f"scontrol says nothing of a job: {text[:200]}") from error

    @property
    def signal(self) -> int | None:
        """The number of the signal that ended its script; None where none did."""
        _, _, number = (self.exit_code or "").partition(":")
        return int(number) if number.isdecimal() and int(number) else None

    @property
    def waits(self) -> bool:
        """Whether it will begin, or begin again."""
        return self.state in _WAITING

    @property
    def has_ended(self) -> bool:
        """For good. A job that is COMPLETING may be queued again yet."""
        return not self.waits and self.state not in _AT_WORK

    @property
    def waits_in_vain(self) -> bool:
        """Whether it waits for what will never be."""
        return self.waits and self.reason in _NEVER

    @property
    def is_held(self) -> bool:
        """Whether it waits for somebody to release it."""
        return self.waits and self.reason is not None and _HELD.search(self.reason) is not None


def look(job: str) -> JobLook | None:
    """What Slurm knows of the job; None where it has forgotten it (some minutes after its end).

    Raises ControllerSilent, SlurmError.
    """
    try:
        return JobLook.parsed(slurm(["scontrol", "--oneliner", "show", "job", job]))
    except SlurmError as error:
        if "Invalid job id" in str(error):
            return None
        raise


def jobs_before(job: str, partition: str | None) -> int | None:
    """How many waiting jobs of the partition have more priority; None where it doesn't wait.

    Raises ControllerSilent, SlurmError.
    """
    only = [] if partition is None else [f"--partition={partition}"]
    words = ["squeue", "--noheader", "--states=PENDING", "--sort=-p,i", "--format=%A", *only]
    waiting = slurm(words).split()
    return waiting.index(job) if job in waiting else None


def tell_to_leave(job: str) -> None:
    """Tell the job's script alone (SIGUSR2): what it leads then leaves in order. `cancel` tells all
    processes of the job at once, and srun ends its step by force when it is told.

    Raises ControllerSilent, SlurmError.
    """
    slurm(["scancel", "--batch", "--signal=USR2", job])


def cancel(job: str) -> None:
    """End the job, or take it out of the queue; one that has ended is left alone.

    Raises ControllerSilent, SlurmError.
    """
    try:
        slurm(["scancel", job])
    except SlurmError as error:
        if "Invalid job id" not in str(error):
            raise


def queue_again(job: str, without: str | None = None) -> None:
    """From inside the job: end it and let it begin again later.

    Slurm ends the script with SIGTERM, and after KillWait with SIGKILL, once this is done; what is
    called here has to outlive that, so SIGTERM must be ignored or handled by this process.

    Args:
      without: nodes that it shall not be given again. A running job's can't be changed (22.05):
        it is queued and held, changed, and released.

    Raises ControllerSilent, SlurmError.
    """
    if without is None:
        slurm(["scontrol", "requeue", job])
        return
    slurm(["scontrol", "requeuehold", job])
    try:
        slurm(["scontrol", "update", f"JobId={job}", f"ExcNodeList={without}"])
    finally:
        slurm(["scontrol", "release", job])


def _known(value: str | None) -> str | None:
    return None if value in (None, "", "None", "(null)", "Unknown", "N/A") else value


def _moment(value: str | None) -> float | None:
    known = _known(value)
    return None if known is None else float(known)
