"""A new folder that belongs to one process, whoever else wants the same name at the same moment."""

from pathlib import Path


def claimed(parent: Path, name: str) -> Path:
    """`parent`/`name`, made now; with "-2", "-3", … behind the name where that is taken.

    The `mkdir` is atomic: of two that ask at once, each gets a folder of its own. Raises OSError
    where none can be made.
    """
    parent.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        folder = parent / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
            continue
        return folder
