"""What the launcher knows of a run that the run itself can't know, added to its records."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from launcher.quiet import busy_note
from results.run_folder import STATUS, SUMMARY, RunFolder, now
from results.sweep_folder import FAILED

if TYPE_CHECKING:
    from launcher.run import Outcome

SIGNALLED = "stopped by a signal"
"""`Outcome.reason` of a run whose own launcher was interrupted."""


def record(folder: Path, state: str, reason: str) -> None:
    """The outcome of a run that never began."""
    moment = now()
    RunFolder(folder).write(
        STATUS,
        {
            "state": state,
            "reason": reason,
            "cause": None,
            "started": moment,
            "ended": moment,
            "exit_codes": {},
        },
    )


def failed(folder: Path, outcome: "Outcome", reason: str) -> "Outcome":
    """The run ended in an orderly way, but as it was made to: that is a failure."""
    run = RunFolder(folder)
    run.write(STATUS, {**run.read(STATUS), "state": FAILED, "reason": reason})
    summary = {**(outcome.summary or {}), "state": FAILED, "reason": reason}
    run.write(SUMMARY, summary)
    return dataclasses.replace(outcome, state=FAILED, reason=reason, summary=summary)


def busy(folder: Path, outcome: "Outcome", share: float) -> "Outcome":
    """Other work was going on when the run began; its figures say so."""
    run = RunFolder(folder)
    summary = outcome.summary or run.read_if_there(SUMMARY) or {}
    notes = "; ".join(filter(None, [summary.get("notes"), busy_note(share)]))
    summary = {**summary, "notes": notes}
    run.write(STATUS, {**run.read(STATUS), "busy_share": share})
    run.write(SUMMARY, summary)
    return dataclasses.replace(outcome, summary=summary)
