"""Whether a run has to talk to other machines, by what its configuration names."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from launcher.errors import NotApplicable

_ELSEWHERE = re.compile(r"(gs|s3|https?|hdfs|ftp|grpc)://", re.IGNORECASE)


def needs_network(asked: Mapping[str, Any]) -> str | None:
    """Why the run that the resolved configuration asks for can't do without other machines; None
    where it can."""
    for key in ("workload", "source"):
        if asked[key]["network"]:
            return f"{key}={asked[key]['name']} says that it needs the network ({key}.network=true)"
    if asked["engine"]["elsewhere"]:
        return f"the tasks of engine={asked['engine']['name']} run on several hosts"
    if asked["strategy"]["needs"] == "tpu":
        return "a TPU is reached over the network"
    for key, value in _texts(asked):
        if _ELSEWHERE.match(value):
            return f"{key}={value} lies on another machine"
    return None


def check(isolation: str, reason: str | None) -> None:
    """Raise NotApplicable where isolation is insisted on and would cut the run off."""
    if isolation == "namespace" and reason is not None:
        raise NotApplicable(
            f"isolation=namespace: {reason}, which nothing reaches from there; give isolation=none"
        )


def _texts(record: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a nested record, by its dotted key."""
    for name, value in record.items():
        key = f"{prefix}{name}"
        if isinstance(value, Mapping):
            yield from _texts(value, f"{key}.")
        elif isinstance(value, (list, tuple)):
            yield from _texts({str(index): each for index, each in enumerate(value)}, f"{key}.")
        elif isinstance(value, str):
            yield key, value
