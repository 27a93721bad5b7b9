"""What takes a turn in every round: the whole pipeline warm and cold, its beginnings one by one."""

from dataclasses import dataclass, field

from input_pipelines.graph import DatasetGraph
from input_pipelines.profiling.flow import elements_per_example
from input_pipelines.profiling.prefixes import Prefix, Spent, elements_to_fill
from input_pipelines.profiling.whole import Whole, WholeRound
from input_pipelines.settings import StorageSettings
from input_pipelines.study import Study

_SIZING_SECONDS = 0.2
"""A first look at the rate: blocks of stages are cut by it."""


_SHUFFLE_ELEMENTS = 64
"""In the beginnings of the pipeline: each has buffers of its own, which have to be filled first."""


@dataclass
class Rounds:
    """What was measured so far: one entry a round."""

    warm: list[WholeRound] = field(default_factory=list)
    cold: list[WholeRound] = field(default_factory=list)
    prefixes: list[dict[str, Spent]] = field(default_factory=list)


class Parts:
    """All iterators of a profile. Buffers and caches are filled when this returns.

    Cold is the pipeline whose files are kept out of the page cache; where storage is emulated it is
    the pipeline that waits for it, and warm the same without.

    Raises what the pipeline raises; StopIteration where it gives nothing.
    """

    def __init__(self, study: Study) -> None:
        dataset = study.dataset()
        self.graph = DatasetGraph.of(dataset)
        self.serial = self.graph.one_call_at_a_time().with_small_shuffles(_SHUFFLE_ELEMENTS)
        self.per_example = elements_per_example(self.graph, self.serial, study.batch)
        last = self.serial.stages[-1].name
        filling = elements_to_fill(self.serial, last, self.per_example) * study.batch
        files = study.feed.training_files
        self.emulated = study.feed.storage.emulated
        self.cold: Whole | None
        if self.emulated:
            self.warm = Whole(study.dataset(storage=StorageSettings()), study.batch)
            self.cold = Whole(dataset, study.batch)
        else:
            self.warm = Whole(dataset, study.batch)
            self.cold = Whole(study.dataset(), study.batch, files) if files else None
        self.warm.fill(filling)
        if self.cold is not None:
            self.cold.fill(filling)
        first = self.warm.block(_SIZING_SECONDS).block
        rate = first.per_second(first.elements)
        self._prefixes = [
            Prefix(self.serial, stage, self.per_example, rate)
            for stage in self.serial.stages
            if stage.name in self.per_example
        ]
        for prefix in self._prefixes:
            prefix.fill()

    def as_written(self, rounds: Rounds) -> list[WholeRound]:
        """The rounds of the pipeline that was asked for, emulation included."""
        return rounds.cold if self.emulated else rounds.warm

    def measure(self, rounds: Rounds, number: int, seconds: float) -> None:
        """Round `number`: every part for about so many seconds, in another order each time.

        A round that fails half-way leaves nothing in `rounds`.
        """
        warm = self.warm.block(seconds)
        cold = [] if self.cold is None else [self.cold.block(seconds)]
        start = number % len(self._prefixes)
        in_turn = [*self._prefixes[start:], *self._prefixes[:start]]
        spent = {prefix.stage.name: prefix.block(seconds) for prefix in in_turn}
        rounds.warm.append(warm)
        rounds.cold += cold
        rounds.prefixes.append(spent)
