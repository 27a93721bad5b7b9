"""`python -m launcher key=value …`: trains, measures, explains."""

import sys

from launcher.paths import put_current_folder_last

put_current_folder_last()

if __name__ == "__main__":
    try:
        from launcher.command import main

        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:  # before anything listens
        sys.exit(130)
