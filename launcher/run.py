"""One run from end to end: checked, prepared, started, watched, summed up."""

import dataclasses
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from launcher.cluster_plan import ClusterPlan, make_plan
from launcher.engines import TaskProcess
from launcher.environment import environment
from launcher.errors import FolderTaken
from launcher.experiment import Experiment
from launcher.progress import progress_view
from launcher.session import Session, temporary_folder
from launcher.supervisor import Watched, watch
from results.run_folder import ENVIRONMENT, LOG, PLAN, STATUS, SUMMARY, RunFolder, now


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    state: str
    """`done`, `failed` or `interrupted`."""
    reason: str | None
    """In one line, where it is not `done`."""
    log_tail: str = ""
    """The end of the log of the task that failed."""
    summary: dict[str, Any] | None = None


def run_one(
    session: Session, experiment: Experiment, folder: Path, overrides: list[str]
) -> Outcome:
    """Runs the experiment and leaves everything about it in `folder`.

    Raises:
      UserError: the preflight found something that a person can mend; nothing was started.
      FolderTaken: another launcher is at work in `folder`.
    """
    with _claimed(folder):
        return _run(session, experiment, folder, overrides)


def _run(session: Session, experiment: Experiment, folder: Path, overrides: list[str]) -> Outcome:
    started, asked = now(), time.perf_counter()
    engine = session.engine(experiment)
    found = session.preflight(experiment, folder)
    prepared = found["preparation_seconds"]
    checked = time.perf_counter() - asked - prepared
    run_folder = RunFolder(folder)
    plan = make_plan(experiment)
    run_folder.write(ENVIRONMENT, environment())
    run_folder.write(
        PLAN,
        {
            "experiment": experiment.to_dict(),
            "tasks": [_task_record(task) for task in plan.tasks],
            "engine": experiment.engine.name,
            "emulated": [],
            "overrides": overrides,
        },
    )
    status: dict[str, Any] = {
        "state": "running",
        "reason": None,
        "cause": None,
        "started": started,
        "tasks_started": time.time(),
        "preparation_seconds": prepared,
        "preflight_seconds": checked,
        "train_examples": found["train_examples"],
        "test_examples": found["test_examples"],
    }
    run_folder.write(STATUS, status)
    with temporary_folder(folder) as temporary, progress_view(experiment, plan, run_folder) as view:
        for task in plan.tasks:
            engine.start(
                TaskProcess(
                    name=task.name,
                    function="launcher.task:main",
                    arguments=[str(folder), task.name],
                    environment={**task.environment, **temporary},
                    log=run_folder.task_folder(task.name) / LOG,
                )
            )
        watched = watch(
            engine,
            run_folder,
            [task.name for task in plan.tasks],
            _servers(experiment, plan),
            session.interrupts,
            view.update,
        )
    state, reason = _judged(watched)
    status |= {
        "state": state,
        "reason": reason,
        "cause": dataclasses.asdict(watched.cause) if watched.cause else None,
        "ended": now(),
        "exit_codes": {task: ended.code for task, ended in watched.exits.items()},
    }
    run_folder.write(STATUS, status)
    summary = _summarize(run_folder)
    tail = watched.cause.log_tail if watched.cause else ""
    return Outcome(state, reason, tail, summary)


@contextmanager
def _claimed(folder: Path) -> Iterator[None]:
    """Keeps a second launcher out of the folder while this one is at work in it."""
    claim = folder / ".claimed"
    try:
        descriptor = os.open(claim, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError:
        owner = claim.read_text()
        if not owner or (owner.isdigit() and psutil.pid_exists(int(owner))):
            raise FolderTaken(
                f"hydra.run.dir={folder}: another launcher (process {owner}) is at work there; "
                "give another folder"
            ) from None
        descriptor = os.open(claim, os.O_WRONLY | os.O_TRUNC)
    os.write(descriptor, str(os.getpid()).encode())
    os.close(descriptor)
    try:
        yield
    finally:
        claim.unlink(missing_ok=True)


def _summarize(folder: RunFolder) -> dict[str, Any]:
    from benchmarks.summary import summarize

    summary = summarize(folder)
    folder.write(SUMMARY, summary)
    return summary


def _judged(watched: Watched) -> tuple[str, str | None]:
    if watched.cause is not None and not watched.interrupted:
        return "failed", f"{watched.cause.task}: {watched.cause.message}"
    if watched.interrupted:
        return "interrupted", "stopped by a signal"
    return "done", None


def _servers(experiment: Experiment, plan: ClusterPlan) -> list[str]:
    """Tasks that serve until told to leave."""
    if experiment.strategy.loop != "coordinator":
        return []
    return [task.name for task in plan.tasks if task.role != "chief"]


def _task_record(task: Any) -> dict[str, Any]:
    return {"task": task.name, **dataclasses.asdict(task)}
