"""The front door of a room: `python -m <room> <verb> key=value …`, and what its verbs are."""

import errno
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module

from results.errors import UserError, nearest
from results.text import one_line

_HELP_WORDS = {"--help", "-h", "help"}
_FAILED = 1
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
INTERRUPTED = 130
"""Exit code of a command that was interrupted."""


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
    others: str | None = None
    """What any other key is, where others are taken."""


@dataclass(frozen=True)
class FrontDoor:
    """A room that answers to verbs, each a module of its own that is imported only when asked."""

    room: str
    about: str
    """What the room's verbs have in common."""
    modules: Mapping[str, str]
    """The module of each verb, which holds it as `VERB`, in the order in which help shows them."""
    more: Sequence[str] = ()
    """Lines at the end of help."""

    def verb(self, name: str) -> Verb:
        """The verb `name`; its module is imported only now. Raises KeyError."""
        found: Verb = import_module(self.modules[name]).VERB
        return found

    def run(self, words: Sequence[str]) -> int:
        """Runs one command; returns the exit code: its own, 1 where the disk is full, 2 for what a
        person got wrong, or 130 where it was interrupted."""
        try:
            code = self._run(words)
            sys.stdout.flush()
            return code
        except UserError as error:
            print(f"{self.room}: {one_line(error)}", file=sys.stderr)
            return 2
        except KeyboardInterrupt:
            print(f"{self.room}: interrupted", file=sys.stderr)
            return INTERRUPTED
        except BrokenPipeError:  # `… | head`: the reader has seen enough
            _drop_output()
        except OSError as error:
            if error.errno not in _DISK_FULL:
                raise
            if error.filename is None:
                _drop_output()
            place = f" ({error.filename})" if error.filename else ""
            print(f"{self.room}: the disk is full{place}; make space", file=sys.stderr)
            return _FAILED
        return 0

    def _run(self, words: Sequence[str]) -> int:
        if not words or _HELP_WORDS & set(words):
            print(self._help())
            return 0 if words else 2
        name = self._known(words[0])
        chosen = self.verb(name)
        return chosen.run(_by_key(name, chosen, words[1:])) or 0

    def _known(self, word: str) -> str:
        if word not in self.modules:
            raise UserError(f"{word}: no such command; {_hint(word, self.modules, 'there are')}")
        return word

    def _help(self) -> str:
        lines = [self.about, ""]
        for name in self.modules:
            each = self.verb(name)
            needed = " ".join(f"{key}=…" for key in each.needed)
            lines += [f"  python -m {self.room} {name} {needed}"]
            lines += [f"      {each.does}"]
            lines += [f"      {key}: {meaning}" for key, meaning in each.keys.items()]
            lines += [f"      …: {each.others}"] if each.others else []
            lines += [""]
        return "\n".join([*lines, *self.more])


def _drop_output() -> None:
    """Nothing more goes to standard output, not even what waits to be written at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _by_key(name: str, chosen: Verb, words: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for before, word in zip(["", *words], words, strict=False):
        key, equals, value = word.partition("=")
        if _is_cut(before):
            raise UserError(f"{before} {word}: cut at a space; quote it whole: '{before} {word}'")
        if not equals:
            first = next(iter(chosen.keys))
            raise UserError(f"{word}: not key=value; did you mean {first}={word}?")
        if key not in chosen.keys and chosen.others is None:
            raise UserError(f"{word}: {name} has no such key; {_hint(key, chosen.keys, 'it has')}")
        if not value:
            raise UserError(f"{word}: empty; give {chosen.keys.get(key, 'a value')}")
        if key in found:
            raise UserError(f"{word}: given twice, before as {key}={found[key]}; give it once")
        found[key] = value
    for key in chosen.needed:
        if key not in found:
            raise UserError(f"{key}=: missing; give {chosen.keys[key]}")
    return found


def _is_cut(word: str) -> bool:
    """Whether a shell has split the word at a space inside of brackets."""
    return any(word.count(opening) > word.count(closing) for opening, closing in ("{}", "[]"))


def _hint(word: str, choices: Iterable[str], otherwise: str) -> str:
    known = list(choices)
    meant = nearest(word, known)
    return f"did you mean {meant}?" if meant else f"{otherwise} {', '.join(known)}"
