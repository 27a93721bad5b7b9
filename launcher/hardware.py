"""Which cores and accelerators this machine has, without TensorFlow, whose import takes 5 s."""

import ctypes.util
import importlib.util
import os
import re
from collections.abc import Sequence
from pathlib import Path

import psutil


def visible_gpus() -> tuple[str, ...]:
    """Names that CUDA_VISIBLE_DEVICES takes, of the GPUs that a process here would see."""
    count = _gpu_count()
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is None:
        return tuple(str(index) for index in range(count))
    names = [name.strip() for name in chosen.split(",") if name.strip()]
    if "-1" in names:  # CUDA hides this one and all after it
        names = names[: names.index("-1")]
    return tuple(names) if count else ()


def available_cores() -> tuple[int, ...]:
    """Numbers of the cores that this process may run on; empty where the system doesn't tell."""
    return tuple(sorted(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else ()


def memory_mb() -> int:
    """Memory of this machine (10^6 bytes)."""
    return int(psutil.virtual_memory().total / 1e6)


def keep_to_cores(cores: Sequence[int]) -> None:
    """Keeps this process to these cores, where there are any and the system can: before TensorFlow
    counts them to size its pools of threads."""
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)


def has_cuda_libraries() -> bool:
    """Whether TensorFlow would find cuDNN: from the extra `cuda`, or the system's own."""
    try:
        if importlib.util.find_spec("nvidia.cudnn") is not None:
            return True
    except ModuleNotFoundError:
        pass
    return ctypes.util.find_library("cudnn") is not None


def has_tpu() -> bool:
    """Whether something here looks like a TPU; whether it answers is for preflight."""
    named = any(os.environ.get(name) for name in ("TPU_NAME", "COLAB_TPU_ADDR", "TPU_WORKER_ID"))
    return named or bool(list(Path("/dev").glob("accel[0-9]*")))


def _gpu_count() -> int:
    devices = [
        path for path in Path("/dev").glob("nvidia*") if re.fullmatch(r"nvidia\d+", path.name)
    ]
    if devices:
        return len(devices)
    listed = Path("/proc/driver/nvidia/gpus")
    if listed.is_dir():
        return len(list(listed.iterdir()))
    windows = Path("/dev/dxg").exists() and Path("/usr/lib/wsl/lib/libcuda.so.1").exists()
    return 1 if windows else 0
