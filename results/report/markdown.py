"""The report as Markdown, short enough for a pull request."""

from collections.abc import Sequence

from results.formats import as_markdown, markdown_text
from results.report import tables
from results.report.all_runs import run_table
from results.report.content import Content
from results.report.failures import failures
from results.report.ranking import ranking_table
from results.report.words import counts

_MOST_ROWS = 30
_LONGEST_SENTENCE = 600


def markdown(content: Content) -> str:
    """The verdict, the configurations or (of one run, or where none was measured) the runs, what
    failed, and how it was measured."""
    points = content.points if content.single else [counts(content.runs), *content.points]
    parts = [f"## {_text(content.headline)}", _list(points), *_tables(content)]
    told, more = failures(content.runs)
    causes = [f"{each.runs} ({each.what}): {each.message}" for each in told]
    parts.append(_list([*causes, f"and {more} more causes"] if more else causes))
    notes = _list(tables.method(content.runs))
    parts.append(f"<details><summary>How it was measured</summary>\n\n{notes}\n\n</details>")
    return "\n\n".join(part for part in parts if part) + "\n"


def _tables(content: Content) -> list[str]:
    found = []
    for workload, ranking in content.rankings.items():
        head, rows = ranking_table(ranking)
        title = f"**{_text(workload)}**\n\n" if len(content.rankings) > 1 else ""
        found.append(title + _table(head, rows, [False] + [True] * (len(head) - 1)))
    if not found:
        table = run_table(content.runs, content.single)
        cells = [[row.name, *row.cells, row.state] for row in table.rows]
        found.append(_table(["run", *table.head, "state"], cells, [False, *table.numbers, False]))
    return found


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[bool]) -> str:
    shown = as_markdown(head, rows[:_MOST_ROWS], numbers).rstrip()
    more = len(rows) - _MOST_ROWS
    return shown + (f"\n\n… and {more:,} more" if more > 0 else "")


def _list(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {_text(sentence)}" for sentence in sentences)


def _text(sentence: str) -> str:
    return markdown_text(sentence, _LONGEST_SENTENCE)
