"""A run that starts from a checkpoint goes on as if it had never stopped."""

import json

import numpy as np
import pytest
import tensorflow as tf

from results.streams import EXAMPLES, read_rows

pytestmark = pytest.mark.ci

MANY = {
    "one_device": ("strategy=one_device", "keras=2"),
    "mirrored": ("strategy=mirrored", "workers=2"),
    "multiworker 3": ("strategy=multiworker", "workers=2"),
    "multiworker 2": ("strategy=multiworker", "workers=2", "keras=2"),
    "parameter_server": ("strategy=parameter_server", "workers=1"),
}
COMMON = ("measure.examples=true", "measure.warmup_steps=5", "loop.steps_per_call=8")


def numbers(folder):
    tables = [read_rows(folder.task_folder(task), EXAMPLES).to_pandas() for task in folder.tasks()]
    return {
        step: sorted(table.number[table.step == step].tolist())
        for table in tables
        for step in table.step.unique()
    }


def variables(folder):
    served = tf.saved_model.load(str(folder.path / "model"))
    return [variable.numpy() for variable in served.variables_of_model]


def _all(by_step):
    return {number for numbers in by_step.values() for number in numbers}


@pytest.mark.parametrize("overrides", MANY.values(), ids=MANY)
def test_restored_run_sees_the_same_examples_and_ends_at_the_same_variables(launch, overrides):
    whole, straight = launch(*overrides, *COMMON, "until.steps=96", "checkpoint.every_steps=48")
    assert whole.state == "done", whole.log_tail
    half = straight.path / "checkpoints" / "48"
    second, rest = launch(*overrides, *COMMON, "until.steps=96", f"checkpoint.restore={half}")
    assert second.state == "done", second.log_tail
    expected = numbers(straight)
    assert numbers(rest) == {step: expected[step] for step in range(49, 97)}
    for one, other in zip(variables(straight), variables(rest), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    restored = [event for event in rest.events("chief-0") if event["event"] == "restored"]
    assert restored[0]["exact"] is True


def test_restored_with_other_replicas_skips_what_was_seen(launch):
    _, half = launch("strategy=mirrored", "workers=2", *COMMON, "until.steps=48")
    outcome, rest = launch(
        "strategy=one_device",
        "batch.per_replica=64",
        *COMMON,
        "until.steps=60",
        f"checkpoint.restore={half.path}",
    )
    assert outcome.state == "done", outcome.log_tail
    restored = [event for event in rest.events("chief-0") if event["event"] == "restored"]
    assert (restored[0]["step"], restored[0]["exact"]) == (48, False)
    assert "skipped ahead" in outcome.summary["notes"]
    assert not _all(numbers(half)) & _all(numbers(rest))


def test_variables_cut_over_servers_are_saved_whole_and_restored(launch):
    sharded = ("strategy=parameter_server", "workload=embedding", "keras=2", "ps=2", "ps_shards=2")
    short = ("measure.warmup_steps=5", "checkpoint.every_steps=20")
    first, folder = launch(*sharded, *short, "until.steps=20")
    assert first.state == "done", first.log_tail
    alone, plain = launch("workload=embedding", "keras=2", *short, "until.steps=20")
    assert alone.state == "done", alone.log_tail
    for field in ("parameters", "variable_bytes", "optimizer_bytes"):
        assert first.summary[field] == alone.summary[field]
    shapes = [value.shape for value in variables(folder)]
    assert shapes == [value.shape for value in variables(plain)]
    again, _ = launch(*sharded, *short, "until.steps=30", f"checkpoint.restore={folder.path}")
    assert again.state == "done", again.log_tail
    assert again.summary["steps"] == 10


def test_only_the_newest_checkpoints_stay_and_each_has_a_manifest(launch):
    _, folder = launch(
        "strategy=one_device", "until.steps=50", "checkpoint.every_steps=10", "checkpoint.keep=2"
    )
    kept = sorted((folder.path / "checkpoints").iterdir())
    assert [path.name for path in kept] == ["40", "50"]
    assert json.loads((kept[1] / "manifest.json").read_text())["step"] == 50
