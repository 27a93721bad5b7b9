"""What may happen to a sweep: pure functions from one journal to the next.

Nothing here touches a disk or a clock, so that the rules can be tried on every place where a sweep
may be cut off: each run is done exactly once, and rounds stay interleaved.
"""

import dataclasses
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from results.sweep_folder import (
    DONE,
    FAILED,
    INTERRUPTED,
    NOT_APPLICABLE,
    RUNNING,
    WAITING,
    Journal,
    SweptRun,
)


@dataclass(frozen=True)
class Cell:
    """One configuration of a sweep."""

    overrides: tuple[str, ...]
    not_applicable: str | None = None
    """Why it makes no sense, where it makes none."""


@dataclass(frozen=True)
class Ending:
    """How an attempt at a run came out."""

    state: str
    reason: str | None = None
    seconds: float | None = None
    """From the run's start to its end, all in all."""


def interleaved(cells: Sequence[Cell], repeats: int, seed: int) -> tuple[SweptRun, ...]:
    """All runs in the order in which they run: A B C, C A B, …, each round shuffled by the seed.

    Breadth first, so that a sweep cut short has as many repeats of one configuration as of the
    other, give or take one, and what drifts over a night meets all of them alike. A sweep without
    repeats keeps the order of the command line. What doesn't apply is there once, and settled.
    """
    rounds, number = [], 0
    for block in range(repeats):
        one_round = []
        for index, cell in enumerate(cells):
            if block and cell.not_applicable:
                continue
            settled = NOT_APPLICABLE if cell.not_applicable else WAITING
            one_round.append(
                SweptRun(
                    number=number,
                    folder=str(number),
                    overrides=cell.overrides,
                    cell=index,
                    repeat=block,
                    block=block,
                    state=settled,
                    reason=cell.not_applicable,
                )
            )
            number += 1
        if repeats > 1:
            random.Random(f"{seed} {block}").shuffle(one_round)
        rounds += one_round
    return tuple(rounds)


def next_run(journal: Journal, retries: int) -> SweptRun | None:
    """The run to begin now; None where all have ended.

    One that failed is begun again at once, as long as it has failed no more than `retries` times.
    """
    return next((run for run in journal.runs if _is_to_run(run, retries)), None)


def begun(journal: Journal, run: SweptRun, moment: str, busy_share: float | None) -> Journal:
    """A new attempt at this run has begun."""
    return journal.with_run(
        dataclasses.replace(
            run,
            state=RUNNING,
            reason=None,
            attempts=run.attempts + 1,
            started=moment,
            seconds=None,
            busy_share=busy_share,
        )
    )


def ended(journal: Journal, run: SweptRun, ending: Ending) -> Journal:
    """The attempt that was going on has come to its end."""
    failures = run.failures + (ending.state == FAILED)
    return journal.with_run(dataclasses.replace(run, **vars(ending), failures=failures))


def waiting_again(journal: Journal, run: SweptRun) -> Journal:
    """The run will be begun once more; its folder still holds the last attempt."""
    return journal.with_run(dataclasses.replace(run, state=WAITING, reason=None, seconds=None))


def cut_off(
    journal: Journal, finished: Mapping[int, Ending], going_on: Collection[int] = ()
) -> Journal:
    """What was running when the launcher was killed has ended: as its folder says, or never.

    Args:
      finished: by number, the runs whose folder holds a whole outcome; the journal didn't get as
        far as to say so.
      going_on: numbers of runs that don't need the launcher, and still run.
    """
    killed = Ending(INTERRUPTED, "the launcher was killed")
    for run in journal.runs:
        if run.state == RUNNING and run.number not in going_on:
            journal = ended(journal, run, finished.get(run.number, killed))
    return journal


def with_state(journal: Journal, state: str, reason: str | None = None, **also: Any) -> Journal:
    """The sweep as a whole is in another state."""
    return dataclasses.replace(journal, state=state, reason=reason, **also)


def final_state(journal: Journal) -> str:
    """Of a sweep with nothing left to run: DONE, whatever became of its runs."""
    return DONE if not journal.count(WAITING, RUNNING, INTERRUPTED) else INTERRUPTED


def _is_to_run(run: SweptRun, retries: int) -> bool:
    return run.state in (WAITING, INTERRUPTED) or (run.state == FAILED and run.failures <= retries)
