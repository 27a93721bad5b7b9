"""The runs as files within the page: links that hold their own data, to be saved or opened."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from results import formats
from results.loading import Run
from results.run_folder import as_json
from results.text import plain


@dataclass(frozen=True)
class Download:
    """A link that downloads a file that the page itself holds."""

    name: str
    what: str
    href: str
    kilobytes: int


def downloads(runs: Sequence[Run]) -> list[Download]:
    """All runs with all that was measured and asked, as CSV and as JSON."""
    rows = [run.row() for run in runs]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return [
        _download("runs.csv", "text/csv", "one line a run", formats.as_csv(columns, rows)),
        _download(
            "runs.json",
            "application/json",
            "columns, then one list a run: pandas.read_json(…, orient='split') reads it",
            _split(columns, rows),
        ),
    ]


def _split(columns: Sequence[str], rows: Sequence[dict[str, object]]) -> str:
    import json

    cells = [[_cell(row.get(name)) for name in columns] for row in rows]
    told = {"columns": list(columns), "data": cells}
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False)


def _cell(value: object) -> object:
    return plain(value) if isinstance(value, str) else as_json(value)


def _download(name: str, kind: str, what: str, text: str) -> Download:
    content = text.encode("utf-8", errors="replace")
    href = f"data:{kind};charset=utf-8;base64,{base64.b64encode(content).decode('ascii')}"
    return Download(name, what, href, max(1, round(len(content) / 1000)))
