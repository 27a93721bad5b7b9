"""`python -m launcher`: a Hydra application whose every job is one run.

Exit codes: 0 all went well, 1 a run failed, 2 the command line or what it names is wrong,
130 interrupted.
"""

import logging
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from launcher import help as help_page
from launcher.engines.given import KEPT_TF_CONFIG, TF_CONFIG
from launcher.errors import WANTS_TRACEBACK, print_refusal
from results.errors import UserError

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from launcher.session import Session

_CONF = str(Path(__file__).parent / "conf")
_DONE, _FAILED, _REFUSED, _INTERRUPTED = 0, 1, 2, 130
_HELP_FLAGS = {"--help", "-h"}
_RUNNING_FLAGS = {"-m", "--multirun"}
"""Others show something, and start nothing."""
_ENGINES_THAT_FORK = ("local", "given")


class Job(Protocol):
    """What Hydra calls with the composed configuration."""

    exit_code: int
    """Of the command, once the job has been called."""

    def __call__(self, configuration: "DictConfig") -> None:
        """Does it. Raises UserError, or KeyboardInterrupt where it was interrupted."""


def main(words: Sequence[str]) -> int:
    """Runs the words of the command line; returns the exit code."""
    return run_words(words, _jobs)


def run_words(words: Sequence[str], job: Callable[["Session"], Job]) -> int:
    """Composes the words and calls what `job` makes of the session; returns the exit code."""
    try:
        return _run(words, job)
    except BrokenPipeError:  # `… | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _DONE


def _jobs(session: "Session") -> Job:
    from launcher.jobs import Jobs

    return Jobs(session)


def _run(words: Sequence[str], job: Callable[["Session"], Job]) -> int:
    if _HELP_FLAGS & set(words):
        print(help_page.text(), flush=True)
        return _DONE
    from launcher.hydra_errors import HYDRA_ERRORS, as_user_error, unknown_flag
    from launcher.queued.attaching import attach, attached_folder
    from launcher.sweeps.resuming import words_with_those_of_the_sweep

    refusal = unknown_flag(words)
    if refusal is not None:
        print_refusal(refusal)
        return _REFUSED
    try:
        folder = attached_folder(words)
        if folder is not None:
            return attach(folder)
        words = words_with_those_of_the_sweep(words)
        return _run_hydra(words, job)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except (UserError, *HYDRA_ERRORS) as error:
        refusal = as_user_error(error, words)
        if refusal is None:
            raise
        if WANTS_TRACEBACK:
            traceback.print_exc()
        print_refusal(refusal)
        return _REFUSED


def _run_hydra(words: Sequence[str], job: Callable[["Session"], Job]) -> int:
    from launcher.session import Session

    # A cluster of the user's own would otherwise reach tasks that are part of none.
    told = os.environ.pop(TF_CONFIG, None)
    if told is not None:
        os.environ[KEPT_TF_CONFIG] = told
    with Session() as session:
        if _starts_forked_tasks(words):
            session.warm()  # imports TensorFlow while the configuration is composed and judged
        return _run_job(words, job(session))


def _run_job(words: Sequence[str], job: Job) -> int:
    import hydra

    from launcher import folders, schema, variables

    schema.register()
    folders.register()
    variables.register()
    # Python's parser takes flags among words for the end of the words.
    sys.argv = [sys.argv[0], *sorted(words, key=lambda word: word not in _RUNNING_FLAGS)]
    # Hydra hands its errors over instead of printing them and leaving with exit code 1.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    logging.raiseExceptions = False  # `--info | head`: Hydra prints it through logging
    try:
        hydra.main(version_base="1.3", config_path=_CONF, config_name="config")(job)()
    finally:
        if not WANTS_TRACEBACK:
            os.environ.pop("HYDRA_FULL_ERROR", None)  # what the caller starts next would inherit it
    return job.exit_code


def _starts_forked_tasks(words: Sequence[str]) -> bool:
    """Whether the words look like runs whose tasks are forked here; `Session` has the last word."""
    flags = {word for word in words if word.startswith("-")}
    keys = dict(word.split("=", 1) for word in words if "=" in word)
    usual = {"launch.method": "fork", "dry_run": "false"}
    asked = all(keys.get(key, value).lower() == value for key, value in usual.items())
    return asked and keys.get("engine", "local") in _ENGINES_THAT_FORK and flags <= _RUNNING_FLAGS
