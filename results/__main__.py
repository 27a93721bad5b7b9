"""`python -m results <verb> key=value …`: read what runs have left behind."""

import os
import sys
from collections.abc import Iterable, Sequence

from results.commands import Verb, verb, verb_names
from results.errors import UserError, nearest
from results.text import one_line

_HELP_WORDS = {"--help", "-h", "help"}


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: its own, or 2 for what a person got wrong."""
    words = list(sys.argv[1:] if words is None else words)
    if not words or _HELP_WORDS & set(words):
        print(_help())
        return 0 if words else 2
    try:
        chosen = _chosen(words[0])
        return chosen.run(_by_key(words[0], chosen, words[1:])) or 0
    except UserError as error:
        print(f"results: {one_line(error)}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # `… | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _chosen(word: str) -> Verb:
    if word not in verb_names():
        raise UserError(f"{word}: no such command; {_hint(word, verb_names(), 'there are')}")
    return verb(word)


def _by_key(name: str, chosen: Verb, words: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            first = next(iter(chosen.keys))
            raise UserError(f"{word}: not key=value; did you mean {first}={word}?")
        if key not in chosen.keys:
            raise UserError(f"{word}: {name} has no such key; {_hint(key, chosen.keys, 'it has')}")
        if not value:
            raise UserError(f"{word}: empty; give {chosen.keys[key]}")
        if key in found:
            raise UserError(f"{word}: given twice, before as {key}={found[key]}; give it once")
        found[key] = value
    for key in chosen.needed:
        if key not in found:
            raise UserError(f"{key}=: missing; give {chosen.keys[key]}")
    return found


def _hint(word: str, choices: Iterable[str], otherwise: str) -> str:
    known = list(choices)
    meant = nearest(word, known)
    return f"did you mean {meant}?" if meant else f"{otherwise} {', '.join(known)}"


def _help() -> str:
    lines = [
        "Read what runs have left behind. Nothing is run, nothing measured is changed.",
        "",
    ]
    for name in verb_names():
        each = verb(name)
        lines += [f"  python -m results {name} {' '.join(f'{key}=…' for key in each.needed)}"]
        lines += [f"      {each.does}"]
        lines += [f"      {key}: {meaning}" for key, meaning in each.keys.items()]
        lines += [""]
    lines += [
        "From Python, results.load(folder) gives a pandas frame with one row a run:",
        "  what was measured (units in the names), and the configuration.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
