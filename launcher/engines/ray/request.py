"""What the launcher asks its driver for; neither Ray nor the launcher's own modules are needed."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from launcher.engines.ray.room import Wanted


@dataclass(frozen=True)
class Request:
    """One run's agents on one cluster."""

    address: str | None
    """Of the cluster, as a person gave it; None: a local one is made."""
    temporary: str | None
    """Folder of a local cluster, removed at the end."""
    wanted: Wanted
    words: tuple[str, ...]
    """Of each agent, between its number and the address of its node."""
    environment: dict[str, str]
    """Set for every agent."""

    def to_json(self) -> str:
        """As it stands on the driver's command line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Request":
        """The request that `to_json` wrote down."""
        record: dict[str, Any] = json.loads(text)
        wanted = record["wanted"]
        return cls(
            address=record["address"],
            temporary=record["temporary"],
            wanted=Wanted(wanted["cpus"], tuple(wanted["gpus"]), wanted["placement"]),
            words=tuple(record["words"]),
            environment=record["environment"],
        )
