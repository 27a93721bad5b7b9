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


@functools.cache
def strategies_by_key() -> dict[str, list[str]]:
    """Which strategies each key applies to, for keys that don't apply to all."""
    found: dict[str, list[str]] = {}
    for strategy in members("strategy"):
        for key in _read("strategy", strategy).get("keys", ()):
            found.setdefault(key, []).append(strategy)
    return found


def _read(group: str, member: str) -> dict[str, Any]:
    import yaml

    text = (CONF / group / f"{member}.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text) or {}
