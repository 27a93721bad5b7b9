"""What `pipeline.*` on the command line means. Free of TensorFlow: the launcher reads it too."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PipelineSettings:
    """How examples travel from storage to a replica; `None` leaves a number to AUTOTUNE."""

    shuffle: int = 10_000
    """Examples in the shuffle buffer; 0 keeps the order of the files."""
    parallel_calls: int | None = None
    """Examples parsed and augmented at once."""
    parallel_reads: int | None = None
    """Files read at once."""
    prefetch: int | None = None
    """Batches made ahead; 0 makes none ahead."""
    cache: str = "none"
    """`none`, `memory` or `disk`: parsed examples kept from the first epoch on."""
    sharding: str = "data"
    """`data`: every replica reads all files and keeps its examples; `file`: reads its own files."""
    augment: bool = True
    """Whether the workload's random augmentation runs."""
