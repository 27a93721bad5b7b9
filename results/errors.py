"""What a person got wrong, said in one line.

Every room raises `UserError`; the front doors print it and leave with exit code 2. It lies in the
lowest room because every other room may import that one.
"""

import difflib
import itertools
import re
from collections.abc import Iterable
from pathlib import PurePath

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_NODES = re.compile(r"\{\{(function_)?node [^}]*\}\} ?|\[\[\{\{.*?\}\}\]\] ?|\s*\[Op:.*", re.DOTALL)
"""Names that TensorFlow has for what it runs, at the beginning and at the end of a message."""
_USER_DEFINED = re.compile(r"Error in user-defined function passed to .*? with iterator: \S+: ")
_TRACEBACK = re.compile(r"\s*Traceback \(most recent call last\):\n")
"""After which Python's words within TensorFlow's come a second time."""
_PLACE = re.compile(r'File "([^"]+)", line (\d+)')
_INSTALLED = "site-packages"
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
    peer said. An exception in a Python function that tf.data calls comes with its traceback, of
    which the last place in a person's own code is told, and is called by its own name. Keras
    colours its words, and repeats whole arrays.
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
    message = _USER_DEFINED.sub("", _NODES.sub("", message))
    if raised := _TRACEBACK.search(message):
        name, message, where = _of_python(name, message[: raised.start()], message[raised.end() :])
    message = _ARRAYS.sub("[…]", message).removeprefix(f"{name}: ")
    message = " ".join(message.split())
    if len(message) > longest:
        message = message[: longest - 1] + "…"
    return name, message + where


def _of_python(name: str, message: str, trace: str) -> tuple[str, str, str]:
    """Type and message of an exception that came through TensorFlow, and where it was raised."""
    own = re.match(r"(\w+): ", message)
    places = _PLACE.findall(trace)
    theirs = [place for place in places if _INSTALLED not in place[0]] or places
    where = f" ({PurePath(theirs[-1][0]).name}:{theirs[-1][1]})" if theirs else ""
    return (own[1], message[own.end() :], where) if own else (name, message, where)


def _of_graph(message: str) -> str:
    """What went wrong in a node of a graph, without the way there and without echoes."""
    lines = message.splitlines()
    told = itertools.dropwhile(lambda line: not line or line.startswith(_WAY_TO_NODE), lines)
    own = itertools.takewhile(lambda line: not line.startswith(_SAID_BY_PEERS), told)
    return _REPEATED.sub(r"\1", "\n".join(own)) or message
