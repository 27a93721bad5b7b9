"""Dotted names: finds the module that one lies in without importing it, or any package above it."""

import difflib
import importlib
import pkgutil
import sys
from importlib.machinery import ModuleSpec
from typing import Any

from results.errors import UserError

_NEAR = 0.75
"""Similarity of names; there are hundreds of modules, so that 0.6 finds something for any word."""


def check_target(key: str, target: str) -> None:
    """Raise UserError where no module can hold what `target` (`package.module.function`) names."""
    parts = target.split(".")
    if len(parts) < 2 or not all(part.isidentifier() for part in parts):
        raise UserError(f"{key}={target}: give a dotted name such as my_package.my_function")
    places: list[str] | None = None
    for depth in range(1, len(parts)):
        module = ".".join(parts[:depth])
        spec = _found(module, places)
        if spec is None:
            raise UserError(_no_module(key, target, parts[: depth - 1], parts[depth - 1], places))
        if spec.submodule_search_locations is None:
            return
        places = list(spec.submodule_search_locations)


def named(target: str) -> Any:
    """What a dotted name (`package.module.function`) names. Imports it."""
    module, _, name = target.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _found(module: str, places: list[str] | None) -> ModuleSpec | None:
    """As an import would find it: an editable install has a finder of its own."""
    finders = (finder for finder in sys.meta_path if hasattr(finder, "find_spec"))
    return next((spec for each in finders if (spec := each.find_spec(module, places))), None)


def _no_module(
    key: str, target: str, above: list[str], missing: str, places: list[str] | None
) -> str:
    known = [found.name for found in pkgutil.iter_modules(places)]
    near = difflib.get_close_matches(missing, known, n=1, cutoff=_NEAR)
    module = ".".join([*above, missing])
    if near:
        return f"{key}={target}: no module {module}; did you mean {'.'.join([*above, *near])}?"
    where = ".".join(above) if above else "this folder or among the installed packages"
    return f"{key}={target}: no module {module} in {where}"
