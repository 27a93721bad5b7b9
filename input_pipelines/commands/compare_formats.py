"""`python -m input_pipelines compare-formats`: what each way of storing examples costs."""

from pathlib import Path

from rich.table import Table

from input_pipelines.asked import check_storing
from input_pipelines.commands import Verb
from results.errors import UserError
from results.pipeline_file import FORMATS, number_in, part, record_in, records_in
from results.report.plots_of_formats import formats
from results.run_folder import RunFolder, replace_file
from results.terminal import terminal
from results.text import DASH, fixed, number, one_line

_COLUMNS = 80
_PLOT = "plots/formats.svg"
_HEADS = ("bytes each", "× source", "writing s", "CPU µs", "warm /s", "cold /s")


def show(folder: Path) -> None:
    """Prints a table and writes the plot. Raises UserError where nothing was compared."""
    found = record_in(part(RunFolder(folder), FORMATS) or {}, "compared")
    ways = records_in(found, "ways")
    if not ways:
        raise UserError(f"{folder}: no formats were compared here")
    console = terminal()
    table = Table(box=None, padding=(0, 1, 0, 0), width=min(_COLUMNS, console.width))
    table.add_column("format", no_wrap=True)
    for head in _HEADS:
        table.add_column(head, justify="right", no_wrap=True)
    source = number_in(found, "source_bytes_per_example")
    for way in ways:
        size = number_in(way, "bytes_per_example")
        cpu = number_in(way, "cpu_seconds_per_example")
        table.add_row(
            one_line(way.get("name"), 20),
            number(size),
            fixed(size / source, 2) if size and source else DASH,
            fixed(number_in(way, "preparation_seconds"), 1),
            fixed(None if cpu is None else 1e6 * cpu, 1),
            number(number_in(record_in(way, "warm"), "examples_per_second")),
            number(number_in(record_in(way, "cold"), "examples_per_second")),
        )
    console.print(table)
    for name, why in record_in(found, "refused").items():
        print(one_line(f"{name}: {why}", 300))
    rounds, examples = number_in(found, "rounds"), number_in(found, "examples")
    print(f"{number(examples)} examples, medians of {number(rounds)} rounds in turns")
    plot = formats(ways)
    if plot is not None:
        replace_file(folder / _PLOT, plot.file())
    print(f"{folder}: {_PLOT}, pipeline.json")


VERB = Verb(
    does="files, TFRecords, zipped or not, raw: size, CPU, warm and cold rate",
    function="input_pipelines.formats.study:compare",
    show=show,
    check=check_storing,
)
