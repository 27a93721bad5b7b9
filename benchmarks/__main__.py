"""`python -m benchmarks <verb> key=value …`: decide from what runs have measured."""

import sys
from collections.abc import Sequence

from launcher.paths import put_current_folder_last

put_current_folder_last()


def main(words: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code: its own, 2 for what a person got wrong, or 130."""
    try:
        from benchmarks.commands import DOOR

        return DOOR.run(list(sys.argv[1:] if words is None else words))
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
