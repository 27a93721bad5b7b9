"""What one command keeps between the runs that it starts: the engine, and checks already made."""

import json
import os
import re
import signal
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

from launcher import isolation
from launcher.cluster_plan import keras_environment, one_host, task_names
from launcher.engines import Engine, EngineError, Exit, Group, TaskProcess
from launcher.experiment import EngineChoice, Experiment
from launcher.targets import named
from results.errors import UserError
from results.run_folder import RunFolder
from results.text import last_line

LOCAL_ENGINE = EngineChoice("local", "launcher.engines.local.local_engine")
_PREFLIGHT = "preflight"
_POLL_SECONDS = 0.1
_GRACE_SECONDS = 5.0
"""To remove what it was half-way through writing, for a process that nobody waits for."""
_NETWORK = re.compile(r"gaierror|URLError|Network is unreachable|resolve host|Name or service not")
_HINT = "; the run is isolated from the network: isolation=none lets it out"


@dataclass(frozen=True)
class Question:
    """Something that a process of its own finds out about an experiment."""

    name: str
    function: str
    """"module:name", called with the folder and the arguments."""
    what: str
    """What the process is, where it dies."""
    arguments: tuple[str, ...] = ()
    on_host: bool = False
    """Whether it stands for a task, and runs on as large an emulated host where tasks do."""


class Interrupts:
    """Counts Ctrl-C and its like: once is a request to stop, twice an order."""

    def __init__(self) -> None:
        self.count = 0
        self.hung_up = False
        """Whether the terminal has gone: nobody asked for anything then."""
        self._awaited: str | None = None
        self._before: dict[int, Any] = {}

    def listen(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                continue  # started by nohup
            self._before[number] = signal.signal(number, self._on_signal)

    def ignore(self) -> None:
        """Back to what was there before `listen`."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    @contextmanager
    def awaiting(self, what: str) -> Iterator[None]:
        """While nothing can be done about an interruption, a line says at once what it waits for.

        Nothing may be printed meanwhile: the line would come in between.
        """
        self._awaited = what
        try:
            yield
        finally:
            self._awaited = None

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        if number == signal.SIGHUP:
            self.hung_up = True
            _print_nowhere()
        if self._awaited is not None:
            print(f"waiting for {self._awaited}", file=sys.stderr, flush=True)


class Session:
    """A context manager: leaving it leaves no process behind."""

    def __init__(self) -> None:
        self.interrupts = Interrupts()
        self._engines: dict[str, Engine] = {}
        self._checked: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> Self:
        self.interrupts.listen()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for engine in self._engines.values():
            engine.close()
        self._engines.clear()
        self.interrupts.ignore()

    def warm(self, choice: EngineChoice = LOCAL_ENGINE, method: str = "fork") -> Engine:
        """The engine that is chosen, started on first use; doesn't wait until it is ready."""
        key = _key(choice, method)
        if key not in self._engines:
            self._engines[key] = named(choice.target)(method, choice.options)
        return self._engines[key]

    def open(self, experiment: Experiment, folder: Path) -> Group:
        """A group of processes for the run in `folder`; waits until they can be started.

        Raises:
          PreflightError: there is no way to start any.
          KeyboardInterrupt: a person doesn't want to wait for it.
        """
        key = _key(experiment.engine, experiment.launch.method)
        try:
            return self._open(experiment, folder)
        except EngineError:
            # The server was killed since the last run: another takes its place.
            self._engines.pop(key).close()
        try:
            return self._open(experiment, folder)
        except EngineError as error:
            asked = f"engine={experiment.engine.name} launch.method={experiment.launch.method}"
            told = f"{asked}: {last_line(str(error))}; HYDRA_FULL_ERROR=1 shows all"
            raise PreflightError(told, str(error)) from error

    def _open(self, experiment: Experiment, folder: Path) -> Group:
        engine = self.warm(experiment.engine, experiment.launch.method)
        wanted = isolation.is_wanted(experiment)
        tasks = task_names(experiment)
        return engine.open(folder, tasks, wanted, lambda: self.interrupts.count > 0)

    def preflight(
        self, group: Group, experiment: Experiment, folder: Path, environment: dict[str, str]
    ) -> dict[str, Any]:
        """Prepares the data and calls the workload once, in a process of its own; what was found
        out for an earlier run of the same choices is not found out again.

        Args:
          environment: set for the process, on top of what makes `tf.keras` the one asked for.

        Raises:
          UserError: something that a person can mend.
        """
        key = json.dumps(_what_preflight_reads(experiment), sort_keys=True, default=str)
        if key in self._checked:
            return {**self._checked[key], "preparation_seconds": 0.0, "prepared": False}
        found = self.ask(
            group,
            experiment,
            folder,
            Question(
                name=_PREFLIGHT,
                function="launcher.preflight:prepare_and_check",
                what=f"workload={experiment.workload.name}: the process that tries it out",
            ),
            environment,
        )
        self._checked[key] = found
        return found

    def ask(
        self,
        group: Group,
        experiment: Experiment,
        folder: Path,
        question: "Question",
        environment: dict[str, str],
    ) -> dict[str, Any]:
        """What a process of its own answers, which works on the experiment in `folder`.

        It reads the experiment from `<name>.json` there and leaves its answer in the same file: an
        object whose `error` is null, or a line about something that a person can mend.

        Raises:
          UserError: that line, or how the process died.
          KeyboardInterrupt: a person doesn't want to wait for it.
        """
        run_folder, log = RunFolder(folder), folder / f"{question.name}.txt"
        answer = f"{question.name}.json"
        run_folder.write(answer, {"experiment": experiment.to_dict()})
        process = TaskProcess(
            name=question.name,
            function=question.function,
            arguments=[str(folder), *question.arguments],
            environment={**keras_environment(experiment), **environment},
            log=log,
            host=one_host(experiment) if question.on_host else None,
        )
        try:
            ended = self._to_its_end(group, process)
            found = run_folder.read(answer)
            said = log.read_text(errors="replace")
        finally:
            (folder / answer).unlink(missing_ok=True)
            log.unlink(missing_ok=True)
        if "error" not in found:
            told = f"{question.what} ended with code {ended.code}: {last_line(said)}"
            raise PreflightError(told, said)
        if found["error"] is not None:
            hint = _HINT if group.isolation.kind == isolation.NAMESPACE else ""
            told = found["error"]
            raise PreflightError(told + hint if _NETWORK.search(said + told) else told, said)
        return found

    def _to_its_end(self, group: Group, process: TaskProcess) -> Exit:
        """Raises KeyboardInterrupt where a person doesn't want to wait for it."""
        group.start(process)
        while True:
            ended = group.poll(_POLL_SECONDS).get(process.name)
            if ended is not None:
                return ended
            if self.interrupts.count:
                group.stop([process.name], _GRACE_SECONDS)
                raise KeyboardInterrupt


class PreflightError(UserError):
    """What was found before any task started, and all that the process at fault printed."""

    def __init__(self, message: str, log: str) -> None:
        super().__init__(message)
        self.log = log


def _what_preflight_reads(experiment: Experiment) -> dict[str, Any]:
    whole = experiment.to_dict()
    names = ("workload", "source", "pipeline", "keras", "devices", "checkpoint", "cache_folder")
    emulate = experiment.emulate
    return {
        **{name: whole[name] for name in names},
        "computes": not emulate.accelerator.emulated and emulate.hosts.cores is None,
        "replica_needs": emulate.accelerator.memory_mb and experiment.loop.accumulate,
        "batch": experiment.batch.per_replica,
        "needs": experiment.strategy.needs,
        "mixed_precision": experiment.loop.mixed_precision,
    }


def _key(choice: EngineChoice, method: str) -> str:
    return json.dumps([choice.target, method, choice.options], sort_keys=True)


def _print_nowhere() -> None:
    """The terminal has gone: what would be printed there fails, and there is still work to do."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        if stat.S_ISCHR(os.fstat(stream.fileno()).st_mode):
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
