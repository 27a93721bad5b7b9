"""How long processes of this machine waited for what was short, as the kernel counts it (PSI).

https://docs.kernel.org/accounting/psi.html
"""

from collections.abc import Mapping
from pathlib import Path

RESOURCES = ("cpu", "io", "memory")
_FOLDER = Path("/proc/pressure")


def stalled_seconds(folder: Path = _FOLDER) -> dict[str, float]:
    """Seconds since the machine started in which somebody waited for each resource (`some`);
    without those of which the kernel doesn't tell."""
    found = {resource: _total(folder / resource) for resource in RESOURCES}
    return {resource: seconds for resource, seconds in found.items() if seconds is not None}


def stalled_shares(
    before: Mapping[str, float], after: Mapping[str, float], seconds: float
) -> dict[str, float]:
    """Of `seconds` between two looks, what somebody waited; 0 to 1."""
    return {
        resource: min(1.0, (after[resource] - before[resource]) / seconds)
        for resource in before.keys() & after.keys()
    }


def _total(path: Path) -> float | None:
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except OSError:  # no such kernel, or not allowed here
        return None
    (total,) = [line.rpartition("total=")[2] for line in lines if line.startswith("some")]
    return int(total) / 1e6
