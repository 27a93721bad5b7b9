"""GPUs as NVML tells of them: a stand-in for its binding answers, as no test machine has a GPU."""

import sys
from collections.abc import Mapping
from types import SimpleNamespace

import pytest

from benchmarks.gpus import Gpus, GpuSample

NOTHING = GpuSample(None, None, None)


class StandInForNvml:
    """The functions of `pynvml` that are asked, over GPUs that are made up."""

    class NVMLError(Exception):
        pass

    def __init__(self, names: list[str], *, driver: bool = True, power: bool = True) -> None:
        self._names, self._driver, self._power = names, driver, power

    def nvmlInit(self) -> None:  # noqa: N802
        if not self._driver:
            raise self.NVMLError("driver not loaded")

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return len(self._names)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        return index

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> int:  # noqa: N802
        if uuid not in (known := [f"GPU-{index}" for index in range(len(self._names))]):
            raise self.NVMLError("not found")
        return known.index(uuid)

    def nvmlDeviceGetName(self, handle: int) -> str:  # noqa: N802
        return self._names[handle]

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> SimpleNamespace:  # noqa: N802
        return SimpleNamespace(gpu=20 * (handle + 1))

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> SimpleNamespace:  # noqa: N802
        return SimpleNamespace(used=1000 * (handle + 1))

    def nvmlDeviceGetPowerUsage(self, handle: int) -> int:  # noqa: N802
        if not self._power:
            raise self.NVMLError("not supported")
        return 50_000 * (handle + 1)


def sampled(
    monkeypatch: pytest.MonkeyPatch, nvml: StandInForNvml | None, environment: Mapping[str, str]
) -> GpuSample:
    monkeypatch.setitem(sys.modules, "pynvml", nvml)  # None: as if it were not installed
    return Gpus(environment).sample()


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({}, GpuSample(0.4, 6000, 300.0)),
        ({"CUDA_VISIBLE_DEVICES": "0,2"}, GpuSample(0.4, 4000, 200.0)),
        ({"CUDA_VISIBLE_DEVICES": "GPU-1"}, GpuSample(0.4, 2000, 100.0)),
        ({"CUDA_VISIBLE_DEVICES": "-1"}, NOTHING),
        ({"CUDA_VISIBLE_DEVICES": ""}, NOTHING),
        ({"CUDA_VISIBLE_DEVICES": "7"}, NOTHING),
        ({"CUDA_VISIBLE_DEVICES": "GPU-9"}, NOTHING),
    ],
)
def test_only_what_the_task_sees_is_added_up(
    monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str], told: GpuSample
) -> None:
    found = sampled(monkeypatch, StandInForNvml(["A", "A", "A"]), environment)
    assert found.gpu_busy_share == pytest.approx(told.gpu_busy_share)
    assert found.gpu_memory_bytes == told.gpu_memory_bytes
    assert found.gpu_power_watts == told.gpu_power_watts


def test_what_nvml_does_not_tell_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sampled(monkeypatch, None, {}) == NOTHING
    assert sampled(monkeypatch, StandInForNvml(["A"], driver=False), {}) == NOTHING
    assert sampled(monkeypatch, StandInForNvml([]), {}) == NOTHING
    powerless = sampled(monkeypatch, StandInForNvml(["A"], power=False), {})
    assert powerless == GpuSample(0.2, 1000, None)


def test_numbers_say_which_gpu_only_where_cuda_counts_as_nvml_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mixed, seen = StandInForNvml(["A", "B"]), {"CUDA_VISIBLE_DEVICES": "1"}
    assert sampled(monkeypatch, mixed, seen) == NOTHING
    along_the_bus = seen | {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
    assert sampled(monkeypatch, mixed, along_the_bus) == GpuSample(0.4, 2000, 100.0)


def test_the_binding_has_what_the_stand_in_stands_for() -> None:
    pynvml = pytest.importorskip("pynvml")
    asked = [name for name in dir(StandInForNvml) if name.lower().startswith("nvml")]
    assert "nvmlInit" in asked
    assert [name for name in asked if not hasattr(pynvml, name)] == []
