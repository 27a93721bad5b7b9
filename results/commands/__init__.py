"""The verbs of `python -m results`, one module each. A new verb is one module and one line here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module

_MODULES = {
    "list": "results.commands.list_runs",
    "compare": "results.commands.compare",
    "report": "results.commands.report",
    "watch": "results.commands.watch",
    "profile": "results.commands.profile",
    "tensorboard": "results.commands.tensorboard",
}


@dataclass(frozen=True)
class Verb:
    """A command: what it does in a line, its keys with their meanings, and the function to call.

    `run` gets the words of the command line by key, all of them known; it prints what it found,
    returns the exit code (None is 0), and raises UserError for what a person got wrong.
    """

    does: str
    keys: Mapping[str, str]
    needed: tuple[str, ...]
    run: Callable[[Mapping[str, str]], int | None]


def verb(name: str) -> Verb:
    """The verb `name`; its module is imported only now. Raises KeyError."""
    found: Verb = import_module(_MODULES[name]).VERB
    return found


def verb_names() -> list[str]:
    """All verbs, in the order in which help shows them."""
    return list(_MODULES)
