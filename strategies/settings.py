"""What `until`, `loop`, `evaluate`, `checkpoint` and `measure` mean. Free of TensorFlow."""

from dataclasses import dataclass


@dataclass(frozen=True)
class UntilSettings:
    """When training stops: whichever comes first; `None` is no limit of that kind."""

    steps: int | None = None
    """Updates of the variables."""
    examples: int | None = None
    """Examples trained on, over all replicas."""
    seconds: float | None = None
    """Seconds of training; tracing the first step is not part of them."""
    quality: float | None = None
    """Held-out quality, looked at every `evaluate.every_steps`."""


@dataclass(frozen=True)
class LoopSettings:
    """How a step is made."""

    steps_per_call: int = 10
    """Steps inside one call of the compiled training function."""
    mixed_precision: bool = False
    """Compute in bfloat16, keep variables and losses in float32."""
    accumulate: int = 1
    """Parts that a replica's batch is cut into, their gradients added up."""
    gradient_dtype: str = "float32"
    """Type of the gradients on the wire: `float32`, `float16` or `bfloat16`."""
    jit_compile: bool = False
    """Whether XLA compiles the replica's step."""


@dataclass(frozen=True)
class EvaluateSettings:
    """When quality on held-out data is measured."""

    every_steps: int | None = None
    """Steps between evaluations on held-out data; `null`: at the end only."""


@dataclass(frozen=True)
class CheckpointSettings:
    """When the state of a run is kept, and whether one is taken up again."""

    every_steps: int | None = None
    """Steps between checkpoints; `null`: none before the end."""
    keep: int = 3
    """Newest checkpoints that stay."""
    restore: str | None = None
    """Folder of a checkpoint (or of a run) to start from, input included."""


@dataclass(frozen=True)
class ProfileSettings:
    """Which steps every task traces. A profiled run is never counted in throughput."""

    steps: list[int] | None = None
    """First and last step of a trace of all tasks at once, [20,30]; `null`: no trace."""


@dataclass(frozen=True)
class AcceleratorSettings:
    """A faster (or slower) device than this machine has, emulated: computing is a wait."""

    examples_per_second: float | None = None
    """What one replica computes, forward and backward; `null`: it really computes."""
    memory_mb: int | None = None
    """Memory that each replica's emulated accelerator has (10^6 bytes)."""

    @property
    def emulated(self) -> bool:
        """Whether computing is a wait."""
        return self.examples_per_second is not None

    def seconds(self, examples: int) -> float:
        """How long a replica takes for a batch of so many; only where it is `emulated`."""
        assert self.examples_per_second is not None
        return examples / self.examples_per_second


@dataclass(frozen=True)
class MeasureSettings:
    """What is measured, and from when on."""

    warmup_steps: int = 10
    """First steps, which no figure counts."""
    examples: bool = False
    """Whether each task writes down the numbers of the examples that it trained on."""
    rounds: int = 7
    """Interleaved repeats of everything that is compared (`diagnose`, `profile`, `tune`)."""
    block_seconds: float = 0.5
    """Length of one measurement in a round."""
    advice: bool = True
    """Whether a diagnosis also tries what would help, and profiles the pipeline's stages."""
