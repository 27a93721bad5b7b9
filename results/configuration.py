"""What a run was asked to do, as its folder tells it.

The plan holds the resolved experiment; a run that never got that far (not applicable, refused by
preflight) still has the configuration that Hydra wrote down.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from results.run_folder import PLAN, RunFolder


def configuration(folder: RunFolder, plan: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The experiment with dotted keys ("batch.total"); empty where the folder holds none.

    A component (workload, source, …) is found by its name under its own key as well. `plan` is that
    of the run, where it has been read already.
    """
    asked = _plan(folder, plan).get("experiment") or _hydra_configuration(folder.path)
    return flat(asked) if isinstance(asked, Mapping) else {}


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


def overrides(folder: RunFolder, plan: Mapping[str, Any] | None = None) -> dict[str, str]:
    """What was asked for on the command line, by key: {"workers": "2"}; what a sweep varies."""
    words = _plan(folder, plan).get("overrides")
    if words is None:
        words = _hydra_file(folder.path, ("overrides.yaml", ".hydra/overrides.yaml"))
    return by_key(words) if isinstance(words, list) else {}


def by_key(words: Iterable[Any]) -> dict[str, str]:
    """Overrides of the command line by key; those of Hydra itself are left out."""
    pairs = [str(word).partition("=") for word in words]
    found = {key.lstrip("+~"): value for key, _, value in pairs}
    return {key: value for key, value in found.items() if not key.startswith("hydra.")}


def _plan(folder: RunFolder, read: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return read if read is not None else folder.read_if_there(PLAN) or {}


def _hydra_configuration(path: Path) -> dict[str, Any]:
    found = _hydra_file(path, ("config.yaml", ".hydra/config.yaml"))
    return found if isinstance(found, dict) else {}


def _hydra_file(path: Path, names: tuple[str, ...]) -> Any:
    """What the first readable of the files `names` says; None where there is none."""
    for name in names:
        if (path / name).is_file():
            import yaml

            try:
                return yaml.safe_load((path / name).read_text(encoding="utf-8"))
            except (yaml.YAMLError, UnicodeDecodeError):
                continue  # half written; the run is still listed, without its configuration
    return None
