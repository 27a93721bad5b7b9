"""One warm session for every run of these tests; each run gets a folder of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from launcher.run import Outcome
from launcher.session import Session
from results.run_folder import RunFolder
from tests.runs import run


@pytest.fixture(scope="session")
def session() -> Iterator[Session]:
    with Session() as opened:
        yield opened


@pytest.fixture
def launch(session: Session, tmp_path: Path) -> Callable[..., tuple[Outcome, RunFolder]]:
    """launch("strategy=mirrored", …) runs it to its end."""
    count = iter(range(100))

    def launched(*overrides: str) -> tuple[Outcome, RunFolder]:
        session.interrupts.count = 0
        return run(session, tmp_path / f"run-{next(count)}", *overrides)

    return launched
