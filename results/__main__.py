"""`python -m results <verb> key=value …`: read what runs have left behind."""

import sys
from collections.abc import Sequence

from results.commands import DOOR


def main(words: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code: its own, or 2 for what a person got wrong."""
    return DOOR.run(list(sys.argv[1:] if words is None else words))


if __name__ == "__main__":
    sys.exit(main())
