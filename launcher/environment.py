"""The conditions that a run was measured in. TensorFlow is not imported to ask for its version."""

import functools
import os
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

_PACKAGES = ("distribute-bench", "tensorflow", "keras", "tf-keras", "numpy", "tensorflow-datasets")


def environment() -> dict[str, Any]:
    """Versions, machine and load now, as `environment.json` keeps them. What is unknown is None."""
    return {
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "system": platform.platform(),
        "cpu_model": _cpu_model(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "memory_available_bytes": psutil.virtual_memory().available,
        "load_1_minute": os.getloadavg()[0],
        "gpus": _gpus(),
        "git_revision": _git_revision(),
    }


@functools.cache
def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


@functools.cache
def _cpu_model() -> str | None:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or None
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else None


def _gpus() -> list[str]:
    if shutil.which("nvidia-smi") is None:
        return []
    return _output("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader")


@functools.cache
def _git_revision() -> str | None:
    """Of the checkout that this code runs from; None where it is installed."""
    here = str(Path(__file__).parent)
    if shutil.which("git") is None:
        return None
    lines = _output("git", "-C", here, "describe", "--always", "--dirty", "--abbrev=12")
    return lines[0] if lines else None


def _output(*command: str) -> list[str]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    return done.stdout.strip().splitlines() if done.returncode == 0 else []
