"""The cells of `target.json` as rows of a table: for the terminal and for a report alike."""

from collections.abc import Mapping
from typing import Any

from results.pipeline_file import number_in, record_in, records_in
from results.text import DASH, number, one_line

HEAD = ("cell", "seeds", "steps", "examples", "seconds", "interval", "start-up", "examples/s")
USD = "USD"
INVALID = "invalid"
"""Instead of the steps of a cell in which a seed never got there."""
_LONGEST = 80
_LONGEST_SENTENCE = 300


def head_of(target: Mapping[str, Any]) -> list[str]:
    """`HEAD`, with dollars where a price was given."""
    return [*HEAD, USD] if target.get("price") else list(HEAD)


def title_of(target: Mapping[str, Any]) -> str:
    """ "digits_mlp until accuracy 0.95"."""
    aim = one_line(target.get("quality_name") or "quality", _LONGEST)
    quality = number_in(target, "quality")
    workload = one_line(target.get("workload"), _LONGEST)
    return f"{workload} until {aim} {'' if quality is None else f'{quality:g}'}"


def rows_of(target: Mapping[str, Any]) -> list[list[str]]:
    """A row for each cell, under `head_of`; medians over seeds, dashes in an invalid cell."""
    priced = bool(target.get("price"))
    return [_row(cell, priced) for cell in records_in(target, "cells")]


def says_of(target: Mapping[str, Any]) -> list[str]:
    """What it came to and what was left out, in sentences."""
    told = [target.get("says"), target.get("left_out")]
    return [one_line(each, _LONGEST_SENTENCE) for of in told if isinstance(of, list) for each in of]


def name_of(cell: Mapping[str, Any]) -> str:
    """Its label, and what of it was emulated."""
    emulated = cell.get("emulated")
    label = one_line(cell.get("label"), _LONGEST)
    return f"{label} (emulated: {one_line(emulated, _LONGEST)})" if emulated else label


def _row(cell: Mapping[str, Any], priced: bool) -> list[str]:
    count, reached = len(records_in(cell, "seeds")), number_in(cell, "reached") or 0
    seconds = record_in(cell, "seconds")
    low, high = number_in(seconds, "low"), number_in(seconds, "high")
    usd = number_in(record_in(cell, "usd"), "median")
    return [
        name_of(cell),
        f"{reached:.0f} of {count}",
        _median(cell, "steps") if cell.get("valid") else INVALID,
        _median(cell, "examples"),
        _median(cell, "seconds"),
        DASH if low is None else f"{number(low)} to {number(high)}",
        _median(cell, "start_up_seconds"),
        _median(cell, "examples_per_second"),
        *([number(usd)] if priced else []),
    ]


def _median(cell: Mapping[str, Any], field: str) -> str:
    return number(number_in(record_in(cell, field), "median"))
