"""What one command keeps between the runs that it starts: the engine, and checks already made."""

import importlib
import json
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

from launcher.engines import Engine, Exit, TaskProcess
from launcher.experiment import Experiment
from launcher.preflight import PREFLIGHT
from results.errors import UserError
from results.run_folder import RunFolder

_PREFLIGHT_PROCESS = "preflight"
_POLL_SECONDS = 0.1


class Interrupts:
    """Counts Ctrl-C and its like: once is a request to stop, twice an order."""

    def __init__(self) -> None:
        self.count = 0

        self._before: dict[int, Any] = {}

    def listen(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self._before[number] = signal.signal(number, self._on_signal)

    def ignore(self) -> None:
        """Back to what was there before `listen`."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.count += 1


class Session:
    """A context manager: leaving it leaves no process behind."""

    def __init__(self) -> None:
        self.interrupts = Interrupts()
        self._engines: dict[tuple[str, str], Engine] = {}
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

    def engine(self, experiment: Experiment) -> Engine:
        """The engine for this experiment, started on first use."""
        target, method = experiment.engine.target, experiment.launch.method
        if (target, method) not in self._engines:
            module, _, name = target.rpartition(".")
            self._engines[target, method] = getattr(importlib.import_module(module), name)(method)
        return self._engines[target, method]

    def preflight(self, experiment: Experiment, folder: Path) -> dict[str, Any]:
        """Prepares the data and calls the workload once, in a process of its own; what was found
        out for an earlier run of the same choices is not found out again.

        Raises:
          UserError: something that a person can mend.
        """
        key = json.dumps(_what_preflight_reads(experiment), sort_keys=True, default=str)
        if key in self._checked:
            return {**self._checked[key], "preparation_seconds": 0.0, "prepared": False}
        run_folder, log = RunFolder(folder), folder / "preflight.txt"
        run_folder.write(PREFLIGHT, {"experiment": experiment.to_dict()})
        with temporary_folder(folder) as temporary:
            process = TaskProcess(
                name=_PREFLIGHT_PROCESS,
                function="launcher.preflight:prepare_and_check",
                arguments=[str(folder)],
                environment={**keras_environment(experiment), **temporary},
                log=log,
            )
            ended = self._to_its_end(self.engine(experiment), process)
        found = run_folder.read(PREFLIGHT)
        said = log.read_text(errors="replace")
        (folder / PREFLIGHT).unlink()
        log.unlink()
        if "error" not in found:
            raise UserError(
                f"workload={experiment.workload.name}: the process that tries it out ended with "
                f"code {ended.code}: {_last_line(said)}"
            )
        if found["error"] is not None:
            raise PreflightError(found["error"], said)
        self._checked[key] = found
        return found

    def _to_its_end(self, engine: Engine, process: TaskProcess) -> Exit:
        """Raises KeyboardInterrupt where a person doesn't want to wait for it."""
        engine.start(process)
        while True:
            ended = engine.poll(_POLL_SECONDS).get(process.name)
            if ended is not None:
                return ended
            if self.interrupts.count:
                engine.stop([process.name], grace_seconds=0)
                raise KeyboardInterrupt


@contextmanager
def temporary_folder(run_folder: Path) -> Iterator[dict[str, str]]:
    """Where a run's processes put temporary files (AutoGraph's code, for one), as an environment.

    It goes with the run: processes that end at once never clean up after themselves.
    """
    folder = run_folder / "temporary"
    folder.mkdir(exist_ok=True)
    try:
        yield {"TMPDIR": str(folder.absolute())}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class PreflightError(UserError):
    """What the preflight found, and all that its process printed."""

    def __init__(self, message: str, log: str) -> None:
        super().__init__(message)
        self.log = log


def keras_environment(experiment: Experiment) -> dict[str, str]:
    """What makes `tf.keras` the one that was asked for."""
    return {"TF_USE_LEGACY_KERAS": "1" if experiment.keras == 2 else "0"}


def _what_preflight_reads(experiment: Experiment) -> dict[str, Any]:
    whole = experiment.to_dict()
    names = ("workload", "source", "pipeline", "keras", "devices", "checkpoint", "cache_folder")
    return {
        **{name: whole[name] for name in names},
        "batch": experiment.batch.per_replica,
        "needs": experiment.strategy.needs,
        "mixed_precision": experiment.loop.mixed_precision,
    }


def _last_line(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line.strip()), "no output")
