"""What `pipeline.*` on the command line means. Free of TensorFlow: the launcher reads it too."""

from dataclasses import dataclass, field
from typing import Any

REQUEST_BYTES = 256 * 1024
"""What one request to emulated storage brings, as readers of object stores ask for."""


@dataclass(frozen=True)
class ServiceSettings:
    """tf.data service: the pipeline runs in tasks of its own."""

    workers: int = 0
    """Tasks that prepare data for all replicas, beside a dispatcher; 0: each task does its own."""


@dataclass(frozen=True)
class PipelineSettings:
    """How examples travel from storage to a replica; `None` leaves a number to AUTOTUNE."""

    _target_: str | None = None
    """Dotted name of your own function that returns the training dataset, in batches."""
    parameters: dict[str, Any] = field(default_factory=dict)
    """Its keyword arguments."""
    shuffle: int = 10_000
    """Examples in the shuffle buffer; 0 keeps the order of the files."""
    parallel_calls: int | None = None
    """Examples parsed and augmented at once."""
    parallel: dict[str, int] = field(default_factory=dict)
    """The same for single stages, `+pipeline.parallel.augment=4`."""
    parallel_reads: int | None = None
    """Files read at once."""
    prefetch: int | None = None
    """Batches made ahead; 0 makes none ahead."""
    cache: str = "none"
    """`none`, `memory` or `disk`: parsed examples kept from the first epoch on."""
    deterministic: bool = True
    """Whether what is prepared in parallel keeps its order."""
    batch_first: bool = False
    """Prepare whole batches at once, where the functions can be vectorized."""
    threads: int | None = None
    """Threads that prepare data; `null`: one for each core."""
    sharding: str = "data"
    """`data`: every replica reads all files and keeps its examples; `file`: reads its own files;
    `auto`: files where there are enough of them."""
    service: ServiceSettings = field(default_factory=ServiceSettings)
    augment: bool = True
    """Whether the workload's random augmentation runs."""


@dataclass(frozen=True)
class StorageSettings:
    """Slow storage, emulated: what is read waits for what its bytes would have cost there."""

    mb_per_second: float | None = None
    """Bandwidth of one task's reads in all (10^6 bytes); `null`: as fast as it is."""
    latency_ms: float | None = None
    """Wait of each request: for opening a file, and for every further 256 KiB of it."""

    @property
    def emulated(self) -> bool:
        """Whether anything waits."""
        return bool(self.mb_per_second or self.latency_ms)

    @property
    def typed(self) -> str:
        """The keys that make it slow, as they were typed; empty where nothing does."""
        keys = {"mb_per_second": self.mb_per_second, "latency_ms": self.latency_ms}
        return " ".join(f"emulate.storage.{key}={value:g}" for key, value in keys.items() if value)

    @property
    def phrase(self) -> str | None:
        """What is emulated, as people read it; None where nothing is."""
        parts = []
        if self.mb_per_second:
            parts.append(f"of {self.mb_per_second:g} MB/s")
        if self.latency_ms:
            parts.append(f"that takes {self.latency_ms:g} ms a request")
        return f"storage {' '.join(parts)}" if parts else None


@dataclass(frozen=True)
class TuneSettings:
    """What `python -m input_pipelines tune` may take."""

    ram_mb: int | None = None
    """Memory for caches and buffers (10^6 bytes); `null`: half of what is free."""
    cores: int | None = None
    """Cores that the pipeline may use; `null`: all."""
    seconds: float = 60.0
    """Longest search; what it found is confirmed after it."""


@dataclass(frozen=True)
class ConvertSettings:
    """What `python -m input_pipelines convert` writes."""

    format: str = "tfrecord"
    """`files` (one an example), `tfrecord`, or `raw`: parsed examples as records of one length."""
    shards: int = 8
    """Files of each split."""
    compression: str = "none"
    """`none` or `gzip`, of TFRecords."""
    size: int | None = None
    """Pixels a side that images of `raw` are resized to; `null`: as they are."""
    folder: str | None = None
    """A folder to be made for it; `null`: in the command's own."""
