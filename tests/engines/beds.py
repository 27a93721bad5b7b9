"""Where the same command runs for the contract of engines: a bed gives the words and the
environment that its engine needs, and starts the command there."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import pytest

from launcher.addresses import choose_addresses
from launcher.cluster_plan import tf_config
from launcher.engines.given import TF_CONFIG
from tests.engines.ray_cluster import ray_cluster
from tests.engines.slurm_cluster import SlurmCluster, a_cluster_or_skip
from tests.faults.commands import Command


class Bed:
    """The local engine's; others have words and a cluster of their own."""

    words: tuple[str, ...] = ()

    def cluster(self, folder: Path) -> AbstractContextManager[object]:
        """What has to be there before a command starts, for as long as the context lasts."""
        return nullcontext()

    def start(self, folder: Path, *words: str) -> Command:
        """`python -m launcher` with these words, in `folder`."""
        return Command(folder, *self.words, *words)


class SlurmBed(Bed):
    """A real Slurm on this machine; each task has a node of its own."""

    words = ("engine=slurm", "engine.nodes=2")

    @contextmanager
    def cluster(self, folder: Path) -> Iterator[SlurmCluster]:
        with a_cluster_or_skip() as cluster, pytest.MonkeyPatch.context() as patch:
            for key, value in cluster.variables.items():
                patch.setenv(key, value)
            yield cluster


class RayBed(Bed):
    """A real Ray on this machine; each task has a node of its own."""

    @contextmanager
    def cluster(self, folder: Path) -> Iterator[None]:
        with ray_cluster(nodes=2) as cluster:
            self.words = ("engine=ray", f"engine.address={cluster.address}")
            yield


class GivenBed(Bed):
    """Every process of the cluster is started by the test, as a platform would."""

    words = ("engine=given",)

    def start(self, folder: Path, *words: str) -> Command:
        addresses = choose_addresses(2)
        chief, worker = (
            {TF_CONFIG: tf_config({"worker": list(addresses)}, "worker", index)}
            for index in range(len(addresses))
        )
        command = Command(folder, *self.words, *words, environment=chief)
        command.beside(folder, *self.words, *words, environment=worker)
        return command


BEDS: dict[str, Bed] = {
    "local": Bed(),
    "slurm": SlurmBed(),
    "ray": RayBed(),
    "given": GivenBed(),
}
