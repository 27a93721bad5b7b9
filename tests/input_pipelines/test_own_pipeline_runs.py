"""Real runs that train on a person's own dataset."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher.session import Session
from results.errors import UserError
from results.run_folder import RunFolder
from results.streams import EXAMPLES, read_rows
from tests.runs import run

pytestmark = pytest.mark.ci

HERE = "tests.input_pipelines.own_functions"
COMMON = (
    "workload=digits_mlp",
    "batch.per_replica=4",
    "measure.examples=true",
    "measure.warmup_steps=5",
    "loop.steps_per_call=4",
)


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Session() as opened:
        yield opened


def trained(session: Session, folder: Path, function: str, *overrides: str) -> RunFolder:
    own = f"pipeline._target_={HERE}.{function}"
    outcome, run_folder = run(session, folder, own, *COMMON, *overrides)
    assert outcome.state == "done", outcome.log_tail
    return run_folder


def numbers(folder: RunFolder) -> list[int]:
    tables = [read_rows(folder.task_folder(task), EXAMPLES).to_pandas() for task in folder.tasks()]
    return sorted(number for table in tables for number in table.number.tolist())


def events(folder: RunFolder, name: str) -> list[dict]:
    return [event for event in folder.events("chief-0") if event["event"] == name]


@pytest.mark.parametrize("function", ["repeated", "own_part"])
def test_two_workers_train_on_each_position_of_the_stream_once(
    session: Session, tmp_path: Path, function: str
) -> None:
    two = ("strategy=multiworker", "workers=2", "until.steps=12", "pipeline.cache=disk")
    assert numbers(trained(session, tmp_path / "run", function, *two)) == list(range(96))


def test_restored_run_goes_on_where_the_dataset_was(session: Session, tmp_path: Path) -> None:
    half = trained(session, tmp_path / "half", "repeated", "until.steps=12")
    assert not events(half, "input_not_saved")
    restore = (f"checkpoint.restore={half.path}", "until.steps=24")
    rest = trained(session, tmp_path / "rest", "repeated", *restore)
    assert events(rest, "restored")[0]["exact"] is True
    assert numbers(rest) == list(range(48, 96))


def test_dataset_that_cannot_be_saved_is_skipped_ahead(session: Session, tmp_path: Path) -> None:
    half = trained(session, tmp_path / "half", "from_generator", "until.steps=12")
    assert "stateful" in events(half, "input_not_saved")[0]["reason"]
    restore = (f"checkpoint.restore={half.path}", "until.steps=24")
    rest = trained(session, tmp_path / "rest", "from_generator", *restore)
    assert events(rest, "restored")[0]["exact"] is False
    assert numbers(rest) == list(range(48, 96))


def test_wrong_batch_is_told_before_anything_starts(session: Session, tmp_path: Path) -> None:
    own = f"pipeline._target_={HERE}.of_five"
    with pytest.raises(UserError, match=r"batch.per_replica=4: .* gives batches of 5; give"):
        run(session, tmp_path / "run", own, *COMMON, "until.steps=12")
