"""Tables as text that other programs and pages take: CSV, JSON, Markdown."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from results.run_folder import as_json
from results.text import one_line, plain

_LONGEST_CELL = 200


def as_csv(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """A line with the columns' names, then one a row; what is missing is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_csv_cell(row.get(name)) for name in columns] for row in rows)
    return text.getvalue()


def as_json_text(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """A list with an object for each row; what is missing is null."""
    records = [as_json({name: row.get(name) for name in columns}) for row in rows]
    return "[\n" + ",\n".join(json.dumps(each) for each in records) + "\n]\n"


def as_markdown(head: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[bool]) -> str:
    """A table of GitHub's Markdown; `numbers` says which columns are set to the right."""
    lines = [
        _markdown_line(head),
        _markdown_line(["---:" if number else "---" for number in numbers]),
        *(_markdown_line([markdown_text(cell) for cell in row]) for row in rows),
    ]
    return "\n".join(lines) + "\n"


def markdown_text(text: object, longest: int = _LONGEST_CELL) -> str:
    """Text that neither ends a cell nor is read as HTML or as an image or link."""
    shown = one_line(text, longest).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for sign in ("\\", "|", "`", "*", "[", "]"):
        shown = shown.replace(sign, f"\\{sign}")
    return shown.replace("@", "&#64;")


def _markdown_line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _csv_cell(value: Any) -> Any:
    if value is None or value != value:
        return ""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, bool | int | float):
        return value
    return json.dumps(as_json(value))
