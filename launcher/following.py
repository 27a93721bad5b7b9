"""What the launcher of another task than the chief does with `engine=given`: it starts its own task
when the chief's launcher asks for it, and says how that ended."""

import signal
import sys
import time
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from launcher.agreement import check_agreement, facts
from launcher.cluster_plan import make_plan, nominal_places
from launcher.engines import EngineError, Group, TaskProcess
from launcher.engines.given import CHIEF
from launcher.engines.given.cluster import GivenCluster
from launcher.engines.given.gathering import introduction
from launcher.engines.given.leading import plan_digest
from launcher.engines.given.mailbox import BEAT_SECONDS, LOST_SECONDS, Mailbox, Peer
from launcher.errors import print_refusal
from launcher.experiment import Experiment
from launcher.run import temporary_folder
from launcher.session import Session
from launcher.task_process import task_process
from results.errors import UserError
from results.run_folder import STATUS, RunFolder
from results.sweep_folder import DONE, RUNNING

_DONE, _FAILED, _REFUSED, _INTERRUPTED = 0, 1, 2, 130
_POLL_SECONDS = 0.1
_LAST_WORDS_SECONDS = 10.0
"""From the chief's word that the run is over to its status, and for it to hear a refusal."""


def follow(session: Session, experiment: Experiment, cluster: GivenCluster, folder: Path) -> int:
    """Serves the run in `folder`, which the chief's launcher leads, until that says it is over.

    Returns the exit code: 0 where the run went well, 1 where it failed, 2 where there was something
    to correct and nothing was started, 130 where this process was interrupted.
    """
    chief, me = Peer(folder, CHIEF), introduction(facts(experiment))
    with closing(Mailbox(folder, cluster.task, me)) as mailbox:
        follower = _Follower(session, experiment, cluster, RunFolder(folder), me, mailbox, chief)
        try:
            return follower.serve()
        except UserError as error:
            print_refusal(error, getattr(error, "log", ""))
            mailbox.say(refused=str(error))
            _wait_until_over(chief)
            return _REFUSED
        except KeyboardInterrupt:
            print("interrupted before anything started", file=sys.stderr)
            return _INTERRUPTED
        except EngineError as error:
            print(f"failed: {error}", file=sys.stderr)
            mailbox.say(left=str(error))
            _wait_until_over(chief)
            return _FAILED
        finally:
            mailbox.say(left="it has ended")


class _Follower:
    def __init__(
        self,
        session: Session,
        experiment: Experiment,
        cluster: GivenCluster,
        folder: RunFolder,
        me: dict[str, Any],
        mailbox: Mailbox,
        chief: Peer,
    ) -> None:
        self._session, self._experiment, self._cluster = session, experiment, cluster
        self._folder, self._mailbox, self._chief = folder, mailbox, chief
        self._host, self._me = str(me["host"]), me
        self._attempt = 0
        self._signals = 0
        self._runs = False
        self._next_look = 0.0

    def serve(self) -> int:
        """Raises UserError and KeyboardInterrupt before the task is started, EngineError later."""
        own_folder = self._folder.task_folder(self._cluster.task)
        own_folder.mkdir(parents=True, exist_ok=True)
        self._wait_for_chief()
        check_agreement(
            self._me["facts"], self._host, self._chief.record["facts"], self._chief.host
        )
        with (
            closing(self._session.open(self._experiment, own_folder)) as group,
            temporary_folder(own_folder) as temporary,
        ):
            self._session.preflight(group, self._experiment, own_folder, temporary)
            self._mailbox.say(ready=True)
            gone = self._obey_until_over(group, temporary)
        if self._session.interrupts.count:
            return _INTERRUPTED
        return self._tell_end(gone)

    def _wait_for_chief(self) -> None:
        path, seconds = self._folder.path, self._experiment.watch.start_seconds
        who = f"{CHIEF} ({self._cluster.addresses[0]})"
        print(f"{self._cluster.task} on {self._host}: waiting in {path} for {who}", file=sys.stderr)
        while not self._chief.look():
            if self._session.interrupts.count:
                raise KeyboardInterrupt
            if self._chief.silent_seconds > seconds:
                raise UserError(
                    f"hydra.run.dir={path}: within watch.start_seconds={seconds:g} nothing came "
                    f"there from {who}, seen from {self._host}; start the command on every host, "
                    "in a folder that all of them share and that holds no run yet"
                )
            time.sleep(_POLL_SECONDS)

    def _obey_until_over(self, group: Group, temporary: dict[str, str]) -> bool:
        """Returns when the run is over; whether the chief's launcher was lost."""
        interrupts = 0
        while not self._chief.record.get("over"):
            if self._chief.look():
                self._mailbox.say(echo=[self._chief.record["beat"], time.time()])
            if self._chief.silent_seconds > LOST_SECONDS:
                return True
            self._obey(group, temporary)
            for ended in group.poll(_POLL_SECONDS).values():
                self._runs = False
                self._mailbox.say(exit={"code": ended.code, "ended_for": ended.ended_for})
            self._say_look(group)
            if self._session.interrupts.count > interrupts:
                interrupts = self._session.interrupts.count
                if not self._runs or interrupts > 1:
                    break
                group.signal(self._cluster.task, signal.SIGTERM)  # all tasks then stop together
        return False

    def _obey(self, group: Group, temporary: dict[str, str]) -> None:
        order = self._chief.record.get("orders", {}).get(self._cluster.task)
        if order is None or order["session"] not in (None, self._me["session"]):
            return  # nothing yet, or it was for a process before this one
        if order["attempt"] > self._attempt and order["plan"] == plan_digest(self._folder.path):
            self._attempt, self._signals, self._runs = order["attempt"], 0, True
            self._mailbox.say(attempt=self._attempt, exit=None, look=None)
            group.start(self._process(temporary))
        if order["attempt"] == self._attempt:
            for number in order["signals"][self._signals :]:
                group.signal(self._cluster.task, number)
            self._signals = len(order["signals"])

    def _process(self, temporary: dict[str, str]) -> TaskProcess:
        plan = make_plan(self._experiment, places=nominal_places(self._experiment))
        tasks = {task.name: task for task in plan.tasks}
        return task_process(tasks[self._cluster.task], self._experiment, self._folder, temporary)

    def _say_look(self, group: Group) -> None:
        now = time.monotonic()
        if not self._runs or now < self._next_look:
            return
        self._next_look = now + BEAT_SECONDS
        seen = group.look().get(self._cluster.task)
        self._mailbox.say(look=None if seen is None else asdict(seen))

    def _tell_end(self, chief_is_lost: bool) -> int:
        who = f"the launcher of {CHIEF} on {self._chief.host}"
        if chief_is_lost:
            print(f"failed: {who} has not been heard of for {LOST_SECONDS:g} s", file=sys.stderr)
            return _FAILED
        status = self._last_status()
        if status is None:
            told = self._chief.record.get("refused") or "its output says why"
            print(f"failed: {who} has left before anything started: {told}", file=sys.stderr)
            return _REFUSED
        reason = "" if status.get("reason") is None else f": {status['reason']}"
        print(f"{self._cluster.task}: the run is {status['state']}{reason}", file=sys.stderr)
        return _DONE if status["state"] == DONE else _FAILED

    def _last_status(self) -> dict[str, Any] | None:
        """The run's status once it has ended; None where it never began."""
        limit = time.monotonic() + _LAST_WORDS_SECONDS
        while True:
            status = self._folder.read_if_there(STATUS)
            settled = status is None and not self._attempt
            if settled or (status is not None and status.get("state") != RUNNING):
                return status
            if time.monotonic() > limit:
                return status
            time.sleep(_POLL_SECONDS)


def _wait_until_over(chief: Peer) -> None:
    limit = time.monotonic() + _LAST_WORDS_SECONDS
    while chief.record and not chief.record.get("over") and time.monotonic() < limit:
        chief.look()
        time.sleep(_POLL_SECONDS)
