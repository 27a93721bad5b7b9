"""Keeps a figure with the conditions it was measured in.

Each figure is a JSON file under `tests/performance/results/`: what was measured, beside the git
revision, the machine and the date.
"""

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from results.run_folder import as_json

RESULTS = Path(__file__).parent / "results"
_PACKAGES = ("tensorflow", "keras", "tf-keras", "numpy", "pyarrow", "torch")


def save(name: str, measured: dict[str, Any], *, kept: bool = False) -> Path:
    """Write `measured` as the figure `name`; returns where it lies. Where a part of it was `kept`
    from what was saved before, the record names that revision and date as well."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    record = {"figure": name, **conditions()}
    before = _record_of(name)
    if kept and before:
        made = {key: before[key] for key in ("revision", "date")}
        record["earlier"] = [*before.get("earlier", ()), made]
    record["measured"] = as_json(measured)
    path.write_text(json.dumps(record, indent=1) + "\n")
    print(f"saved: {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}")
    return path


def saved(name: str) -> dict[str, Any]:
    """What was measured of the figure `name` before; nothing where it never was."""
    return dict(_record_of(name).get("measured", {}))


def _record_of(name: str) -> dict[str, Any]:
    path = RESULTS / f"{name}.json"
    return dict(json.loads(path.read_text())) if path.is_file() else {}


def conditions() -> dict[str, Any]:
    """Revision (with "+" where the tree was changed), date in UTC, machine and versions."""
    return {
        "revision": _git("rev-parse", "HEAD") + ("+" if _git("status", "--porcelain") else ""),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "cpu": _cpu_model(),
            "cores": len(os.sched_getaffinity(0)),
            "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
            "system": platform.platform(terse=True),
            "load_1_minute": round(os.getloadavg()[0], 2),
        },
        "versions": {"python": platform.python_version()} | _versions(),
    }


def _git(*words: str) -> str:
    ended = subprocess.run(
        ["git", *words], capture_output=True, text=True, cwd=Path(__file__).parent, check=False
    )
    return ended.stdout.strip() or ("" if ended.returncode == 0 else "unknown")


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
