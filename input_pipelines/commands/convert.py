"""`python -m input_pipelines convert`: the same examples, stored in another way."""

import re
import shlex
from pathlib import Path

from input_pipelines.asked import check_converting
from input_pipelines.commands import Verb
from results.errors import UserError
from results.pipeline_file import FORMATS, number_in, part, record_in
from results.run_folder import RunFolder
from results.text import number, one_line

_PLAIN = re.compile(r"[\w./~+-]+( [\w./~+-]+)*")
"""What Hydra takes as a value without quotes, blanks between words included."""


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
    path = f"source.parameters.path={_value(str(shown))}"
    print(f"\n  source=stored {shlex.quote(path)}\n")


def _value(text: str) -> str:
    """The text as Hydra's grammar reads it back, in quotes where it has to be."""
    from hydra.core.override_parser.types import Quote, QuotedString

    return text if _PLAIN.fullmatch(text) else QuotedString(text, Quote.double).with_quotes()


VERB = Verb(
    does="the same examples in another format (convert.format=files|tfrecord|raw)",
    function="input_pipelines.formats.study:convert",
    show=show,
    check=check_converting,
)
