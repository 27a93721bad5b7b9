"""A race of settings in waves: the surely slower ones drop out, the best one's neighbours come in.

A wave has a few rounds of blocks. The search ends when no neighbour comes in before the best.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import inf

import numpy as np
import tensorflow as tf

from input_pipelines.racing import Runner
from input_pipelines.settings import PipelineSettings
from results.errors import UserError, described
from results.statistics import LogRatio, paired

_FEWEST_ROUNDS = 3
_HOPELESS = 0.6
"""Of the best one's pace after one block: what is so slow needs no second one."""
_MOST_IN_A_WAVE = 8
_MOST_TIMES_CONFIRMED = 3


@dataclass
class Entrant:
    """One choice of settings in the race."""

    settings: PipelineSettings
    runner: Runner | None
    """None once it has dropped out, or could not start."""
    refused: str | None = None
    paces: list[float] = field(default_factory=list)
    """Batches a second, a block each."""

    def pace_over(self, blocks: int) -> float:
        """Median of its last blocks: those that ran beside other entrants' last ones."""
        return float(np.median(self.paces[-blocks:]))


class Race:
    """All that has been tried so far."""

    def __init__(
        self,
        start: Callable[[PipelineSettings], Runner],
        rounds: int,
        block_seconds: float,
    ) -> None:
        self._start, self._rounds, self._block_seconds = start, rounds, block_seconds
        self._until = inf  # on `time.perf_counter`'s clock
        self.entrants: dict[str, Entrant] = {}

    def end_after(self, seconds: float) -> None:
        """From now on; what runs then comes to its end."""
        self._until = time.perf_counter() + seconds

    @property
    def time_is_over(self) -> bool:
        return time.perf_counter() >= self._until

    def wave(self, wanted: Iterable[PipelineSettings], best: Entrant | None) -> Entrant:
        """Races new settings against the best so far; returns the best of all. Only blocks of this
        wave count: those of earlier ones met another machine. Raises UserError where none can
        start."""
        running = [best] if best is not None else []
        for settings in wanted:
            if len(running) >= _MOST_IN_A_WAVE or (self.time_is_over and running):
                break
            if repr(settings) not in self.entrants:
                entrant = self._entered(settings)
                running += [entrant] if entrant.runner is not None else []
        if not running:
            raise UserError(next(iter(self.entrants.values())).refused or "nothing can be tried")
        for done in range(1, self._rounds + 1):
            for entrant in running:
                self._run(entrant)
            running = _still_in(running, done)
            if done >= _FEWEST_ROUNDS and (self.time_is_over or len(running) == 1):
                break
        first = max(running, key=lambda each: each.pace_over(done))
        for entrant in running:
            if entrant is not first:
                entrant.runner = None
        return first

    def back(self, entrant: Entrant) -> None:
        """Starts one again that has dropped out."""
        entrant.runner = self._start(entrant.settings)

    def next_best(self, after: Entrant) -> list[Entrant]:
        """All others that raced, the fastest first; a choice among them is no measurement."""
        others = [each for each in self.entrants.values() if each.paces and each is not after]
        return sorted(others, key=lambda each: -each.pace_over(self._rounds))

    def confirmed(self, given: Entrant, found: Entrant) -> list[tuple[float, float]]:
        """Blocks of both in turns, batches a second: rounds, and as many again and again while they
        leave it open which one is faster."""
        pairs: list[tuple[float, float]] = []
        while len(pairs) < _MOST_TIMES_CONFIRMED * self._rounds:
            for number in range(self._rounds):
                order = (given, found) if number % 2 else (found, given)
                for entrant in order:
                    self._run(entrant)
                pairs.append((given.paces[-1], found.paces[-1]))
            low, high = faster(pairs).interval()
            if not low <= 1 <= high:
                break
        return pairs

    def _entered(self, settings: PipelineSettings) -> Entrant:
        try:
            entrant = Entrant(settings, self._start(settings))
        except (UserError, tf.errors.OpError) as error:
            entrant = Entrant(settings, None, described(error)[1])
        self.entrants[repr(settings)] = entrant
        return entrant

    def _run(self, entrant: Entrant) -> None:
        assert entrant.runner is not None, "it has dropped out"
        entrant.runner.run(self._block_seconds)
        entrant.paces.append(1 / entrant.runner.seconds_per_batch()[-1])


def faster(pairs: Sequence[tuple[float, float]]) -> LogRatio:
    """How many times as fast the second of each pair is."""
    return paired([after for _, after in pairs], [before for before, _ in pairs])


def _still_in(running: list[Entrant], rounds: int) -> list[Entrant]:
    """Those that are not surely slower than the best over the rounds that they ran together."""
    first = max(running, key=lambda each: each.pace_over(rounds))
    kept = []
    for entrant in running:
        if entrant is first or not _surely_slower(entrant, first, rounds):
            kept.append(entrant)
        else:
            entrant.runner = None
    return kept


def _surely_slower(entrant: Entrant, first: Entrant, rounds: int) -> bool:
    if entrant.pace_over(rounds) < _HOPELESS * first.pace_over(rounds):
        return True
    if rounds < _FEWEST_ROUNDS:
        return False
    return paired(entrant.paces[-rounds:], first.paces[-rounds:]).interval()[1] < 1
