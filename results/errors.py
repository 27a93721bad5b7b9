"""What a person got wrong, said in one line.

Every room raises `UserError`; the front doors print it and leave with exit code 2. It lies in the
lowest room because every other room may import that one.
"""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """One line that names the key, the value and what would be right.

    For example `UserError("workers=0: at least 1 is needed")`.
    """


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice that a person most likely meant by `word`, or None where nothing is near."""
    found = difflib.get_close_matches(word, list(choices), n=1, cutoff=0.6)
    return found[0] if found else None
