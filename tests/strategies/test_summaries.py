"""TensorBoard reads what the chief writes."""

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

pytestmark = pytest.mark.ci


@pytest.mark.parametrize(
    "overrides",
    [("strategy=one_device",), ("strategy=parameter_server", "workers=2")],
    ids=" ".join,
)
def test_tensorboard_has_loss_throughput_quality_and_the_graph(launch, overrides):
    outcome, folder = launch(*overrides, "until.seconds=2.5", "evaluate.every_steps=400")
    assert outcome.state == "done", outcome.log_tail
    events = EventAccumulator(str(folder.path / "tensorboard"), size_guidance={"tensors": 0})
    events.Reload()
    assert {"loss", "examples_per_second", "quality"} <= set(events.Tags()["tensors"])
    assert events.Graph().node
