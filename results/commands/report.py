"""`python -m results report folder=…`: one page about a run or a sweep, with its plots."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from results.errors import UserError, nearest
from results.report import FORMATS, HTML, PNG, SVG, write_report
from results.verbs import Verb


def run(words: Mapping[str, str]) -> None:
    """Write the report and its plots into `folder` and say where it lies."""
    form = _one_of("format", words.get("format", HTML), list(FORMATS))
    plots = _one_of("plots", words.get("plots", SVG), [SVG, PNG])
    try:
        print(f"report: {write_report(Path(words['folder']).expanduser(), form, plots)}")
    except OSError as error:
        raise UserError(
            f"folder={words['folder']}: no report can be written there ({error.strerror or error});"
            " make room or give write permission, an older report is untouched"
        ) from error


def _one_of(key: str, value: str, choices: Sequence[str]) -> str:
    if value not in choices:
        meant = nearest(value, choices)
        hint = f"did you mean {meant}?" if meant else f"give {' or '.join(choices)}"
        raise UserError(f"{key}={value}: no such {key}; {hint}")
    return value


VERB = Verb(
    does="one page that stands alone (report.html) and its plots (plots/*.svg)",
    keys={
        "folder": "a run's folder or a sweep's; the report is written into it",
        "format": "html (usually), or markdown: a short one for a pull request (report.md)",
        "plots": "files of the plots: svg (usually) or png",
    },
    needed=("folder",),
    run=run,
)
