"""What must be the same on all hosts of a run: the versions that they run and, where each has a
launcher of its own, what these were asked."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from launcher.environment import environment
from results.configuration import flat
from results.errors import UserError
from results.run_folder import as_json

if TYPE_CHECKING:
    from launcher.experiment import Experiment

_OF_THE_HOST = ("cache_folder", "report")
"""What of an experiment may differ from host to host."""
_MOST_NAMED = 3
_ABSENT = "nothing"
_VERSION = "version."


def facts(experiment: "Experiment") -> dict[str, Any]:
    """What several launchers have to agree in, by dotted name, in terms of JSON."""
    asked = {key: each for key, each in experiment.to_dict().items() if key not in _OF_THE_HOST}
    (asked["engine"].get("given") or {}).pop("task", None)
    found: dict[str, Any] = as_json({**flat(asked), **versions(environment())})
    return found


def check_agreement(
    own: Mapping[str, Any], host: str, chiefs: Mapping[str, Any], chiefs_host: str
) -> None:
    """Raise UserError where the facts of `host` aren't the chief's."""
    found = differences(own, host, chiefs, chiefs_host)
    if found is not None:
        raise UserError(
            f"engine=given: the launchers differ: {found}; start the same command in the same "
            "environment on every host"
        )


def versions(host: Mapping[str, Any]) -> dict[str, str]:
    """Those that all hosts need alike, of one's environment as `launcher.environment` tells it."""
    found = {"python": host["python"], **host["packages"]}
    return {f"{_VERSION}{name}": version for name, version in found.items()}


def differences(
    here: Mapping[str, Any], host: str, there: Mapping[str, Any], other: str
) -> str | None:
    """What differs between two hosts, as `keras 3.9 on b, 3.12 on a; 2 more`; None where nothing
    does."""
    keys = [
        key
        for key in dict.fromkeys([*here, *there])
        if here.get(key, _ABSENT) != there.get(key, _ABSENT)
    ]
    found = [
        f"{key.removeprefix(_VERSION)} {here.get(key, _ABSENT)} on {host}, "
        f"{there.get(key, _ABSENT)} on {other}"
        for key in keys
        if key.rpartition(".")[0] not in keys  # a strategy's name tells the rest
    ]
    more = len(found) - _MOST_NAMED
    return "; ".join(found[:_MOST_NAMED] + ([f"{more} more"] if more > 0 else [])) or None
