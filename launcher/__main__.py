"""`python -m launcher key=value …`: trains, measures, explains."""

import sys

from launcher.paths import put_current_folder_last

put_current_folder_last()

from launcher.command import main  # noqa: E402  after the path is right

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
