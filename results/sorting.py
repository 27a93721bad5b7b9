"""`sort=`: the order of runs, by one or several columns."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar

from results.columns import known
from results.where import is_missing

Row = TypeVar("Row", bound=Mapping[str, Any])

_PARTS = re.compile(r"(\d+)")


def in_order(rows: Sequence[Row], keys: str, columns: Collection[str]) -> list[Row]:
    """`rows` by the comma-separated columns `keys`; a minus before one puts the largest first.

    Numbers come before text, "2" before "10"; what is missing comes last either way. Rows that tie
    stay in the order they are in. Raises UserError where a key is no column.
    """
    found = list(rows)
    for key in reversed(keys.split(",")):
        name = known("sort", key.strip().removeprefix("-"), columns)
        here = [row for row in found if not is_missing(row.get(name))]
        missing = [row for row in found if is_missing(row.get(name))]
        here.sort(key=lambda row: _place(row[name]), reverse=key.strip().startswith("-"))
        found = here + missing
    return found


def natural(text: str) -> list[tuple[int, str]]:
    """A key that sorts "2" before "10"."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in _PARTS.split(text)]


def _place(value: Any) -> tuple[int, Any]:
    if isinstance(value, int | float):
        return 0, value
    return 1, natural(str(value))
