"""What the launcher says about a configuration that it doesn't run."""

import os
import sys
import traceback

from results.errors import UserError

WANTS_TRACEBACK = os.environ.get("HYDRA_FULL_ERROR") == "1"
"""What the user set; the launcher sets the same variable so that Hydra hands its errors over."""


class FolderTaken(UserError):
    """Another launcher writes its run into the folder; what lies there is not ours to remove."""


class NotApplicable(UserError):
    """Values that are fine by themselves make no sense together, or not on this machine.

    An error in a single run; a sweep records the run as "not applicable" and goes on.
    """


def print_refusal(error: UserError, log: str = "") -> None:
    """One line on standard error; the traceback and the log before it where they are asked for."""
    if WANTS_TRACEBACK:
        if log:
            print(log, file=sys.stderr)
        traceback.print_exception(error)
    print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
