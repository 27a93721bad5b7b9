"""`python -m input_pipelines convert`: the same examples, stored in another way."""

from pathlib import Path

from input_pipelines.asked import check_converting
from input_pipelines.commands import Verb
from results.errors import UserError
from results.pipeline_file import FORMATS, number_in, part, record_in
from results.run_folder import RunFolder
from results.text import number, one_line


def show(folder: Path) -> None:
    """Prints how large it became and how to train on it. Raises UserError where nothing was."""
    found = record_in(part(RunFolder(folder), FORMATS) or {}, "converted")
    times = number_in(found, "times_the_source")
    if times is None:
        raise UserError(f"{folder}: nothing was converted here")
    size = "as large as" if abs(times - 1) < 0.005 else f"{times:.2f} × the size of"
    print(
        f"{number(number_in(found, 'examples'))} examples as {one_line(found.get('format'), 20)}, "
        f"{number(number_in(found, 'bytes_per_example'))} bytes each, {size} the source; "
        f"{number(number_in(found, 'seconds'))} s"
    )
    where = Path(str(found.get("folder")))
    shown = where.relative_to(Path.cwd()) if where.is_relative_to(Path.cwd()) else where
    print(f"\n  source=stored source.parameters.path={shown}\n")


VERB = Verb(
    does="the same examples in another format (convert.format=files|tfrecord|raw)",
    function="input_pipelines.formats.study:convert",
    show=show,
    check=check_converting,
)
