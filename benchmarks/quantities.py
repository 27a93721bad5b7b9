"""Amounts as a person types them, and as they are shown: durations, moments, money, counts, lists.

Every reader names the key in what it raises: one UserError, in one line, with what would be right.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from results.errors import UserError
from results.text import DASH, number, one_line

SECONDS_PER_HOUR, SECONDS_PER_DAY = 3600.0, 86400.0
_SECONDS = {"s": 1.0, "m": 60.0, "h": SECONDS_PER_HOUR, "d": SECONDS_PER_DAY}
_PIECE = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")
_LONGEST = 60
_LEAST, _MOST = 1e-6, 1e15
"""Of anything that is trained on or paid; beyond them no figures are left to show."""
_MOST_AN_HOUR = _MOST_TIMES = 1e6
"""Dollars an hour of one machine; times as fast as another, or trainings a day."""
_MOST_YEARS = 100
_SECONDS_PER_YEAR = 365.25 * SECONDS_PER_DAY


def duration(key: str, text: str) -> float:
    """Seconds of "90s", "30m", "4h", "2d" or "1h30m"; more than 0, each unit once."""
    pieces = _PIECE.findall(text.strip().lower())
    whole = "".join(amount + unit for amount, unit in pieces)
    if not pieces or whole != re.sub(r"\s", "", text.lower()):
        raise UserError(f"{key}={_short(text)}: no duration; give such as 90s, 30m, 4h, 2d, 1h30m")
    if len(pieces) > len({unit for _, unit in pieces}):
        raise UserError(f"{key}={_short(text)}: a unit is there twice; give each once, as in 1h30m")
    seconds = sum(float(amount) * _SECONDS[unit] for amount, unit in pieces)
    if seconds <= 0:
        raise UserError(f"{key}={_short(text)}: takes no time; give more than 0s")
    if seconds > _MOST_YEARS * _SECONDS_PER_YEAR:
        raise UserError(f"{key}={_short(text)}: over {_MOST_YEARS} years; give such as 2d")
    return seconds


def moment(key: str, text: str) -> datetime:
    """A moment of "2026-12-24T18:00", in UTC where it names no zone."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        example = "2026-12-24T18:00"
        raise UserError(f"{key}={_short(text)}: no moment; give such as {example}") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def usd(key: str, text: str, example: str = "50", most: float = _MOST) -> float:
    """US dollars of "50", "50.25" or "$50"; more than 0, and `most` at most."""
    right = f"an amount of USD such as {example}"
    return _positive(key, text.strip().removeprefix("$"), right, text, most)


def usd_per_hour(key: str, text: str) -> float:
    """What an hour costs, written as `usd` takes it."""
    return usd(key, text, "0.10", _MOST_AN_HOUR)


def per_day(key: str, text: str) -> float:
    """How often a day, written as `count` takes it."""
    return count(key, text, "6", _MOST_TIMES)


def count(key: str, text: str, example: str = "1e9", most: float = _MOST) -> float:
    """A number of things such as "1000000", "1e9" or "1_000"; more than 0, and `most` at most."""
    return _positive(key, text, f"a number such as {example}", text, most)


def whole(key: str, text: str, example: str = "1e9") -> int:
    """A whole number of things, written as `count` takes it; 1 at least."""
    found = count(key, text, example)
    if not found.is_integer():
        raise UserError(f"{key}={_short(text)}: not whole; give a number such as {example}")
    return int(found)


def any_number(key: str, text: str) -> float:
    """A number of either sign."""
    try:
        found = float(text)
    except ValueError:
        raise UserError(f"{key}={_short(text)}: no number; give such as 0.97") from None
    if not math.isfinite(found):
        raise UserError(f"{key}={_short(text)}: give a number that ends, such as 0.97")
    return found


def truth(key: str, text: str) -> bool:
    """ "true" or "false"."""
    if text.lower() not in ("true", "false"):
        raise UserError(f"{key}={_short(text)}: give true or false")
    return text.lower() == "true"


def names(key: str, text: str) -> tuple[str, ...]:
    """ "[a, b]" or "a,b" as names, each once."""
    inner = text.strip().removeprefix("[").removesuffix("]")
    found = tuple(dict.fromkeys(name.strip() for name in inner.split(",") if name.strip()))
    if not found:
        raise UserError(f"{key}={_short(text)}: names nothing; give such as [g5.xlarge,c5.large]")
    return found


def ratios(key: str, text: str) -> Mapping[str, float]:
    """ "{p4d.24xlarge: 3.2, g5.xlarge: 2}": a positive number by name, blanks or none."""
    inner = text.strip().removeprefix("{").removesuffix("}")
    found: dict[str, float] = {}
    for part in inner.split(","):
        name, colon, value = (each.strip() for each in part.partition(":"))
        if not name or not colon:
            example = f"'{key}={{p4d.24xlarge: 3.2}}'"
            raise UserError(f"{key}={_short(text)}: no names with numbers; give such as {example}")
        if name in found:
            raise UserError(f"{key}.{name}={value}: given twice; give it once")
        found[name] = count(f"{key}.{name}", value, "3.2", _MOST_TIMES)
    return found


def in_time(seconds: float | None) -> str:
    """ "45 s", "12 min", "3.4 h" or "2.1 d": a duration for people; a dash for None."""
    if seconds is None or not math.isfinite(seconds):
        return DASH
    if seconds < 90:
        return number(seconds, "s")
    if seconds < 1.5 * SECONDS_PER_HOUR:
        return number(seconds / 60, "min")
    if seconds < 2 * SECONDS_PER_DAY:
        return number(seconds / SECONDS_PER_HOUR, "h")
    return number(seconds / SECONDS_PER_DAY, "d")


def until(ready: datetime, deploy_seconds: float, now: datetime) -> float:
    """Seconds that training may take from `now` where deploying comes after it; may be below 0."""
    return (ready - now).total_seconds() - deploy_seconds


def _positive(key: str, text: str, wanted: str, shown: str, most: float) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if math.isnan(found):
        raise UserError(f"{key}={_short(shown)}: no number; give {wanted}")
    if found > most:
        raise UserError(f"{key}={_short(shown)}: must be {most:g} at most; give {wanted}")
    if found <= 0:
        raise UserError(f"{key}={_short(shown)}: must be more than 0; give {wanted}")
    if found < _LEAST:
        raise UserError(f"{key}={_short(shown)}: must be {_LEAST:g} at least; give {wanted}")
    return found


def _short(text: str) -> str:
    return one_line(text, _LONGEST)
