"""`distribute-bench <room> …`: the front doors of all rooms under one name, with tab completion.

`distribute-bench run strategy=mirrored` and `distribute-bench strategy=mirrored` are
`python -m launcher strategy=mirrored`; `distribute-bench results …` is `python -m results …`.
"""

import importlib
import os
import sys
from importlib.util import find_spec

from launcher.paths import put_current_folder_last

_RUN = "run"
_ROOMS = ("results", "input_pipelines", "benchmarks")


def main() -> int:
    """Runs the command line of this process; returns the exit code."""
    put_current_folder_last()
    words = sys.argv[1:]
    doors = _doors()
    first = words[0] if words else "--help"
    if first in doors:
        sys.argv = [f"{sys.argv[0]} {first}", *words[1:]]
        return int(importlib.import_module(f"{first}.__main__").main(words[1:]) or 0)
    if first == _RUN:
        words = words[1:]
    elif "=" not in first and not first.startswith("-"):
        return _unknown(first, doors)
    _complete_as_run(doors)
    from launcher.command import main as run

    return run(words)


def _doors() -> list[str]:
    return [room for room in _ROOMS if find_spec(f"{room}.__main__") is not None]


def _unknown(word: str, doors: list[str]) -> int:
    from results.errors import nearest

    near = nearest(word, [_RUN, *doors])
    hint = f"did you mean {near}?" if near else f"give one of {', '.join([_RUN, *doors])}"
    print(f"distribute-bench: {word}: no such command; {hint}", file=sys.stderr)
    return 2


def _complete_as_run(doors: list[str]) -> None:
    """Hydra completes the words after the program's name; `run` isn't one of its own."""
    line = os.environ.get("COMP_LINE")
    if line is None:
        return
    program, _, rest = line.partition(" ")
    if rest.startswith(f"{_RUN} "):
        os.environ["COMP_LINE"] = f"{program} {rest.removeprefix(f'{_RUN} ')}"
