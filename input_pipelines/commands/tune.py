"""`python -m input_pipelines tune`: the fastest pipeline that gives the same examples."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.text import Text

from input_pipelines.asked import check_measuring
from input_pipelines.commands import Verb
from results.errors import UserError
from results.pipeline_file import TUNING, number_in, part, record_in, records_in
from results.run_folder import RunFolder
from results.terminal import terminal
from results.text import counted, number, one_line

_COLUMNS = 80
_LONGEST = 200


def show(folder: Path) -> None:
    """Prints what was changed, what it gave and the overrides to paste. Raises UserError where the
    folder holds no tuning."""
    found = part(RunFolder(folder), TUNING)
    if found is None:
        raise UserError(f"{folder}: holds no tuning of a pipeline")
    console = terminal()
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
    return [
        ("Result", f"{_result(found)}; {_search(found)}"),
        *changes,
        *_refused(found),
        ("Same data", _same(record_in(found, "same"))),
    ]


def _raced(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The settings that were measured beside those given, which came first."""
    return [each for each in records_in(found, "tried")[1:] if number_in(each, "blocks")]


def _result(found: Mapping[str, Any]) -> str:
    rates = record_in(found, "examples_per_second")
    ratio = number_in(found, "ratio")
    if ratio is None:
        rate = number(number_in(rates, "given"))
        nothing = "nothing is surely faster than it is" if _raced(found) else "nothing was tried"
        return f"{nothing}, {rate} examples/s"
    low, high = number_in(found, "low"), number_in(found, "high")
    return (
        f"{ratio:.2f} × as fast ({low:.2f} to {high:.2f}), {number(number_in(rates, 'chosen'))} "
        f"examples/s instead of {number(number_in(rates, 'given'))}"
    )


def _search(found: Mapping[str, Any]) -> str:
    """How much was tried, and what the time was too short for."""
    raced, untried = len(_raced(found)), int(number_in(found, "untried") or 0)
    took = f"{number(number_in(found, 'seconds'))} s"
    if not untried:
        return f"{counted(raced, 'setting')} tried in {took}"
    asked = number(number_in(found, "asked_seconds"))
    return (
        f"tune.seconds={asked} ended before {untried:,} of {counted(raced + untried, 'setting')} "
        f"{'was' if raced + untried == 1 else 'were'} tried ({took} in all)"
    )


def _refused(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What was measured, and may not stand for the pipeline as it is."""
    return [
        (
            "Refused",
            f"{one_line(' '.join(map(str, each.get('overrides') or ())), _LONGEST)}, "
            f"{number(number_in(each, 'examples_per_second'))} examples/s: "
            f"{one_line(each['refused'], _LONGEST)}",
        )
        for each in _raced(found)
        if each.get("refused")
    ]


def _same(same: Mapping[str, Any]) -> str:
    examples = number(number_in(same, "examples"))
    which = "an epoch of" if same.get("whole_epoch") is True else "the first"
    order = "in the same order" if same.get("same_order") is True else "in another order"
    random = same.get("random")
    drawn = f", drawn from one seed ({one_line(random, _LONGEST)})" if random else ""
    return f"{which} {examples} examples, the same by hash, {order}{drawn}"


VERB = Verb(
    does="the fastest pipeline that gives the same examples, what to change for it",
    function="input_pipelines.tuning.study:tune",
    show=show,
    check=check_measuring,
)
