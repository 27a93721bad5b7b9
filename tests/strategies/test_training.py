"""Every strategy trains for real, and what it leaves behind is right."""

import numpy as np
import pytest
import tensorflow as tf

from input_pipelines.build import evaluation_dataset
from launcher.training_job import make_feed
from results.run_folder import STATUS, RunFolder
from results.streams import EXAMPLES, STEPS, read_rows
from tests.runs import experiment, run

pytestmark = pytest.mark.ci

SHORT = ("until.steps=60", "measure.warmup_steps=5")
EVERY_STRATEGY = [
    ("strategy=one_device", "keras=2"),
    ("strategy=mirrored", "workers=2", "keras=3"),
    ("strategy=central_storage", "workers=2", "keras=3"),
    ("strategy=multiworker", "workers=2", "keras=2"),
    ("strategy=multiworker", "workers=3", "keras=3"),
    ("strategy=parameter_server", "workers=2", "keras=3"),
    ("strategy=parameter_server", "workers=2", "ps=2", "ps_shards=2", "keras=2"),
]


def rows(folder: RunFolder, kind: str = STEPS):
    return {task: read_rows(folder.task_folder(task), kind).to_pandas() for task in folder.tasks()}


@pytest.fixture(scope="module", params=EVERY_STRATEGY, ids=" ".join)
def trained(request, session, tmp_path_factory):
    """Outcome and folder of a run of 200 steps: whatever is asked of it, it is trained once."""
    words = (*request.param, "until.steps=200", "batch.per_replica=29", "measure.examples=true")
    folder = tmp_path_factory.mktemp("trained") / "run"
    return run(session, folder, *words, "checkpoint.every_steps=100")


def test_every_strategy_learns_and_leaves_a_whole_run_folder(trained):
    outcome, folder = trained
    assert outcome.state == "done", f"{outcome.reason}\n{outcome.log_tail}"
    summary = outcome.summary
    assert summary["steps"] == 200
    assert summary["quality"] > 0.85
    assert summary["loss_last"] < summary["loss_first"] / 2
    assert summary["examples_per_second"] > 0
    assert set(folder.read(STATUS)["exit_codes"].values()) == {0}
    assert {path.name for path in (folder.path / "checkpoints").iterdir()} == {"100", "200"}
    assert list((folder.path / "tensorboard").iterdir())


def test_each_example_is_trained_on_once_an_epoch(trained):
    outcome, folder = trained
    numbers = np.concatenate([table.number for table in rows(folder, EXAMPLES).values()])
    assert len(numbers) == len(set(numbers)) == outcome.summary["examples"]
    whole = len(numbers) // 1_437 * 1_437
    assert np.array_equal(np.sort(numbers)[:whole], np.arange(whole))


def test_the_saved_model_alone_scores_what_the_run_says(trained):
    outcome, folder = trained
    served = tf.saved_model.load(str(folder.path / "model"))
    correct = examples = 0.0
    for weight, x, y in evaluation_dataset(make_feed(experiment()), 0, 1, 50):
        hits = np.argmax(served.serve(x), -1) == y
        correct, examples = correct + np.sum(hits * weight), examples + np.sum(weight)
    assert examples == 360
    assert correct / examples == pytest.approx(outcome.summary["quality"], abs=1e-6)


def test_every_task_stops_at_the_same_step_when_the_clock_says_so(launch):
    outcome, folder = launch(
        "strategy=multiworker", "workers=2", "until.seconds=1.5", "loop.steps_per_call=7"
    )
    assert outcome.state == "done", f"{outcome.reason}\n{outcome.log_tail}"
    last = {int(table.step.max()) for table in rows(folder).values()}
    assert len(last) == 1
    assert folder.events("worker-0")[-1]["event"] == "finished"
    assert folder.events("chief-0")[-1]["reason"] == "seconds"


def test_a_quality_to_reach_ends_the_run_at_an_evaluation(launch):
    outcome, folder = launch(
        "strategy=mirrored", "workers=2", "until.quality=0.8", "evaluate.every_steps=20"
    )
    assert outcome.state == "done", f"{outcome.reason}\n{outcome.log_tail}"
    found = [each for each in folder.events("chief-0") if each["event"] == "evaluated"]
    assert found[-1]["quality"] >= 0.8
    assert all(each["quality"] < 0.8 for each in found[:-1])
    assert outcome.summary["steps"] == found[-1]["step"] == 20 * len(found)


def test_losses_stand_at_the_end_of_a_call_and_steps_have_no_gaps(launch):
    _, folder = launch("strategy=one_device", "until.steps=45", "loop.steps_per_call=10")
    table = rows(folder)["chief-0"]
    assert table.step.tolist() == list(range(1, 46))
    assert table.step[table.loss.notna()].tolist() == [10, 20, 30, 40, 45]
    assert (table.wait_seconds <= table.seconds).all()


@pytest.mark.parametrize("keras", [2, 3])
def test_running_statistics_are_the_mean_over_replicas(launch, keras):
    outcome, folder = launch(
        "strategy=multiworker",
        "workers=2",
        f"keras={keras}",
        "workload._target_=tests.strategies.models.with_batch_normalization",
        *SHORT,
    )
    assert outcome.state == "done", f"{outcome.reason}\n{outcome.log_tail}"
    events = [event for task in ("chief-0", "worker-0") for event in folder.events(task)]
    averaged = [event for event in events if event["event"] == "statistics_averaged"]
    assert {event["variables"] for event in averaged} == {2}
    assert "2 running statistics" in outcome.summary["notes"]
    means = [event["quality"] for event in events if event["event"] == "evaluated"]
    assert len(set(means)) == 1


@pytest.mark.parametrize(
    "overrides",
    [
        ("strategy=multiworker", "workers=2", "keras=3"),
        ("strategy=parameter_server", "workers=1", "keras=2"),
    ],
    ids=" ".join,
)
def test_a_person_may_test_tensors_with_an_if_in_all_they_write(launch, overrides):
    full = "workload._target_=tests.strategies.models.full_of_ifs"
    outcome, _ = launch(*overrides, full, *SHORT)
    assert outcome.state == "done", f"{outcome.reason}\n{outcome.log_tail}"


def test_a_layer_may_test_tensors_with_an_if_under_tf_keras(launch):
    layer = "workload._target_=tests.strategies.models.with_an_if_in_a_layer"
    outcome, _ = launch("keras=2", layer, *SHORT)
    assert outcome.state == "done", f"{outcome.reason}\n{outcome.log_tail}"
