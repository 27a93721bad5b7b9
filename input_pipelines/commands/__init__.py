"""The verbs of `python -m input_pipelines` that study a pipeline, one module each.

A new verb is one module and one line here. Nothing here imports TensorFlow.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from input_pipelines.asked import Asked

_MODULES: dict[str, str] = {
    "profile": "input_pipelines.commands.profile",
    "tune": "input_pipelines.commands.tune",
    "convert": "input_pipelines.commands.convert",
    "compare-formats": "input_pipelines.commands.compare_formats",
}


@dataclass(frozen=True)
class Verb:
    """A study: what it is for, what does it, and how its result is shown."""

    does: str
    """In a line."""
    function: str
    """"module:name", called in a process of its own with an `input_pipelines.study.Study`."""
    show: Callable[[Path], None]
    """Prints, on 80 columns, what the function left in the folder."""
    check: Callable[[Asked], tuple[str, ...]]
    """Judges what was asked before anything starts: lines about keys without effect, or UserError
    for those that the study can't follow."""


def verb(name: str) -> Verb:
    """The verb `name`; its module is imported only now. Raises KeyError."""
    found: Verb = import_module(_MODULES[name]).VERB
    return found


def verb_names() -> list[str]:
    """All verbs, in the order in which help shows them."""
    return list(_MODULES)
