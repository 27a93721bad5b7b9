"""`python -m results report folder=…`: one HTML page about a run or a sweep, with its plots."""

from collections.abc import Mapping
from pathlib import Path

from results.commands import Verb


def run(words: Mapping[str, str]) -> None:
    """Write `report.html` and `plots/*.svg` into `folder` and say where they lie."""
    from results.report import write_report

    print(f"report: {write_report(Path(words['folder']).expanduser())}")


VERB = Verb(
    does="one page that stands alone (report.html) and its plots (plots/*.svg)",
    keys={"folder": "a run's folder or a sweep's; the report is written into it"},
    needed=("folder",),
    run=run,
)
