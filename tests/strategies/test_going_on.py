"""A run whose tasks are killed goes on: no example is missing, and what was lost is counted."""

from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from launcher.session import Session
from results.run_folder import RunFolder
from results.streams import EXAMPLES, read_rows
from tests.strategies.killing import Kill, after, at_step, run_with_kills

pytestmark = pytest.mark.ci

COMMON = ("measure.examples=true", "measure.warmup_steps=5", "checkpoint.every_steps=60")
EXAMPLES_OF_AN_EPOCH = 1_437
SYNCHRONOUS = {
    "multiworker": ("strategy=multiworker", "workers=2", "pipeline.cache=disk"),
    "mirrored": ("strategy=mirrored", "workers=2", "pipeline.cache=memory"),
}
SERVERS = (*COMMON, "strategy=parameter_server", "batch.per_replica=29")

Going = Callable[..., tuple[RunFolder, dict[str, Any]]]


@pytest.fixture
def going(session: Session, tmp_path: Path) -> Going:
    """going(kills, "strategy=mirrored", …) runs it to its end through all kills."""
    count = iter(range(100))

    def gone(kills: list[Kill], *overrides: str) -> tuple[RunFolder, dict[str, Any]]:
        session.interrupts.count = 0
        return run_with_kills(session, tmp_path / f"run-{next(count)}", kills, *overrides)

    return gone


def numbers(folder: RunFolder) -> dict[int, Counter[int]]:
    """How often each example was trained on, by step."""
    found: dict[int, Counter[int]] = defaultdict(Counter)
    for task in folder.tasks():
        table = read_rows(folder.task_folder(task), EXAMPLES).to_pandas()
        for step, group in table.groupby("step"):
            found[step].update(group.number.tolist())
    return found


def variables(folder: RunFolder) -> list[np.ndarray]:
    served = tf.saved_model.load(str(folder.path / "model"))
    return [variable.numpy() for variable in served.variables_of_model]


def assert_none_missing(folder: RunFolder) -> None:
    """Every example of every epoch but the last was trained on."""
    seen = {number for each in numbers(folder).values() for number in each}
    epochs = max(seen) // EXAMPLES_OF_AN_EPOCH
    assert epochs > 5
    assert not set(range(epochs * EXAMPLES_OF_AN_EPOCH)) - seen


@pytest.mark.parametrize("overrides", SYNCHRONOUS.values(), ids=SYNCHRONOUS)
def test_restarts_change_neither_the_examples_of_a_step_nor_where_it_ends(
    going: Going, overrides: tuple[str, ...]
) -> None:
    settings = (*overrides, *COMMON, "until.steps=400", "loop.steps_per_call=8")
    straight, whole = going([], *settings)
    other = "worker-0" if "strategy=multiworker" in overrides else "chief-0"
    kills = [Kill(other, at_step(20)), Kill("chief-0", at_step(200))]
    folder, summary = going(kills, *settings)
    expected, found = numbers(straight), numbers(folder)
    assert found.keys() == expected.keys() == set(range(1, 401))
    assert all(found[step].keys() == expected[step].keys() for step in expected)
    for one, twin in zip(variables(straight), variables(folder), strict=True):
        np.testing.assert_allclose(one, twin, atol=1e-5)
    assert summary["loss_last"] == pytest.approx(whole["loss_last"], abs=1e-5)
    assert (summary["steps"], summary["examples"]) == (whole["steps"], whole["examples"])
    assert summary["restarts"] == 2
    assert 0 < summary["goodput_share"] < 1
    lost = [step for step in found if max(found[step].values()) > 1]
    assert len(lost) <= summary["lost_steps"]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_replaced_worker_s_examples_are_handed_out_again(going: Going, workers: int) -> None:
    last = f"worker-{workers - 1}"
    kills = [
        Kill("worker-0", after("traced"), alone=True),
        Kill("worker-0", at_step(200), alone=True),
        Kill(last, at_step(500), alone=True),
    ]
    settings = (f"workers={workers}", "evaluate.every_steps=300")
    folder, summary = going(kills, *SERVERS, *settings, "until.steps=1000")
    assert_none_missing(folder)
    assert (summary["steps"], summary["replaced_workers"]) == (1000, 3)
    assert (summary["restarts"], summary["lost_steps"]) == (0, 0)
    assert max(max(each.values()) for each in numbers(folder).values()) == 1
    again = [each for each in folder.events("chief-0") if each["event"] == "handed_out_again"]
    assert summary["repeated_examples"] == sum(each["examples"] for each in again)


def test_a_lost_server_starts_all_again_from_the_checkpoint(going: Going) -> None:
    kills = [Kill("worker-1", at_step(100), alone=True), Kill("ps-0", at_step(300))]
    folder, summary = going(kills, *SERVERS, "workers=2", "until.steps=800")
    assert_none_missing(folder)
    assert summary["steps"] == 800
    assert (summary["restarts"], summary["replaced_workers"]) == (1, 1)
    restored = [each for each in folder.events("chief-0") if each["event"] == "restored"]
    assert [each["exact"] for each in restored] == [True]


def test_input_that_cannot_be_saved_skips_ahead_and_the_run_says_so(going: Going) -> None:
    own = "workload._target_=tests.strategies.models.with_a_random_state_of_its_own"
    folder, summary = going([Kill("chief-0", at_step(200))], own, *COMMON, "until.steps=400")
    assert summary["steps"] == 400
    assert "could not be saved" in summary["notes"]
    assert_none_missing(folder)


def test_a_damaged_checkpoint_is_left_out_with_a_warning(launch: Any) -> None:
    short = ("until.steps=40", "checkpoint.every_steps=20", "measure.warmup_steps=5")
    _, folder = launch(*short)
    data = next((folder.path / "checkpoints" / "40").glob("state.data*"))
    data.write_bytes(bytes(100) + data.read_bytes()[100:])
    outcome, again = launch(*short, f"checkpoint.restore={folder.path}")
    assert outcome.state == "done", outcome.log_tail
    assert outcome.summary["steps"] == 20
    assert f"{data.parent}: damaged, left out" in outcome.summary["notes"]
    assert "warning: " in again.log_tail("chief-0")
