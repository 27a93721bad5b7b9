"""One warm session for all faults, and the two paths that each of them can go."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from launcher.session import Session
from tests.faults.running import Running


@pytest.fixture(scope="package")
def session() -> Iterator[Session]:
    with Session() as opened:
        yield opened


BY_HAND = pytest.param("none", marks=pytest.mark.figures)
"""`pytest -m 'ci or figures' tests/faults` goes both ways with every fault; CI with those that
leave most behind."""


@pytest.fixture(params=["namespace", BY_HAND])
def isolation(request: pytest.FixtureRequest) -> str:
    """Both paths: what the kernel cleans up by itself, and what has to be cleaned up."""
    return str(request.param)


@pytest.fixture
def start(session: Session, tmp_path: Path, isolation: str) -> Callable[..., Running]:
    """start("strategy=multiworker", …) is a run that goes on while the test does."""
    count = iter(range(100))

    def started(*overrides: str) -> Running:
        folder = tmp_path / f"run-{next(count)}"
        return Running(session, folder, f"isolation={isolation}", *overrides)

    return started
