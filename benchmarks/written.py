"""Files that a command leaves in a person's folder."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from results.errors import UserError


@contextlib.contextmanager
def writing_into(folder: Path) -> Iterator[None]:
    """Around what writes into `folder`: a disk or a right that refuses is one line, a UserError."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"folder={folder}: nothing can be written there ({error.strerror or error}); make "
            "room or give write permission"
        ) from error
