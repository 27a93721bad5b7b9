"""What a run was asked to do, as its folder tells it.

The plan holds the resolved experiment; a run that never got that far (not applicable, refused by
preflight) still has the configuration that Hydra wrote down.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from results.run_folder import PLAN, RunFolder

_HYDRA_FILES = ("config.yaml", ".hydra/config.yaml")


def configuration(folder: RunFolder) -> dict[str, Any]:
    """The experiment with dotted keys ("batch.total"); empty where the folder holds none.

    A component (workload, source, …) is found by its name under its own key as well.
    """
    plan = folder.read_if_there(PLAN)
    asked = (plan or {}).get("experiment") or _hydra_configuration(folder.path)
    return flat(asked)


def flat(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """`nested` with one dotted key for each value; a mapping with a `name` also as that name."""
    found: dict[str, Any] = {}
    for key, value in nested.items():
        if isinstance(value, Mapping):
            if isinstance(value.get("name"), str):
                found[f"{prefix}{key}"] = value["name"]
            found |= flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


def _hydra_configuration(path: Path) -> dict[str, Any]:
    for name in _HYDRA_FILES:
        if (path / name).is_file():
            import yaml

            try:
                found = yaml.safe_load((path / name).read_text(encoding="utf-8"))
            except yaml.YAMLError:
                continue  # half written; the run is still listed, without its configuration
            return found if isinstance(found, dict) else {}
    return {}
