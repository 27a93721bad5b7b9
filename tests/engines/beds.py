"""Where the same command runs for the contract of engines: a bed gives the words and the
environment that its engine needs, and starts the command there."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

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


class PipedBed(Bed):
    """Agents on this machine: what engines of clusters share, without a cluster."""

    words = (
        "engine.name=piped",
        "engine._target_=tests.engines.piped_agents.piped_engine",
        "engine.elsewhere=true",
    )


BEDS: dict[str, Bed] = {"local": Bed(), "agents": PipedBed()}
