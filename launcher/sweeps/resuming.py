"""`resume=<folder>`: a sweep goes on where it stopped, whatever stopped it.

The folder alone is enough: the words of the command that began the sweep lie in its journal. Those
that are given again are compared.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.types import Quote, QuotedString

from launcher.queued.following import is_in_queue
from launcher.sweeps import journal as rules
from launcher.sweeps.attempts import (
    finished,
    is_whole,
    keep_for_good,
    mark_interrupted,
    wait_for_leftovers,
)
from launcher.sweeps.identity import changes
from results.errors import UserError
from results.run_folder import now
from results.sweep_folder import DONE, RUNNING, SWEEP, Holder, Journal, read_journal

_KEY = "resume"
_FOLDER = "hydra.sweep.dir"
_MULTIRUN = ("-m", "--multirun")
_OF_ONE_COMMAND = ("resume", "resume_anyway", "wait")
_SHOWN_CHANGES = 3


def words_with_those_of_the_sweep(words: Sequence[str]) -> list[str]:
    """The whole command line: where it says `resume=<folder>`, that folder is the sweep's, and
    what isn't said is what the sweep was begun with.

    Raises UserError where the folder holds no sweep that can be read.
    """
    folder = _given(words, _KEY)
    if folder is None or folder == "null" or not _is_run_by(words):
        return list(words)
    path = Path(folder).expanduser()
    begun_with = read_journal(path, _KEY).words
    given = _given(words, _FOLDER)
    if given is not None and Path(given).resolve() != path.resolve():
        raise UserError(
            f"{_FOLDER}={given}: resume={folder} names the sweep's folder; leave it out"
        )
    own = [word for word in words if word not in _MULTIRUN and _key(word) != _FOLDER]
    said = {_key(word) for word in own if "=" in word}
    own = [*(word for word in begun_with if _key(word) not in said), *own]
    return ["--multirun", *own, f"{_FOLDER}={QuotedString(str(path), Quote.single).with_quotes()}"]


def words_to_keep(words: Sequence[str]) -> tuple[str, ...]:
    """Of a command line, what begins the same sweep once more, wherever its folder then lies."""
    left_out = (*_OF_ONE_COMMAND, _FOLDER, *_MULTIRUN)
    return tuple(word for word in words if word.partition("=")[0] not in left_out)


def check_same(folder: Path, before: Journal, identity: Mapping[str, Any], anyway: bool) -> Journal:
    """The journal to go on with. Raises UserError, naming what, where the sweep is another now."""
    found = changes(before.identity, identity)
    if not found:
        return before
    told = "; ".join(found[:_SHOWN_CHANGES])
    if len(found) > _SHOWN_CHANGES:
        told += f"; and {len(found) - _SHOWN_CHANGES} more"
    if not anyway:
        raise UserError(
            f"resume={folder}: changed since this sweep began: {told}; give it what it began with, "
            "or resume_anyway=true"
        )
    note = f"gone on with at {now()[:19]} UTC in spite of changes: {told}"
    return rules.with_state(before, before.state, before.reason, notes=(*before.notes, note))


def taken_up(folder: Path, journal: Journal, held_before: Holder | None) -> Journal:
    """The journal as the folders have it: runs that ended unnoticed are done, those that were
    going on are interrupted, but for those whose jobs go on by themselves, and one that was done
    and is no longer whole waits again."""
    for leftover in folder.glob(f".{SWEEP}.*.tmp"):
        leftover.unlink()
    running = [run for run in journal.runs if run.state == RUNNING]
    in_queue = {run.number for run in running if is_in_queue(folder / run.folder)}
    running = [run for run in running if run.number not in in_queue]
    if running:
        wait_for_leftovers(folder, None if held_before is None else held_before.process)
    outcomes = {}
    for run in running:
        ending = finished(folder / run.folder)
        if ending is not None:
            keep_for_good(folder / run.folder)
            outcomes[run.number] = ending
    journal = rules.cut_off(journal, outcomes, going_on=in_queue)
    for run in running:
        if run.number not in outcomes:
            mark_interrupted(folder / run.folder, "the launcher was killed")
    for run in journal.runs:
        if run.state == DONE and not is_whole(folder / run.folder):
            journal = rules.waiting_again(journal, run)
    return journal


def _key(word: str) -> str:
    return word.partition("=")[0].lstrip("+~")


def _given(words: Sequence[str], key: str) -> str | None:
    """The last value of a key, without the quotes of Hydra's grammar."""
    values = [word.partition("=")[2] for word in words if word.startswith(f"{key}=")]
    if not values:
        return None
    value = values[-1]
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        value = value[1:-1]
    return value


def _is_run_by(words: Sequence[str]) -> bool:
    """Whether these words run something, and don't only show it or complete it."""
    showing = ("--cfg", "-c", "--info", "-i", "--hydra-help", "--shell-completion", "-sc")
    return not any(word.partition("=")[0] in showing for word in words)
