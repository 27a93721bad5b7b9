"""The members of configuration groups, as the files in `conf/` tell them; Hydra isn't needed."""

import functools
from pathlib import Path
from typing import Any

CONF = Path(__file__).parent / "conf"
GROUPS = ("strategy", "workload", "source", "engine", "experiment")


def members(group: str) -> list[str]:
    """Names of a group's files, sorted."""
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def meaning(group: str, member: str) -> str:
    """The comment that opens a member's file, on one line."""
    lines = []
    for line in (CONF / group / f"{member}.yaml").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        if not line.startswith("# @package"):
            lines.append(line.lstrip("# "))
    return " ".join(lines)


def usual_member(group: str) -> str | None:
    """The member that is taken when the command line doesn't choose."""
    choices: dict[str, str | None] = {}
    for entry in _read("config.yaml")["defaults"]:
        if isinstance(entry, dict):
            choices |= entry
    return choices[group]


@functools.cache
def members_by_key(group: str) -> dict[str, list[str]]:
    """Which members of the group each key applies to, for keys that don't apply to all."""
    found: dict[str, list[str]] = {}
    for member in members(group):
        for key in _read(f"{group}/{member}.yaml").get("keys", ()):
            found.setdefault(key, []).append(member)
    return found


def workload_of_source(source: str) -> str | None:
    """The first workload whose usual source it is; None where it is nobody's."""
    for workload in members("workload"):
        for entry in _read(f"workload/{workload}.yaml").get("defaults", ()):
            if isinstance(entry, dict) and source in entry.values():
                return workload
    return None


def _read(file: str) -> dict[str, Any]:
    import yaml

    return yaml.safe_load((CONF / file).read_text(encoding="utf-8")) or {}
