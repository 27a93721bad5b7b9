"""Where a command prints: as wide as the terminal, and never too narrow for a word."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console

PAGE = 80
"""Columns that what is read as a page takes at most."""
_LEAST = 40
"""Of a terminal that says it has fewer, or none (COLUMNS=0)."""


def terminal(most: int | None = None, file: TextIO | None = None) -> Console:
    """Standard output, or `file`, as wide as the terminal within these bounds.

    Args:
      most: columns, where it is no wider than that.
    """
    from rich.console import Console

    console = Console(highlight=False, file=file)
    wide = max(_LEAST, console.width)
    wide = wide if most is None else min(most, wide)
    if wide != console.width:  # else it follows the terminal when that changes
        console.width = wide
    return console
