"""Where one task's replicas compute: what a strategy's `build` is given."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Placement:
    """The devices of one task and the words that some strategies take."""

    devices: str
    """`cpu`, `gpu` or `tpu`."""
    replicas: int
    """Copies of the model in this task."""
    communication: str = "auto"
    """How gradients travel between tasks: `auto`, `ring` or `nccl`."""
    ps_shards: int | None = None
    """Parts that each large variable is cut into over the parameter servers."""

    @property
    def names(self) -> list[str]:
        """TensorFlow's names of this task's devices, one for each replica."""
        return [f"{self.devices.upper()}:{index}" for index in range(self.replicas)]
