"""Where the conditions of two sets of runs differ, so that it isn't them that are compared."""

from collections.abc import Callable, Sequence

from results.configuration import flat
from results.errors import UserError
from results.loading import Run
from results.run_folder import ENVIRONMENT
from results.text import one_line

_MOMENTARY = ("load", "memory_available", "time", "started", "format_version")
_OUR_OWN = ("git_revision", "packages.distribute-bench")
"""Of this program: to compare two of its versions is what many comparisons are for."""
_SAME_MEMORY = 0.02
"""The system keeps a little for itself, not always the same."""
_LONGEST_VALUE = 80


def differing(a: Sequence[Run], b: Sequence[Run]) -> list[str]:
    """What machine and versions the two sides differ in: "cpu_model: … and …"."""
    return _differing(a, b, lambda key: key not in _OUR_OWN)


def differing_revisions(a: Sequence[Run], b: Sequence[Run]) -> list[str]:
    """Where the two sides ran different versions of this program."""
    return _differing(a, b, lambda key: key in _OUR_OWN)


def _differing(a: Sequence[Run], b: Sequence[Run], asked: Callable[[str], bool]) -> list[str]:
    first, second = _known(a), _known(b)
    keys = dict.fromkeys([*first, *second])
    found = []
    for key in keys:
        here, there = first.get(key, set()), second.get(key, set())
        if asked(key) and here and there and not _same(key, here, there):
            found.append(f"{key}: {_listed(here)} and {_listed(there)}")
    return found


def _known(runs: Sequence[Run]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for run in runs:
        try:
            told = flat(run.folder.read_if_there(ENVIRONMENT) or {})
        except UserError:
            continue  # a damaged file is no reason to call machines different
        for key, value in told.items():
            if not key.startswith(_MOMENTARY) and value is not None:
                found.setdefault(key, set()).add(str(value))
    return found


def _same(key: str, a: set[str], b: set[str]) -> bool:
    if a == b:
        return True
    if key.startswith("memory"):
        sizes = [float(value) for value in a | b]
        return max(sizes) <= min(sizes) * (1 + _SAME_MEMORY)
    return False


def _listed(values: set[str]) -> str:
    return one_line(" or ".join(sorted(values)), _LONGEST_VALUE)
