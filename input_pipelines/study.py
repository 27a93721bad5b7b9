"""One replica's pipeline, to be measured by itself: what `profile` and `tune` work on.

Free of TensorFlow until a dataset is asked for.
"""

import functools
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from input_pipelines.settings import ConvertSettings, PipelineSettings, TuneSettings

if TYPE_CHECKING:
    from input_pipelines.feed import Feed


@dataclass(frozen=True)
class Study:
    """A pipeline and what it may take to measure it. Runs in a process of its own."""

    feed: "Feed"
    batch: int
    """Examples of a batch, which is what one replica takes in a step."""
    replicas: int
    """Of the run that the pipeline is for; the first one's share of the examples is studied."""
    ordered: bool
    """Whether the order of the examples must stay as it is (`deterministic=true`)."""
    rounds: int
    block_seconds: float
    tune: TuneSettings
    folder: Path
    """An existing folder, for results; of a diagnosis it holds the run."""
    convert: ConvertSettings = ConvertSettings()  # noqa: RUF009  frozen
    source: str = "source"
    """Name of the source, for people."""
    advice: bool = True
    """Whether a diagnosis tries what would help."""
    memory_limit_bytes: int | None = None
    """Above which a task of the run is ended; None where only the machine limits it."""
    host: str = ""
    """The emulated host that this process is on, as people read it; empty: the whole machine."""

    @functools.cached_property
    def epoch_examples(self) -> int | None:
        """Examples of one epoch; None where the pipeline is not known to end."""
        if self.feed.pipeline._target_ is None:
            return self.feed.train.examples
        from input_pipelines.own_pipeline import own_epoch_examples

        return own_epoch_examples(self.feed, self.batch)

    @property
    def emulated(self) -> str | None:
        """What is not the machine's own, as people read it; None where all is."""
        return ", ".join(filter(None, (self.feed.storage.phrase, self.host))) or None

    @property
    def key(self) -> str:
        """The key that the pipeline comes from, with its value."""
        target = self.feed.pipeline._target_
        return f"source={self.source}" if target is None else f"pipeline._target_={target}"

    @property
    def cores(self) -> int:
        """That this process may use, and the run's tasks together."""
        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1

    def dataset(self, pipeline: PipelineSettings | None = None, **feed: Any) -> Any:
        """The endless `tf.data.Dataset` of (number, x, y), or of what the pipeline settings
        `pipeline` make of it; `feed` are other fields of the feed to change."""
        from input_pipelines.build import training_dataset

        changed = replace(self.feed, **feed)
        if pipeline is not None:
            changed = replace(changed, pipeline=pipeline)
        return training_dataset(changed, 0, self.replicas, self.batch)
