"""`python -m launcher.dependent <process id> key=value …`: the launcher, killed when that process
ends, which is its parent. The tasks then go as they do whenever a launcher is killed."""

import sys

from launcher.paths import put_current_folder_last

put_current_folder_last()

if __name__ == "__main__":
    try:
        from launcher.command import main
        from launcher.engines.process import die_with_parent

        parent = int(sys.argv.pop(1))
        die_with_parent(parent)
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:  # before anything listens
        sys.exit(130)
