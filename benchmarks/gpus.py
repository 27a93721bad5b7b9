"""What a process's GPUs do: how busy, how full, how much power, as NVIDIA's NVML tells.

The binding is `nvidia-ml-py` (the extra `gpu`). Whatever it or the driver does not tell is None.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class GpuSample:
    """All GPUs of the process together; None where NVML does not tell it of each of them."""

    gpu_busy_share: float | None = None
    """Of NVML's last sampling period (1/6 to 1 s), the share in which one computed; their mean."""
    gpu_memory_bytes: int | None = None
    """In use on them, by whichever process."""
    gpu_power_watts: float | None = None


class Gpus:
    """Those that CUDA_VISIBLE_DEVICES leaves to this process; none where NVML is not there."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._nvml = _nvml() if environment.get("CUDA_VISIBLE_DEVICES") != "-1" else None
        self._handles = [] if self._nvml is None else _visible(self._nvml, environment)

    def sample(self) -> GpuSample:
        """What they do now."""
        nvml = self._nvml
        if nvml is None or not self._handles:
            return GpuSample()
        busy = self._each(lambda handle: nvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100)
        memory = self._each(lambda handle: nvml.nvmlDeviceGetMemoryInfo(handle).used)
        power = self._each(lambda handle: nvml.nvmlDeviceGetPowerUsage(handle) / 1000)
        return GpuSample(
            gpu_busy_share=None if busy is None else sum(busy) / len(busy),
            gpu_memory_bytes=None if memory is None else int(sum(memory)),
            gpu_power_watts=None if power is None else sum(power),
        )

    def _each(self, ask: Callable[[Any], float]) -> list[float] | None:
        assert self._nvml is not None
        try:
            return [ask(handle) for handle in self._handles]
        except self._nvml.NVMLError:
            return None


def _nvml() -> Any | None:
    """The binding, ready to be asked; None where it, NVML or the driver is missing."""
    try:
        import pynvml
    except ModuleNotFoundError:
        return None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    return pynvml


def _visible(nvml: Any, environment: Mapping[str, str]) -> list[Any]:
    """NVML's handles of the process's GPUs; nothing where it is not sure which they are."""
    try:
        every = [
            nvml.nvmlDeviceGetHandleByIndex(index) for index in range(nvml.nvmlDeviceGetCount())
        ]
        named = environment.get("CUDA_VISIBLE_DEVICES")
        if named is None:
            return every
        # CUDA counts from the fastest GPU unless told otherwise, NVML along the bus.
        alike = len({nvml.nvmlDeviceGetName(handle) for handle in every}) == 1
        counted_alike = alike or environment.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID"
        found = []
        for name in filter(None, map(str.strip, named.split(","))):
            if not name.isdigit():
                found.append(nvml.nvmlDeviceGetHandleByUUID(name))
            elif counted_alike and int(name) < len(every):
                found.append(every[int(name)])
            else:
                return []
        return found
    except nvml.NVMLError:
        return []
