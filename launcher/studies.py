"""Studies of the input pipeline: one process that measures it, isolated as tasks are.

`python -m input_pipelines profile|tune|…` is a command of the launcher whose job is a study.
"""

import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from input_pipelines.asked import Asked
from launcher.command import run_words
from launcher.errors import print_refusal
from launcher.session import Question, Session
from results.errors import UserError
from results.pipeline_file import PIPELINE

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from launcher.engines import Group
    from launcher.experiment import Experiment

_NAME = "study"
_REFUSED = 2


@dataclass(frozen=True)
class StudyKind:
    """What is done with the pipeline, and how it is shown."""

    function: str
    """"module:name", called with an `input_pipelines.study.Study` in a process of its own."""
    show: Callable[[Path], None]
    """Prints what the function left in the folder."""
    check: Callable[[Asked], tuple[str, ...]]
    """Lines about keys without effect; raises UserError for those that it can't follow."""


def study(words: Sequence[str], kind: StudyKind) -> int:
    """Composes the words as the launcher does, and runs the study; returns the exit code."""
    if {"-m", "--multirun"} & set(words):
        print_refusal(UserError("-m: a study is of one pipeline; leave it out"))
        return _REFUSED
    return run_words(words, lambda session: _Job(session, kind))


def ask_study(
    session: Session,
    group: "Group",
    experiment: "Experiment",
    folder: Path,
    function: str,
    environment: dict[str, str],
) -> None:
    """Calls `function` with the experiment's `Study` in a process of the group, to its end.

    Raises as `Session.ask`; what had been written into the folder by then stays.
    """
    question = Question(
        name=_NAME,
        function="launcher.study_task:main",
        what="the process that studies the pipeline",
        arguments=(function,),
        on_host=True,
    )
    session.ask(group, experiment, folder, question, environment)


class _Job:
    def __init__(self, session: Session, kind: StudyKind) -> None:
        self.exit_code = 0
        self._session, self._kind = session, kind

    def __call__(self, configuration: "DictConfig") -> None:
        from hydra.core.hydra_config import HydraConfig

        from launcher import folders
        from launcher.variables import as_typed

        hydra = HydraConfig.get()
        folder = Path(hydra.runtime.output_dir)
        before = _written(folder)
        try:
            self._run(configuration, as_typed(hydra.overrides.task), folder)
        except (UserError, KeyboardInterrupt) as error:
            if _written(folder) == before:
                folders.remove(folder)
            else:
                print(f"what was measured lies in {folder}", file=sys.stderr)
            if isinstance(error, KeyboardInterrupt):
                raise
            print_refusal(error, getattr(error, "log", ""))
            self.exit_code = _REFUSED
            return
        self._kind.show(folder)

    def _run(self, configuration: "DictConfig", overrides: list[str], folder: Path) -> None:
        from launcher.environment import environment
        from launcher.experiment import resolve
        from launcher.folder_lock import held
        from launcher.quiet import wait_until_quiet
        from launcher.run import temporary_folder
        from results.run_folder import ENVIRONMENT, RunFolder

        session = self._session
        engine = configuration.engine
        if engine.elsewhere:
            raise UserError(f"engine={engine.name}: a study runs on this machine; leave it out")
        experiment = resolve(configuration, overrides)
        for line in self._kind.check(_asked(experiment, overrides)):
            print(line, file=sys.stderr)
        wait_until_quiet(configuration.quiet.seconds, lambda: session.interrupts.count > 0)
        with (
            held(folder),
            closing(session.open(experiment, folder)) as group,
            temporary_folder(folder) as temporary,
        ):
            ask_study(session, group, experiment, folder, self._kind.function, temporary)
            RunFolder(folder).write(ENVIRONMENT, environment())


def _written(folder: Path) -> int | None:
    """When results were last written into the folder (ns); None where there are none."""
    file = folder / PIPELINE
    return file.stat().st_mtime_ns if file.exists() else None


def _asked(experiment: "Experiment", overrides: Sequence[str]) -> Asked:
    return Asked(
        experiment.pipeline,
        experiment.emulate.storage,
        experiment.convert,
        {override.partition("=")[0].lstrip("+") for override in overrides},
    )
