"""Files that a command leaves in a person's folder."""

import contextlib
import errno
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from results.errors import UserError
from results.run_folder import replace_file

_IN_THE_WAY = (errno.EEXIST, errno.EISDIR, errno.ENOTDIR)


@contextlib.contextmanager
def writing_into(folder: Path) -> Iterator[None]:
    """Around what writes into `folder`: a disk or a right that refuses is one line, a UserError."""
    try:
        yield
    except OSError as error:
        hint = "make room or give write permission"
        if error.errno in _IN_THE_WAY:
            hint = f"move away what is in the way of {error.filename2 or error.filename}"
        raise UserError(
            f"folder={folder}: nothing can be written there ({error.strerror or error}); {hint}"
        ) from error


def write_with_plots(
    folder: Path, plots: Mapping[str, str | bytes], write_record: Callable[[], None]
) -> None:
    """Writes the plots, by their files below `folder`, and then the record that they show.

    None of them stays where one, or the record, can't be written: that raises UserError.
    """
    with writing_into(folder), contextlib.ExitStack() as undone:
        for name, content in plots.items():
            file = folder / name
            if not file.parent.exists():
                undone.callback(_remove_if_empty, file.parent)
            replace_file(file, content)
            undone.callback(file.unlink, missing_ok=True)
        write_record()
        undone.pop_all()


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()
