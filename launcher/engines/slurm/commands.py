"""Slurm's own commands, run to their end; what they say of why they can't is told apart."""

import os
import re
import subprocess
from collections.abc import Sequence

from results.errors import UserError
from results.text import last_line

_MOST_SECONDS = 90.0
"""A client of 22.05 gives up on a silent controller after 18 s, and on its own configuration, where
the network file system has it, after 60."""
_SILENT = re.compile(
    r"Unable to contact slurm controller|Socket timed out|Connection (?:refused|timed out)|"
    r"Zero Bytes were transmitted|Transport endpoint|slurmctld\b.*\b(?:is DOWN|not responding)|"
    r"try again later|in standby mode",
    re.IGNORECASE,
)

_UNCONFIGURED = re.compile(
    r"Could not establish a configuration source|Unable to process configuration file"
)


class SlurmError(Exception):
    """A command of Slurm's said no; holds what it said."""


class ControllerSilent(SlurmError):
    """The controller doesn't answer, which says nothing about any job."""


def slurm(words: Sequence[str], said: str | None = None, seconds: float = _MOST_SECONDS) -> str:
    """Runs one of Slurm's commands; returns what it printed, standard error after the rest.

    Args:
      said: given to its standard input.
      seconds: after which it counts as unanswered.

    Raises:
      UserError: there is no such command on this machine, or no cluster that it knows.
      ControllerSilent: nobody answered it.
      SlurmError: it left with another exit code than 0.
    """
    # Dates as seconds since 1970: the time zones of two hosts need not be the same.
    environment = {**os.environ, "SLURM_TIME_FORMAT": "%s", "LC_ALL": "C"}
    try:
        ended = subprocess.run(
            words,
            input=said,
            stdin=subprocess.DEVNULL if said is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            env=environment,
            start_new_session=True,  # Ctrl-C is meant for the launcher
        )
    except FileNotFoundError:
        raise UserError(
            f"engine=slurm: {words[0]} isn't installed on this machine; start the run where jobs "
            "of the cluster are submitted, or give engine=local"
        ) from None
    except subprocess.TimeoutExpired:
        raise ControllerSilent(f"{words[0]} took more than {seconds:g} s") from None
    told = ended.stdout + ended.stderr
    if ended.returncode == 0:
        return told
    if _UNCONFIGURED.search(told):
        raise UserError(
            f"engine=slurm: no cluster is configured on this machine ({last_line(told)}); start "
            "the run where jobs of the cluster are submitted, or give engine=local"
        )
    if _SILENT.search(told):
        said = next(line for line in told.splitlines() if _SILENT.search(line))
        raise ControllerSilent(said.strip())
    raise SlurmError(told.strip() or f"{words[0]} left with code {ended.returncode}")
