"""On a single core TensorFlow makes one thread for operations, which a server's worker waits on."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher.session import Session
from tests.runs import run


@pytest.fixture
def one_core() -> Iterator[None]:
    """What this thread starts from now on has one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    yield
    os.sched_setaffinity(0, before)


@pytest.mark.ci
@pytest.mark.usefixtures("one_core")
@pytest.mark.parametrize("emulated", [[], ["emulate.accelerator.examples_per_second=1000"]])
def test_workers_of_parameter_servers_take_steps_on_one_core(
    tmp_path: Path, emulated: list[str]
) -> None:
    words = ["strategy=parameter_server", "workers=2", "until.steps=20", "report=false"]
    with Session() as session:
        outcome, _ = run(session, tmp_path / "run", *words, "watch.start_seconds=60", *emulated)
    assert outcome.state == "done", outcome.reason
