"""A fresh Python process that runs one function: `python -m launcher.engines.spawned …`."""

import sys

from launcher.engines.process import call, die_with_parent

if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]))
    sys.exit(call(sys.argv[2], sys.argv[3:]))
