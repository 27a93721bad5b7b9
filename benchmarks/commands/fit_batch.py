"""`python -m benchmarks fit-batch …`: the largest batch under a memory limit, found by running."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import quantities
from benchmarks.batch_search import ERROR_SHARE, MOST_RUNS
from benchmarks.limited_run import NO_RUN, OURS
from benchmarks.written import writing_into
from results.errors import UserError
from results.new_folder import claimed
from results.run_folder import RunFolder
from results.terminal import PAGE, terminal
from results.text import DASH, counted, number, percent
from results.verbs import INTERRUPTED, Verb

if TYPE_CHECKING:
    from rich.console import Console

    from benchmarks.batch_fit import Fit

_OWN = ("limit_mb", "folder")
_FAILED = 1


def run(words: Mapping[str, str]) -> int | None:
    """Print a line for each run, the answer, and what would add room; write fit_batch.json."""
    limit_mb = quantities.whole("limit_mb", words["limit_mb"], "900 (10^6 bytes)")
    for key in OURS:
        if key in words:
            raise UserError(f"{key}={words[key]}: fit-batch sets this for each run; leave it out")
    for key, instead in NO_RUN.items():
        if words.get(key, "null").lower() not in ("null", "false"):
            raise UserError(f"{key}={words[key]}: {instead}, and fit-batch measures; leave it out")

    from benchmarks.batch_fit import FIT_BATCH, check_machine, fit_batch
    from benchmarks.limited_run import RunFailed

    console = terminal(PAGE)
    launched = {key: value for key, value in words.items() if key not in _OWN}
    check_machine(limit_mb, 1)
    folder, above = _folder(words.get("folder"))
    try:
        found = fit_batch(
            launched, limit_mb, folder, lambda line: console.print(line, markup=False)
        )
    except RunFailed as error:
        print(f"failed: {error}", file=sys.stderr)
        return _FAILED
    except KeyboardInterrupt:
        left = any(folder.iterdir())
        what = f"what was measured lies in {folder}" if left else "nothing was measured"
        print(f"interrupted; {what}", file=sys.stderr)
        return INTERRUPTED
    finally:
        _remove_empty(folder, above)
    with writing_into(folder):
        RunFolder(folder).write(FIT_BATCH, {"words": launched, **found.record()})
    _print(found, console)
    console.print(f"Written: {FIT_BATCH} in {folder}", markup=False)
    return None


def _folder(given: str | None) -> tuple[Path, Path]:
    """A new folder, and the one above it that was there before."""
    moment = datetime.now(UTC)
    usual = Path("outputs") / f"{moment:%Y-%m-%d}" / f"{moment:%H-%M-%S}"
    folder = usual if given is None else Path(given).expanduser()
    if given is not None and folder.exists():
        raise UserError(f"folder={given}: is there already; give a new one")
    above = next(each for each in folder.parents if each.exists())
    if given is None:
        return claimed(folder.parent, folder.name), above
    with writing_into(folder):
        folder.mkdir(parents=True)
    return folder, above


def _remove_empty(folder: Path, above: Path) -> None:
    """Where nothing ran, no folder below `above` stays that was made for it."""
    for each in (folder, *folder.parents):
        if each == above or any(each.iterdir()):
            return
        each.rmdir()


def _print(found: Fit, console: Console) -> None:
    from rich.text import Text

    console.print()
    for line in _answer(found):
        console.print(Text(line))
    if not found.room:
        return
    from rich.table import Table

    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("what adds room", overflow="fold")
    for name in ("frees MB", "batch then", "the MB are"):
        table.add_column(name, justify="right", overflow="fold")
    for each in found.room:
        within = f", within {percent(ERROR_SHARE)}" if each.batch is None else ""
        then = DASH if each.batch is None else f"about {each.batch:,}"
        table.add_row(each.what, number(each.freed_mb), then, each.kind + within)
    console.print()
    console.print(table)


def _answer(found: Fit) -> list[str]:
    best, line = found.best, found.line
    first = (
        f"Largest per-replica batch under limit_mb={found.limit_mb}: {best.batch:,}; it ran, and "
        f"held {number(best.peak_mb, 'MB')} at most in one task."
    )
    lines = [first]
    if line is not None:
        framework = found.runs[-1].summary.get("framework_mb")
        of_it = "" if framework is None else f" ({number(framework, 'MB')} of it the framework)"
        lines.append(
            f"Fitted over {counted(len(found.trials), 'run')}: {number(line.base_mb, 'MB')}{of_it} "
            f"and {number(line.mb_per_example, 'MB')} for each example."
        )
    if best.batch == found.most:
        lines.append("One step takes all training examples then: the limit holds nothing back.")
    if found.emulated:
        lines.append(f"Emulated: {found.emulated}.")
    return lines


VERB = Verb(
    does=f"the largest per-replica batch under a memory limit, by a line and ≤ {MOST_RUNS} runs",
    keys={
        "limit_mb": "memory that each task may hold (10^6 bytes); at work in every run",
        "folder": "a new folder for the runs and fit_batch.json; usually outputs/<date>/<time>",
    },
    others="any key of python -m launcher, first of all workload",
    needed=("limit_mb",),
    run=run,
)
