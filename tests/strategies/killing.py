"""Runs whose tasks are killed on the way and that go on: started by hand, as a supervisor would.

All tasks are started again from the newest whole checkpoint of the run's own folder, or one task
alone at its address.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.summary import summarize
from launcher.cluster_plan import ClusterPlan, make_plan
from launcher.engines import Engine, TaskProcess
from launcher.experiment import Experiment
from launcher.session import Session, temporary_folder
from results.run_folder import LOG, PLAN, STATUS, RunFolder
from strategies.checkpoint_folder import newest_whole, remove_incomplete
from tests.runs import experiment

_LIMIT_SECONDS = 120.0


@dataclass(frozen=True)
class Kill:
    """SIGKILL for a task as soon as something is so; `alone`: only this one is started again."""

    task: str
    when: Callable[[RunFolder], bool]
    alone: bool = False


def at_step(step: int) -> Callable[[RunFolder], bool]:
    """As soon as a task has written down that it got to `step`."""
    return lambda folder: any(
        (said.get("step") or 0) >= step for said in folder.progress().values()
    )


def after(event: str, times: int = 1, task: str = "chief-0") -> Callable[[RunFolder], bool]:
    """As soon as `event` has been written down that often."""
    return lambda folder: sum(each["event"] == event for each in folder.events(task)) >= times


def run_with_kills(
    session: Session, path: Path, kills: Sequence[Kill], *overrides: str
) -> tuple[RunFolder, dict[str, Any]]:
    """Runs to the end through all `kills`, in their order; the folder and its summary.

    Raises AssertionError where a task ends badly that was not killed, or it takes too long.
    """
    path.mkdir(parents=True)
    asked, folder = experiment(*overrides), RunFolder(path)
    session.preflight(asked, path)
    run = _Run(session.engine(asked), folder, asked)
    with temporary_folder(path) as temporary:
        run.start_all(temporary)
        for kill in kills:
            run.wait(lambda kill=kill: kill.when(folder), f"to kill {kill.task}")
            run.kill(kill)
            if kill.alone:
                run.start(kill.task, temporary)
                run.replaced.append({"task": kill.task, "time": time.time()})
            else:
                run.start_all(temporary)
        run.wait(lambda: not run.training, "the end")
        run.stop_all()
    remove_incomplete(path)
    status = {"attempts": run.attempts, "replaced": run.replaced}
    folder.write(STATUS, {"state": "done", "tasks_started": run.attempts[0]["started"], **status})
    return folder, summarize(folder)


class _Run:
    def __init__(self, engine: Engine, folder: RunFolder, asked: Experiment) -> None:
        self.engine, self.folder, self.asked = engine, folder, asked
        self.plan: ClusterPlan = make_plan(asked)
        self.running: set[str] = set()
        self.attempts: list[dict[str, Any]] = []
        self.replaced: list[dict[str, Any]] = []

    @property
    def training(self) -> set[str]:
        """Tasks that end by themselves."""
        serving = self.asked.strategy.loop == "coordinator"
        return {task for task in self.running if not serving or task == "chief-0"}

    def start_all(self, environment: dict[str, str]) -> None:
        newest, _ = newest_whole(self.folder.path)
        asked = self.asked
        if newest is not None:
            asked = replace(asked, checkpoint=replace(asked.checkpoint, restore=str(newest)))
        self.plan = make_plan(asked)
        tasks = [{"task": task.name, **asdict(task)} for task in self.plan.tasks]
        self.folder.write(PLAN, {"experiment": asked.to_dict(), "tasks": tasks})
        step = int(newest.name) if newest else None
        self.attempts.append({"started": time.time(), "ended": None, "restored_step": step})
        for task in self.plan.tasks:
            self.start(task.name, environment)

    def start(self, name: str, environment: dict[str, str]) -> None:
        task = next(task for task in self.plan.tasks if task.name == name)
        log = self.folder.task_folder(name) / LOG
        told = {**task.environment, **environment}
        arguments = [str(self.folder.path), name]
        self.engine.start(TaskProcess(name, "launcher.task:main", arguments, told, log))
        self.running.add(name)

    def kill(self, kill: Kill) -> None:
        others = [] if kill.alone else sorted(self.running - {kill.task})
        for task in (kill.task, *others):
            self.engine.signal(task, 9)
        self._ended(self.engine.stop([kill.task, *others], grace_seconds=10))
        if not kill.alone:
            self.attempts[-1]["ended"] = time.time()

    def stop_all(self) -> None:
        self._ended(self.engine.stop(sorted(self.running), grace_seconds=10))
        self.attempts[-1]["ended"] = time.time()

    def wait(self, until: Callable[[], bool], what: str) -> None:
        limit = time.monotonic() + _LIMIT_SECONDS
        while not until():
            for task, ended in self.engine.poll(0.02).items():
                assert ended.code == 0, f"{task}: {self.folder.log_tail(task)}"
                self.running.discard(task)
            assert time.monotonic() < limit, f"waited for {what}: {self.folder.progress()}"

    def _ended(self, exits: dict[str, Any]) -> None:
        self.running -= set(exits)
