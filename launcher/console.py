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
    if "COMP_LINE" in os.environ and words[:1] == ["-sc"] and _completed(doors):
        return 0
    first = words[0] if words else "--help"
    if first in doors:
        sys.argv = [f"{sys.argv[0]} {first}", *words[1:]]
        return int(importlib.import_module(f"{first}.__main__").main(words[1:]) or 0)
    if first == _RUN:
        words = words[1:]
    elif "=" not in first and not first.startswith("-"):
        return _unknown(first, doors)
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


def _completed(doors: list[str]) -> bool:
    """Offers the rooms as first words; whether nothing is left for Hydra to complete.

    Hydra completes keys and values after the program's name, and doesn't know of the word `run`.
    """
    program, _, rest = os.environ["COMP_LINE"].partition(" ")
    first, space, others = rest.lstrip().partition(" ")
    if not space:
        print(*(room for room in (_RUN, *doors) if room.startswith(first)), sep="\n")
        return not first  # all keys at once would hide them
    if first == _RUN:
        os.environ["COMP_LINE"] = f"{program} {others}"
    return first in doors
