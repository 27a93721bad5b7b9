"""`pipeline.json`: what is known about a run's input pipeline, each part from another measurement.

profile    what each stage costs and which one limits     (`python -m input_pipelines profile`)
diagnosis  which resource holds training back             (`diagnose=true`)
tuning     what was changed, and what it gave             (`python -m input_pipelines tune`)
formats    storage formats against each other             (`… compare-formats`)
"""

from collections.abc import Mapping
from typing import Any

from results.errors import UserError
from results.run_folder import RunFolder

PIPELINE = "pipeline.json"
PROFILE, DIAGNOSIS, TUNING, FORMATS = "profile", "diagnosis", "tuning", "formats"
SHARES = ("compute", "prepare", "fetch", "communicate", "overhead")
"""What the time of a training step is divided into, in this order."""


def put_part(folder: RunFolder, part: str, record: Mapping[str, Any]) -> None:
    """Writes one part of the file; the others stay as they are. Raises as `RunFolder` does."""
    there = folder.read_if_there(PIPELINE) or {}
    folder.write(PIPELINE, there | {part: record})


def part(folder: RunFolder, name: str) -> dict[str, Any] | None:
    """One part of the file; None where it is not there, or is no record.

    Raises UserError where the file is damaged or was written by a newer version.
    """
    found = (folder.read_if_there(PIPELINE) or {}).get(name)
    return found if isinstance(found, dict) else None


def part_if_readable(folder: RunFolder, name: str) -> dict[str, Any] | None:
    """Like `part`; None too where the file can't be read: what else is known of a run still is."""
    try:
        return part(folder, name)
    except UserError:
        return None


def number_in(record: Mapping[str, Any], key: str) -> float | None:
    """A number that a record should hold; None where it holds another thing or none."""
    value = record.get(key)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and value is not None else None


def records_in(record: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """A list of records that a record should hold; what is no record is left out."""
    found = record.get(key)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def record_in(record: Mapping[str, Any], key: str) -> dict[str, Any]:
    """A record within a record; an empty one where there is none."""
    found = record.get(key)
    return found if isinstance(found, dict) else {}
