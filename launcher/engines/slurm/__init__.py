"""Tasks on the nodes of a job of Slurm's, by way of one agent for each; used inside that job.

What is outside, asking for the job and following it, is `launcher.queued.submitting` and
`launcher.queued.following`.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from launcher.engines import Engine, EngineError, Group
from launcher.engines.agents import AgentGroup, Channel
from launcher.engines.slurm.step import StepChannel

JOB_VARIABLE = "SLURM_JOB_ID"


class SlurmEngine(Engine):
    """One step of the job for each group."""

    def __init__(self, method: str) -> None:
        """See `launch.method`."""
        self._method = method

    def open(
        self, folder: Path, tasks: Sequence[str], isolated: bool, given_up: Callable[[], bool]
    ) -> Group:
        if JOB_VARIABLE not in os.environ:
            raise EngineError("this is no job of Slurm's")
        # The nodes are as many as were asked for: without one of them the job is queued again.
        return AgentGroup(self._connect, folder, tasks, given_up, replaces_hosts=False)

    def close(self) -> None:
        """A group's step ends with the group."""

    def _connect(self, folder: Path, count: int) -> Channel:
        return StepChannel(os.environ[JOB_VARIABLE], folder, count, self._method)


def slurm_engine(method: str, options: Mapping[str, Any]) -> Engine:
    """What `engine._target_` names; the options are for what asks for the job."""
    return SlurmEngine(method)
