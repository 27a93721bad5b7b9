"""A run whose input data workers prepare trains on what it would have prepared itself."""

from collections import Counter

import numpy as np
import pytest

from results.run_folder import PLAN, STATUS
from results.streams import EXAMPLES, read_rows
from tests.strategies.test_checkpoints import variables

pytestmark = pytest.mark.ci

SHORT = ("measure.examples=true", "measure.warmup_steps=5", "loop.steps_per_call=8")
TWO = ("strategy=multiworker", "workers=2", "batch.per_replica=29", *SHORT)
SERVED = ("pipeline.service.workers=2",)
EXAMPLES_OF_AN_EPOCH = 1_437


def numbers(folder):
    """Of each step, what all replicas trained on."""
    found = {}
    for task in folder.tasks():
        for step, of in read_rows(folder.task_folder(task), EXAMPLES).to_pandas().groupby("step"):
            found.setdefault(step, []).extend(of.number)
    return {step: sorted(of) for step, of in found.items()}


def test_steps_see_the_same_examples_with_and_without_the_service_and_go_on_where_they_were(launch):
    epochs = 2 * EXAMPLES_OF_AN_EPOCH
    outcome, folder = launch(*TWO, *SERVED, f"until.examples={epochs}")
    assert outcome.state == "done", outcome.log_tail
    assert outcome.summary["examples_per_second"] > 0
    assert set(folder.read(STATUS)["exit_codes"].values()) == {0}
    names = [task["task"] for task in folder.read(PLAN)["tasks"]]
    assert names[2:] == ["dispatcher-0", "data_worker-0", "data_worker-1"]
    seen = Counter(np.concatenate(list(numbers(folder).values())).tolist())
    assert [seen[number] for number in range(epochs)] == [1] * epochs

    last = max(numbers(folder))
    until = f"until.steps={last + 16}"
    rest, further = launch(*TWO, *SERVED, until, f"checkpoint.restore={folder.path}")
    whole, straight = launch(*TWO, until)
    assert (rest.state, whole.state) == ("done", "done"), rest.log_tail + whole.log_tail
    assert numbers(folder) | numbers(further) == numbers(straight)
    for one, other in zip(variables(straight), variables(further), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    assert "its state could not be saved" in rest.summary["notes"]


def test_replicas_of_one_process_share_out_files_over_data_workers_once_an_epoch(launch):
    outcome, folder = launch(
        "strategy=mirrored",
        "workers=2",
        "deterministic=true",
        *SHORT,
        *SERVED,
        "pipeline.sharding=auto",
        "batch.per_replica=29",
        "until.steps=16",
    )
    assert outcome.state == "done", outcome.log_tail
    assert "sharding=file: 4 files for 4 readers" in outcome.summary["notes"]
    seen = Counter(np.concatenate(list(numbers(folder).values())).tolist())
    assert max(seen.values()) == 1
