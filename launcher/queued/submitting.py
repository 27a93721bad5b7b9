"""A run that a job of Slurm's does: checked and submitted. From then on the job needs nobody.

Whatever can be found wrong here is found before anything is queued.
"""

import dataclasses
import re
import shlex
import sys
from pathlib import Path

from launcher.cluster_plan import task_names
from launcher.engines.slurm.commands import ControllerSilent, SlurmError, slurm
from launcher.engines.slurm.job import JobLook, cancel, look
from launcher.engines.slurm.refusals import refusal
from launcher.engines.slurm.request import Request
from launcher.experiment import Experiment
from launcher.paths import python_path
from launcher.queued.files import OUTPUT, SCRIPT, Asked, write_asked
from results.errors import UserError
from results.text import last_line

_NAME = "distribute-bench"
_PING_SECONDS = 20.0
_JOB = re.compile(r"^(\d+)(;\S+)?$", re.MULTILINE)
"""What `sbatch --parsable` prints: the job's number; of several clusters, the name as well."""
_EMPTY_SCRIPT = "#!/bin/sh\n"


def submit(experiment: Experiment, folder: Path, overrides: list[str]) -> None:
    """What `engine.job` names: has the run in `folder` done by a job; `launcher.queued.following`
    tells how it goes.

    Raises UserError where the cluster doesn't take it; nothing is left in the queue.
    """
    folder = folder.absolute()
    words = _words(experiment, folder)
    asked = Asked(experiment, tuple(overrides), job=None)
    _check(words, asked)
    write_asked(folder, asked)
    (folder / SCRIPT).write_text(_script(folder), encoding="utf-8")
    job = _submit([*words, str(folder / SCRIPT)], asked)
    write_asked(folder, dataclasses.replace(asked, job=job))
    _refuse_what_waits_in_vain(job, experiment)


def _words(experiment: Experiment, folder: Path) -> list[str]:
    request = Request.of(experiment.engine.options)
    warning = request.warning_seconds(experiment.watch.grace_seconds)
    return [
        "sbatch",
        *request.words(len(task_names(experiment)), experiment.gpus_per_task),
        f"--job-name={_NAME}",
        f"--output={str(folder / OUTPUT).replace('%', '%%')}",
        "--open-mode=append",
        "--requeue",
        f"--signal=B:USR1@{warning}",
    ]


def _check(words: list[str], asked: Asked) -> None:
    """Raises UserError where the controller is down, or would not take the job."""
    try:
        # It tells at once of a controller that is down, where others try for long to reach it.
        slurm(["scontrol", "ping"], seconds=_PING_SECONDS)
        slurm([*words, "--test-only"], said=_EMPTY_SCRIPT)
    except ControllerSilent as error:
        raise _unanswered(error) from error
    except SlurmError as error:
        raise _refused(error, asked) from error


def _submit(words: list[str], asked: Asked) -> str:
    """The job's number."""
    try:
        told = slurm([*words[:-1], "--parsable", words[-1]])
    except ControllerSilent as error:
        raise _unanswered(error) from error
    except SlurmError as error:
        raise _refused(error, asked) from error
    number = _JOB.search(told)
    if number is None:
        extra = ",".join(asked.experiment.engine.options["extra"])
        raise UserError(
            f"engine.extra=[{extra}]: sbatch queued no job but said: {last_line(told)}; leave out "
            "what makes it say so"
        )
    return number[1]


def _refuse_what_waits_in_vain(job: str, experiment: Experiment) -> None:
    """Some of what the cluster will never give is queued all the same (`--test-only` takes it)."""
    try:
        seen = look(job)
        if seen is None or not seen.waits_in_vain:
            return
        cancel(job)
    except SlurmError:
        return  # who follows the job sees it, too
    raise UserError(_in_vain(seen, experiment))


def _in_vain(seen: JobLook, experiment: Experiment) -> str:
    options = experiment.engine.options
    keys = ("nodes", "time", "partition", "account")
    asked = [f"engine.{key}={options[key]}" for key in keys if options[key] is not None]
    return (
        f"{' '.join(asked) or 'engine=slurm'}: the job would wait for ever ({seen.reason}); ask "
        "for what the partition gives, sinfo --long shows it"
    )


def _refused(error: SlurmError, asked: Asked) -> UserError:
    experiment = asked.experiment
    tasks, gpus = len(task_names(experiment)), experiment.gpus_per_task
    only_devices = "devices=gpu" in asked.overrides and not any(
        word.startswith("gpus_per_task=") for word in asked.overrides
    )
    for_gpus = "devices=gpu" if only_devices else f"gpus_per_task={gpus}"
    return refusal(error, experiment.engine.options, tasks, gpus, for_gpus)


def _unanswered(error: ControllerSilent) -> UserError:
    said = " ".join(str(error).split())
    return UserError(
        f"engine=slurm: the cluster's controller doesn't answer ({said}); try again later, or give "
        "engine=local"
    )


def _script(folder: Path) -> str:
    """Starts the launcher that supervises the run on the job's first node."""
    words = [sys.executable, "-P", "-m", "launcher.queued.in_job", str(folder)]
    return f"#!/bin/sh\nexport PYTHONPATH={shlex.quote(python_path())}\nexec {shlex.join(words)}\n"
