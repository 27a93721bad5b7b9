"""What must be the same for all tasks of a run whose launchers are several: what they were asked,
and the versions that they run."""

from collections.abc import Mapping
from typing import Any

from launcher.environment import environment
from launcher.experiment import Experiment
from results.configuration import flat
from results.errors import UserError
from results.run_folder import as_json

_OF_THE_HOST = ("cache_folder", "report")
"""What of an experiment may differ from host to host."""
_MOST_NAMED = 3
_ABSENT = "nothing"


def facts(experiment: Experiment) -> dict[str, Any]:
    """What has to be equal, by dotted name, in terms of JSON."""
    asked = {key: each for key, each in experiment.to_dict().items() if key not in _OF_THE_HOST}
    (asked["engine"].get("given") or {}).pop("task", None)
    here = environment()
    versions = {"python": here["python"], **here["packages"]}
    found: dict[str, Any] = as_json({**flat(asked), **flat({"version": versions})})
    return found


def check_agreement(
    own: Mapping[str, Any], host: str, chiefs: Mapping[str, Any], chiefs_host: str
) -> None:
    """Raise UserError where the facts of `host` aren't the chief's."""
    keys = [
        key
        for key in dict.fromkeys([*own, *chiefs])
        if own.get(key, _ABSENT) != chiefs.get(key, _ABSENT)
    ]
    differing = [
        f"{_name(key)} {_shown(own, key)} on {host}, {_shown(chiefs, key)} on {chiefs_host}"
        for key in keys
        if key.rpartition(".")[0] not in keys  # a strategy's name tells the rest
    ]
    if not differing:
        return
    more = len(differing) - _MOST_NAMED
    shown = differing[:_MOST_NAMED] + ([f"{more} more"] if more > 0 else [])
    raise UserError(
        f"engine=given: the launchers differ: {'; '.join(shown)}; start the same command in the "
        "same environment on every host"
    )


def _name(key: str) -> str:
    return key.removeprefix("version.")


def _shown(found: Mapping[str, Any], key: str) -> str:
    return str(found.get(key, _ABSENT))
