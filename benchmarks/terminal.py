"""Where a command prints: no wider than a page, and never too narrow for a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 80
"""Columns that what is printed takes at most."""
_LEAST = 40
"""Of a terminal that says it has fewer, or none (COLUMNS=0)."""


def terminal() -> Console:
    """Standard output, as wide as the terminal within these bounds."""
    from rich.console import Console

    return Console(highlight=False, width=min(WIDTH, max(_LEAST, Console().width)))
