"""`attach=<folder>`: a run that a job in a queue does is followed again, to the same end."""

from collections.abc import Sequence
from pathlib import Path

from launcher.queued.following import follow
from launcher.session import Interrupts
from results.errors import UserError
from results.terminal import terminal

_KEY = "attach"


def attached_folder(words: Sequence[str]) -> Path | None:
    """The folder that the command line attaches to; None where it does something else.

    Raises UserError where it asks for other things, too.
    """
    given = [word for word in words if word.startswith(f"{_KEY}=")]
    if not given or given[-1] == f"{_KEY}=null":
        return None
    if given[-1] == f"{_KEY}=":
        raise UserError(f"{_KEY}=: the folder of a run is needed, as in {_KEY}=outputs/run")
    others = [word for word in words if word not in given]
    if others:
        raise UserError(f"{' '.join(others)}: {given[-1]} takes nothing else; leave it out")
    return Path(given[-1].partition("=")[2].strip("'\"")).expanduser().absolute()


def attach(folder: Path) -> int:
    """Follows the run in `folder`; returns the exit code of the command.

    Raises UserError where there is none or it was refused, KeyboardInterrupt where it was
    interrupted.
    """
    from launcher.jobs import tell_end

    interrupts = Interrupts()
    interrupts.listen()
    try:
        outcome = follow(folder, interrupts, may_ask=True)
    finally:
        interrupts.ignore()
    return tell_end(outcome, folder, terminal())
