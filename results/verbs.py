"""The front door of a room: `python -m <room> <verb> key=value …`, and what its verbs are."""

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module

from results.errors import UserError, nearest
from results.text import one_line

_HELP_WORDS = {"--help", "-h", "help"}
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
        """Runs one command; returns the exit code: its own, 2 for what a person got wrong, or 130
        where it was interrupted."""
        if not words or _HELP_WORDS & set(words):
            print(self._help())
            return 0 if words else 2
        try:
            name = self._known(words[0])
            chosen = self.verb(name)
            return chosen.run(_by_key(name, chosen, words[1:])) or 0
        except UserError as error:
            print(f"{self.room}: {one_line(error)}", file=sys.stderr)
            return 2
        except KeyboardInterrupt:
            print(f"{self.room}: interrupted", file=sys.stderr)
            return INTERRUPTED
        except BrokenPipeError:  # `… | head`: the reader has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0

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
