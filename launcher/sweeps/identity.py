"""What makes a sweep this sweep: its configuration, the versions and the machine.

Runs of two configurations, two versions or two machines don't compare, so a sweep goes on only
with those that it began with.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from omegaconf import OmegaConf

from launcher.environment import environment
from launcher.sweeps.cells import OF_THE_SWEEP, Composed
from results.configuration import flat
from results.run_folder import as_json

_VERSIONS = ("python", "packages", "git_revision", "cpu_model", "cores", "gpus")
_NOT_MEASURED = ("report", "dry_run")
"""Keys that change what is shown of a run, and nothing about it."""
_ABSENT = object()


def identity(words: Sequence[str], repeat: int, composed: Sequence[Composed]) -> dict[str, Any]:
    """The identity of a sweep, in terms of JSON.

    Args:
      words: what its runs are made of, `launcher.sweeps.cells.words_of_runs`.
    """
    each = [_configuration(one) for one in composed]
    common = {
        key: value
        for key, value in each[0].items()
        if all(other.get(key, _ABSENT) == value for other in each)
    }
    here = environment()
    found: dict[str, Any] = as_json(
        {
            "words": {**_by_key(words), "repeat": str(repeat)},
            "common": common,
            "cells": [
                {key: value for key, value in one.items() if key not in common} for one in each
            ],
            "versions": flat({name: here[name] for name in _VERSIONS}),
        }
    )
    return found


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What differs, each as `until.steps=20 (was 10)`; what was typed first, then what a file or
    the machine changed."""
    found = list(_differences(before["words"], now["words"]))
    found += _differences(before["common"], now["common"])
    for old, new in zip(before["cells"], now["cells"], strict=False):
        found += _differences(old, new)
    found += _differences(before["versions"], now["versions"])
    return list(dict.fromkeys(found))


def _configuration(composed: Composed) -> dict[str, Any]:
    asked: dict[str, Any] = OmegaConf.to_container(composed.configuration, resolve=True)  # type: ignore[assignment]
    kept = {
        key: value for key, value in asked.items() if key not in (*OF_THE_SWEEP, *_NOT_MEASURED)
    }
    return flat(kept)


def _by_key(words: Sequence[str]) -> dict[str, str]:
    pairs = (word.partition("=") for word in words)
    return {key: value for key, _, value in pairs if key not in _NOT_MEASURED}


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterable[str]:
    for key in dict.fromkeys([*before, *now]):
        old, new = before.get(key, _ABSENT), now.get(key, _ABSENT)
        if old == new:
            continue
        if new is _ABSENT:
            yield f"{key} left out (was {_typed(old)})"
        elif old is _ABSENT:
            yield f"{key}={_typed(new)} (was not given)"
        else:
            yield f"{key}={_typed(new)} (was {_typed(old)})"


def _typed(value: Any) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
