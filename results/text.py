"""Text from configurations, logs and errors, made fit to be shown."""

import re
from collections.abc import Iterable

_ESCAPE_SEQUENCES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-_])")
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]"
)


DASH = "–"
"""What stands where nothing was measured."""


def plain(text: object, longest: int | None = None) -> str:
    """`text` without terminal escapes, control and direction characters; tabs and newlines stay.

    What is longer than `longest` characters is cut, with an ellipsis for what is missing.
    """
    shown = _CONTROL.sub("", _ESCAPE_SEQUENCES.sub("", str(text).replace("\r\n", "\n")))
    if longest is not None and len(shown) > longest:
        shown = shown[: longest - 1].rstrip() + "…"
    return shown


def one_line(text: object, longest: int | None = None) -> str:
    """Like `plain`, with every run of white space as one blank."""
    return plain(" ".join(plain(text).split()), longest)


def last_line(text: str) -> str:
    """The last line that says something; `no output` where none does."""
    return next((line for line in reversed(text.splitlines()) if line.strip()), "no output")


def number(value: float | None, unit: str = "") -> str:
    """A number for people: three figures, or whole with thousands apart; a dash for None."""
    if value is None or value != value:
        return DASH
    size = abs(value)
    if size >= 1000:
        shown = f"{value:,.0f}"
    elif size >= 100 or value == int(value):
        shown = f"{value:.0f}"
    else:
        shown = f"{value:.3g}"
    return f"{shown} {unit}" if unit else shown


def fixed(value: float | None, digits: int) -> str:
    """A number with a fixed count of digits after the point; a dash for None."""
    return DASH if value is None or value != value else f"{value:,.{digits}f}"


def percent(share: float | None) -> str:
    """A share of 1 in percent; a dash for None."""
    if share is None or share != share:
        return DASH
    return f"{100 * share:.1f}%" if abs(share) < 0.1 else f"{100 * share:.0f}%"


def emulated_in_all(told: Iterable[object]) -> str | None:
    """What several runs' `emulated` say, each part once; None where nothing was emulated."""
    parts = (
        part for one in sorted({str(each) for each in told if each}) for part in one.split(", ")
    )
    return ", ".join(dict.fromkeys(parts)) or None


def counted(count: int, one: str, many: str | None = None) -> str:
    """ "1 worker", "2 workers"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
