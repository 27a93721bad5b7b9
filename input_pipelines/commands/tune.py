"""`python -m input_pipelines tune`: the fastest pipeline that gives the same examples."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from input_pipelines.commands import Verb
from results.errors import UserError
from results.pipeline_file import TUNING, number_in, part, record_in, records_in
from results.run_folder import RunFolder
from results.text import number, one_line

_COLUMNS = 80
_LONGEST = 200


def show(folder: Path) -> None:
    """Prints what was changed, what it gave and the overrides to paste. Raises UserError where the
    folder holds no tuning."""
    found = part(RunFolder(folder), TUNING)
    if found is None:
        raise UserError(f"{folder}: holds no tuning of a pipeline")
    console = Console(highlight=False)
    for head, words in _sentences(found):
        console.print(
            Text.assemble((f"{head}: ", "bold"), words), width=min(_COLUMNS, console.width)
        )
    overrides = " ".join(str(each) for each in found.get("overrides") or ())
    if overrides:
        print(f"\n  {overrides}\n")
    print(f"{folder}: pipeline.json")


def _sentences(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    changes = [
        (
            "Change",
            f"{one_line(each.get('override'), _LONGEST)}: {one_line(each.get('why'), _LONGEST)}",
        )
        for each in records_in(found, "changes")
    ]
    return [("Result", _result(found)), *changes, ("Same data", _same(record_in(found, "same")))]


def _result(found: Mapping[str, Any]) -> str:
    tried = len(records_in(found, "tried"))
    rates = record_in(found, "examples_per_second")
    took = f"{tried} settings tried in {number(number_in(found, 'seconds'))} s"
    ratio = number_in(found, "ratio")
    if ratio is None:
        rate = number(number_in(rates, "given"))
        return f"nothing is surely faster than it is, {rate} examples/s; {took}"
    low, high = number_in(found, "low"), number_in(found, "high")
    return (
        f"{ratio:.2f} × as fast ({low:.2f} to {high:.2f}), {number(number_in(rates, 'chosen'))} "
        f"examples/s instead of {number(number_in(rates, 'given'))}; {took}"
    )


def _same(same: Mapping[str, Any]) -> str:
    examples = number(number_in(same, "examples"))
    which = "an epoch" if same.get("whole_epoch") is True else f"the first {examples} examples"
    order = "in the same order" if same.get("same_order") is True else "in another order"
    return f"{which} of {examples} examples, the same by hash, {order}"


VERB = Verb(
    does="the fastest pipeline that gives the same examples, and what to change for it",
    function="input_pipelines.tuning.study:tune",
    show=show,
)
