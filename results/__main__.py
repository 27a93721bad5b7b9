"""`python -m results <verb> key=value …`: read what runs have left behind."""

import sys
from collections.abc import Sequence


def main(words: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code: its own, 2 for what a person got wrong, or 130."""
    try:
        from results.commands import DOOR

        return DOOR.run(list(sys.argv[1:] if words is None else words))
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
