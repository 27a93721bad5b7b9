"""Hydra's plugin for sweeps that can be cut off and gone on with.

Hydra's own sweeper numbers its jobs afresh each time and remembers nothing. This one composes the
same jobs from the same command line and leaves the rest to `launcher.sweeps.sweep`.

Hydra imports it in every application of the environment, so that it imports nothing of ours before
it is used. It lies here, outside the rooms, because Hydra looks for plugins nowhere else.
"""

from dataclasses import dataclass
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


@dataclass
class JournaledSweeperConfiguration:
    """What `hydra/sweeper=journaled` stands for."""

    _target_: str = "hydra_plugins.distribute_bench.JournaledSweeper"
    params: dict[str, str] | None = None
    """Words of every command line, by key, as with Hydra's own sweeper."""


class JournaledSweeper(Sweeper):
    """Makes one run after the other in this process and keeps a journal of them."""

    def __init__(self, params: dict[str, str] | None = None) -> None:
        """`params` are read where they stand in the configuration."""

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Keeps what Hydra hands over; the task function is the launcher's `Jobs`."""
        self.hydra_context = hydra_context
        self.config = config
        self.launcher = None
        self._jobs = task_function

    def sweep(self, arguments: list[str]) -> Any:
        """Runs all there is to run; `arguments` stand in the configuration too."""
        from launcher.sweeps.sweep import sweep

        sweep(self.config, self.hydra_context, self._jobs)


ConfigStore.instance().store(
    group="hydra/sweeper",
    name="journaled",
    node=JournaledSweeperConfiguration,
    provider="distribute-bench",
)
