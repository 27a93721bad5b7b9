"""What one task has to do, as both loops read it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.recorder import Recorder
from input_pipelines.build import Feed
from results.run_folder import RunFolder
from strategies.placement import Placement
from strategies.settings import (
    CheckpointSettings,
    EvaluateSettings,
    LoopSettings,
    MeasureSettings,
    ProfileSettings,
    UntilSettings,
)


@dataclass(frozen=True)
class TrainingJob:
    """One task's share of a run: everything resolved, nothing left to look up."""

    role: str
    index: int
    tasks: tuple[str, ...]
    """Every task of the run, this one among them (`chief-0`, `worker-0`, …)."""
    placement: Placement
    devices: str
    """What computes gradients: `cpu`, `gpu` or `tpu`; a coordinator itself is on the CPU."""
    replicas: int
    """Copies of the model over all tasks."""
    batch_per_replica: int
    batch_total: int
    workload: Any
    feed: Feed
    until: UntilSettings
    loop: LoopSettings
    evaluate: EvaluateSettings
    checkpoint: CheckpointSettings
    measure: MeasureSettings
    profile: ProfileSettings
    diagnose: bool
    seed: int
    deterministic: bool
    asynchronous: bool
    """Whether a step is one worker's update (parameter servers) and not all replicas' together."""
    compute_seconds: Mapping[str, float]
    """How long a replica's emulated computing takes, by task; empty where it really computes."""
    slower: Mapping[str, float]
    """How many times as long the real computing of a task takes, of those made slower."""
    folder: RunFolder
    recorder: Recorder

    @property
    def task(self) -> str:
        return f"{self.role}-{self.index}"

    @property
    def chief(self) -> bool:
        return self.role == "chief"

    @property
    def emulated(self) -> bool:
        """Whether computing is a wait: there is no loss then, and nothing is learned."""
        return bool(self.compute_seconds)

    @property
    def first_replica(self) -> int:
        """Number of this task's first replica among all; the chief's come first."""
        before = 0 if self.chief else self.index + 1
        return before * self.placement.replicas

    @property
    def last_step(self) -> int | None:
        """The step at which `until.steps` or `until.examples` ends the run; None: neither does."""
        limits = []
        if self.until.steps is not None:
            limits.append(self.until.steps)
        if self.until.examples is not None:
            limits.append(-(-self.until.examples // self.examples_per_step))
        return min(limits, default=None)

    @property
    def examples_per_step(self) -> int:
        """Examples that one step consumes."""
        return self.batch_per_replica if self.asynchronous else self.batch_total

    @property
    def evaluate_every(self) -> int | None:
        """Steps between evaluations; a quality to reach must be looked at now and then. None where
        nothing is learned."""
        if self.emulated:
            return None
        if self.evaluate.every_steps is None and self.until.quality is not None:
            return QUALITY_EVERY_STEPS
        return self.evaluate.every_steps


QUALITY_EVERY_STEPS = 100
"""Default of `evaluate.every_steps` when `until.quality` is given."""
