"""What a person got wrong, said in one line.

Every room raises `UserError`; the front doors print it and leave with exit code 2. It lies in the
lowest room because every other room may import that one.
"""

import difflib
import itertools
import re
from collections.abc import Iterable

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_ARRAYS = re.compile(r"\[{2,}.*?\]{2,}", re.DOTALL)
"""A printed array of two dimensions or more."""

_GRAPH = "Graph execution error"
_WAY_TO_NODE = (_GRAPH, "Detected at node", '  File "', "<stack traces", "node ")
_SAID_BY_PEERS = ("Additional GRPC error", "The error could be from a previous operation")
_REPEATED = re.compile(r"(\w[\w ]+: )\1+")


class UserError(Exception):
    """One line that names the key, the value and what would be right.

    For example `UserError("workers=0: at least 1 is needed")`.
    """


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice that a person most likely meant by `word`, or None where nothing is near."""
    found = difflib.get_close_matches(word, list(choices), n=1, cutoff=0.6)
    return found[0] if found else None


def described(error: BaseException, longest: int = 500) -> tuple[str, str]:
    """The type of an exception and, in one line of at most `longest` characters, what it says.

    AutoGraph wraps what is raised while a function is traced: the way there comes first and the
    exception itself last. A graph's error begins with the way to its node, and ends with what each
    peer said. Keras colours its words, and repeats whole arrays.
    """
    name, message = type(error).__name__, _COLOURS.sub("", str(error))
    where = ""
    if message.startswith("in user code:"):
        ends = list(re.finditer(r"\n +(?=\w+(Error|Exception)\b)", message))
        places = re.findall(r'File "[^"]+", line \d+', message)
        where = f" ({places[-1]})" if places else ""
        message = message[ends[-1].end() :] if ends else message
        name = re.split(r"\W", message, maxsplit=1)[0] if ends else name
    if message.startswith(_GRAPH):
        message = _of_graph(message)
    message = _ARRAYS.sub("[…]", message).removeprefix(f"{name}: ")
    message = " ".join(message.split())
    if len(message) > longest:
        message = message[: longest - 1] + "…"
    return name, message + where


def _of_graph(message: str) -> str:
    """What went wrong in a node of a graph, without the way there and without echoes."""
    lines = message.splitlines()
    told = itertools.dropwhile(lambda line: not line or line.startswith(_WAY_TO_NODE), lines)
    own = itertools.takewhile(lambda line: not line.startswith(_SAID_BY_PEERS), told)
    return _REPEATED.sub(r"\1", "\n".join(own)) or message
