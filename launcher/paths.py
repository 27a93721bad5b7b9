"""Where Python looks for modules: ours first, the user's folder last.

`python -m launcher` puts the current folder first, so that a `results/` of the user's would take
the place of ours; an installed command doesn't look there at all, and wouldn't find
`workload._target_=my_package.my_workload`. Imports nothing of ours: it runs before all else.
"""

import os
import sys
from pathlib import Path

_HOME = Path(__file__).resolve().parent.parent


def python_path() -> str:
    """This process's own, for processes that it starts, here or on hosts that share its folders:
    where it finds modules, they do."""
    return os.pathsep.join(map(os.path.abspath, sys.path))


def put_current_folder_last() -> None:
    """Moves the current folder to the end of `sys.path`, or adds it there.

    In a checkout the current folder is where our own rooms lie, and stays in front.
    """
    here = Path.cwd()
    if here == _HOME:
        if str(here) not in sys.path:
            sys.path.insert(0, str(here))
        return
    if sys.path and sys.path[0] in ("", os.curdir, str(here)):
        del sys.path[0]
    if str(here) not in sys.path:
        sys.path.append(str(here))
