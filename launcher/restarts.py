"""How a run goes on after a failure: the tasks again as a whole from the newest checkpoint, or one
worker of a coordinator alone, `restarts` times in all."""

import dataclasses
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from launcher import isolation
from launcher.causes import Cause, Limits, out_of_memory_kills
from launcher.cluster_plan import SERVICE_ROLES, ClusterPlan, TaskPlan, make_plan, ports_needed
from launcher.earlier import Attempt, failures
from launcher.engines import Group, Isolation
from launcher.experiment import Experiment
from launcher.failure_kinds import ADDRESS_TAKEN, DISK
from launcher.session import Interrupts
from launcher.supervisor import Replacement, Supervisor, Watched, Watchee
from launcher.task_process import task_process
from results.run_folder import CLOCK, FAILURE, RunFolder
from strategies.checkpoint_folder import newest_whole

_COORDINATOR = "coordinator"


@dataclass
class Attempts:
    """The starts of a run's plan, one after the other, and how the last one ended."""

    group: Group
    experiment: Experiment
    isolation: Isolation
    folder: RunFolder
    environment: dict[str, str]
    """Set for every task, on top of what the plan says."""
    interrupts: Interrupts
    on_plan: Callable[[ClusterPlan, Experiment, int | None], None]
    """Told of the plan, and of the step that it goes on from, before any of its tasks is
    started."""
    on_tick: Callable[[], None]
    done: list[Attempt] = field(default_factory=list)
    """Given those of earlier launchers, it goes on where they stopped."""
    replaced: list[Replacement] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._left = self.experiment.restarts - failures(self.done)
        engine = self.experiment.engine
        self._addresses_left = 1 if engine.first_port is None and engine.given is None else 0
        self._limits = Limits(
            memory_mb=self.experiment.watch.memory_mb,
            kills_before=out_of_memory_kills(),
            host_memory_mb=self.experiment.emulate.hosts.memory_mb,
        )

    def run(self) -> Watched:
        """Starts the plan until it ends well, is interrupted, or may not be started again."""
        restore, step = self.experiment.checkpoint.restore, None
        left_out: tuple[str, ...] = ()
        while True:
            if self.done:
                path, left_out = self._newest_checkpoint()
                if path is not None:
                    restore, step = str(path), int(path.name)
                self._say_going_on(self.done[-1].cause, path)
            watched = self._attempt(restore, step, left_out)
            cause = watched.cause
            if cause is None or watched.interrupted or not self._may_go_on(cause):
                return watched

    def _newest_checkpoint(self) -> tuple[Path | None, tuple[str, ...]]:
        """The newest that is whole, and a line about each newer one that isn't."""
        path, warnings = newest_whole(self.folder.path)
        for line in warnings:
            print(f"warning: {line}", file=sys.stderr)
        return path, tuple(warnings)

    def _attempt(self, restore: str | None, step: int | None, left_out: tuple[str, ...]) -> Watched:
        checkpoint = dataclasses.replace(self.experiment.checkpoint, restore=restore)
        experiment = dataclasses.replace(self.experiment, checkpoint=checkpoint)
        private = self.isolation.kind == isolation.NAMESPACE
        places = self.group.places(ports_needed(experiment))
        plan = make_plan(experiment, private=private, places=places)
        self.on_plan(plan, experiment, step)
        self._write_clocks()
        started = time.time()
        tasks = {task.name: task for task in plan.tasks}
        for task in plan.tasks:
            self._start(task)
        watched = Supervisor(
            self.group,
            self.folder,
            [self._watchee(task) for task in plan.tasks],
            experiment.watch,
            self._limits,
            self.interrupts,
            self.on_tick,
            replace=lambda name: self._replace(tasks[name]),
        ).run()
        self._write_clocks()  # known better by now
        self.replaced += watched.replaced
        self.done.append(Attempt(started, time.time(), watched.cause, step, left_out))
        return watched

    def _write_clocks(self) -> None:
        for task, clock in self.group.clocks().items():
            self.folder.write(f"tasks/{task}/{CLOCK}", dataclasses.asdict(clock))

    def _start(self, task: TaskPlan) -> None:
        (self.folder.task_folder(task.name) / FAILURE).unlink(missing_ok=True)
        self.group.start(task_process(task, self.experiment, self.folder, self.environment))

    def _watchee(self, task: TaskPlan) -> Watchee:
        coordinated = self.experiment.strategy.loop == _COORDINATOR
        return Watchee(
            name=task.name,
            serves=task.role in SERVICE_ROLES or (coordinated and task.role != "chief"),
            replaceable=coordinated and task.role == "worker",
        )

    def _replace(self, task: TaskPlan) -> bool:
        if self._left <= 0 or not self.group.can_start(task.name):
            return False
        self._left -= 1
        self._start(task)
        print(f"{task.name} is started again; {self._left} restarts left", file=sys.stderr)
        return True

    def _may_go_on(self, cause: Cause) -> bool:
        """A port that somebody else took between its choice and its use is nobody's failure."""
        if cause.type == ADDRESS_TAKEN and self._addresses_left:
            self._addresses_left -= 1
            return True
        if self._left <= 0 or cause.kind == DISK:  # as full as before
            return False
        if self.group.lost_hosts() and not self.group.replaces_hosts:
            return False
        self._left -= 1
        return True

    def _say_going_on(self, cause: Cause | None, path: Path | None) -> None:
        place = "from the beginning" if path is None else f"from step {path.name}"
        why = "" if cause is None else f"{cause.task} {cause.message}; "
        print(f"{why}going on {place}", file=sys.stderr)
