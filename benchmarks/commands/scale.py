"""`python -m benchmarks scale …`: how throughput grows with workers, and where that ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.where_runs import chosen_runs
from benchmarks.written import write_with_plots
from results.errors import UserError, nearest
from results.terminal import PAGE, terminal
from results.text import counted, number, percent
from results.verbs import Verb

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from results.report.drawing import Plot

_SVG, _PNG = "svg", "png"
_HEAD = ("workers", "examples/s", "95% interval", "model", "of perfect", "")
_HELD_OUT_HEAD = ("left out", "predicted", "95% interval", "measured", "error", "Ernest")
_LEFT = ("", "left out")
"""Columns of words."""


def run(words: Mapping[str, str]) -> None:
    """Fit, print a table for each model, and write scaling.json and the plots into `folder`."""
    plots = words.get("plots", _SVG)
    if plots not in (_SVG, _PNG):
        meant = nearest(plots, (_SVG, _PNG))
        raise UserError(f"plots={plots}: no such plots; give {meant or 'svg or png'}")
    runs = chosen_runs(words["folder"], words.get("where"))

    import pandas as pd

    from benchmarks.scaling import fits_of, without_fit
    from benchmarks.scaling.record import record_of
    from results.report.plots_of_scaling import scaling_plots

    frame = pd.DataFrame([run.row() for run in runs])
    try:
        fits = fits_of(frame)
    except UserError as error:
        raise UserError(f"folder={words['folder']}: {error}") from error
    record = record_of(fits)
    folder = Path(words["folder"]).expanduser()
    files = _written(record, scaling_plots(record["fits"]), folder, plots)
    console = terminal(PAGE)
    for fit in record["fits"]:
        _print(fit, console)
    for sentence in without_fit(frame, fits):
        console.print(sentence, markup=False)
    console.print(f"Written: {', '.join(files)} in {folder}", markup=False)


def _written(
    record: Mapping[str, Any], plots: Sequence[Plot], folder: Path, form: str
) -> list[str]:
    """Names of the files, below `folder`."""
    from results.report import PLOTS
    from results.run_folder import RunFolder
    from results.scaling_file import SCALING

    files = {
        f"{PLOTS}/{plot.name}.{form}": plot.png() if form == _PNG else plot.file() for plot in plots
    }
    write_with_plots(folder, files, lambda: RunFolder(folder).write(SCALING, record))
    return [SCALING, *files]


def _print(fit: Mapping[str, Any], console: Console) -> None:
    from rich.text import Text

    from results.report.scaling_of_sweep import held_out_row

    emulated = f" (emulated: {fit['emulated']})" if fit["emulated"] else ""
    console.print(Text(f"{fit['label']}, {counted(fit['runs'], 'run')}{emulated}", style="bold"))
    for series in fit["series"]:
        if series["conditions"]:
            console.print(Text(series["conditions"]))
        console.print(_table(_HEAD, _rows(series)))
    if fit["held_out"]:
        console.print(_table(_HELD_OUT_HEAD, [held_out_row(each) for each in fit["held_out"]]))
    for sentence in fit["says"]:
        console.print(Text(sentence))
    console.print()


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 1, 0, 0))
    for name in head:
        table.add_column(name, justify="left" if name in _LEFT else "right", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _rows(series: Mapping[str, Any]) -> list[list[str]]:
    """The numbers of workers that were measured, and the largest that is predicted."""
    curve = series["curve"]
    shown = [each for each in curve if each["measured"] is not None or each is curve[-1]]
    return [
        [
            str(each["workers"]),
            number(each["measured"] or each["examples_per_second"]),
            f"{number(each['measured_low'] or each['low'])} to "
            f"{number(each['measured_high'] or each['high'])}",
            number(each["examples_per_second"]),
            percent(each["efficiency"]),
            ", ".join(_remarks(each)),
        ]
        for each in shown
    ]


def _remarks(each: Mapping[str, Any]) -> list[str]:
    predicted = ["predicted"] if each["measured"] is None else []
    return predicted + (["cores full"] if each["cores_full"] else [])


VERB = Verb(
    does="throughput over workers: a model of each strategy, its error, and where it ends",
    keys={
        "folder": "a sweep's folder (experiment=scaling makes one); the plots are written into it",
        "where": "which runs: where='workload == resnet and workers < 8'",
        "plots": "files of the plots: svg (usually) or png",
    },
    needed=("folder",),
    run=run,
)
