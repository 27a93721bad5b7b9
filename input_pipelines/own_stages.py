"""The stages that make training batches of a person's own pipeline, and how to tell them."""

from collections.abc import Sequence

from input_pipelines.graph import Stage

_OURS = "harness_"
FULL, REPEAT, SHARD, POSITION = (
    f"{_OURS}{name}" for name in ("full", "repeat", "shard", "position")
)
NUMBER = f"{_OURS}number"


def our_stages(stages: Sequence[Stage]) -> set[str]:
    """Names of those stages that aren't a person's.

    What counts the batches is a source, whose name TensorFlow (2.21) doesn't write down.
    """
    named = {stage.name for stage in stages if stage.name.startswith(_OURS)}
    counts = {stage.inputs[0] for stage in stages if stage.name == NUMBER}
    return named | counts
