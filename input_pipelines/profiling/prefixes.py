"""The pipeline's beginnings, each measured by itself: what the last stage of one adds is its own.

Every stage works only while it is asked and one call at a time, so what passes is the sum of all
stages: CPU of the process and wall clock of an example, per stage, by subtraction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import tensorflow as tf

from input_pipelines.graph import DatasetGraph, Stage
from input_pipelines.profiling.counted import CountedDrain
from input_pipelines.profiling.flow import known_size, upstream, without_rewriting
from input_pipelines.profiling.intervals import Interval, over_rounds

_TAKEN_TOGETHER_SECONDS = 0.005
"""Elements of so much work are taken by one call from outside tf.data, which costs 20 to 100 µs: as
much as an example of many a pipeline."""
_MOST_TAKEN_TOGETHER = 1 << 16
_SIZING_SECONDS = 0.02
CACHE = "cache"
"""The kind of a stage that keeps what it was given."""


@dataclass(frozen=True)
class Spent:
    """What one example took up to and including a stage."""

    cpu_seconds: float
    wall_seconds: float


@dataclass(frozen=True)
class OwnCost:
    """What one example costs a stage by itself, over the rounds."""

    cpu_seconds: Interval
    wait_seconds: Interval


class Prefix:
    """The pipeline up to one stage, with an iterator that goes on from block to block."""

    def __init__(
        self,
        graph: DatasetGraph,
        stage: Stage,
        per_example: Mapping[str, float],
        examples_per_second: float,
    ) -> None:
        """`graph` works one call at a time; `per_example` elements of each stage make an example;
        `examples_per_second` is about what the whole pipeline gives."""
        self.stage = stage
        self._graph, self._per_example = graph, per_example
        self._drain = self._take_together(examples_per_second * per_example[stage.name])

    def fill(self) -> None:
        """Fills the buffers and caches of the stages, so that blocks find them as they stay."""
        self._drain.first()
        block = self._drain.block(_SIZING_SECONDS)
        self._drain = self._take_together(block.per_second(block.elements))
        self._drain.first()
        self._drain.take(elements_to_fill(self._graph, self.stage.name, self._per_example))

    def _take_together(self, elements_per_second: float) -> CountedDrain:
        wanted = elements_per_second * _TAKEN_TOGETHER_SECONDS
        together = max(1, min(int(wanted), _MOST_TAKEN_TOGETHER))
        beginning = self._graph.up_to(self.stage.name)
        return CountedDrain(
            without_rewriting(_thinned(beginning, together), autotune=False), together
        )

    def block(self, seconds: float) -> Spent:
        """Measures for about so many seconds."""
        block = self._drain.block(seconds)
        factor = self._per_example[self.stage.name] / block.elements
        return Spent(block.cpu_seconds * factor, block.wall_seconds * factor)


def elements_to_fill(graph: DatasetGraph, name: str, per_example: Mapping[str, float]) -> int:
    """Elements that the stage `name` gives until every cache before it holds all it will hold."""
    filling = [
        (known_size(graph, stage.name) or 0) * per_example[name] / per_example[stage.name]
        for stage in upstream(graph.stages, name)
        if stage.kind == CACHE and stage.name in per_example
    ]
    return ceil(max(filling, default=0))


def own_costs(stages: Sequence[Stage], rounds: Sequence[Mapping[str, Spent]]) -> dict[str, OwnCost]:
    """Each stage's own cost, from what the prefixes took in each round.

    `stages` are those of the graph that works one call at a time. A stage that was not measured has
    none; what was not measured before a stage is part of its own. A cache that has been filled asks
    nothing of the stages before it, so all that passes up to it is its own.
    """
    found = {}
    for stage in stages:
        if stage.name in rounds[0]:
            cpu = [_own(stage, spent, "cpu_seconds") for spent in rounds]
            wall = [_own(stage, spent, "wall_seconds") for spent in rounds]
            waited = [whole - busy for whole, busy in zip(wall, cpu, strict=True)]
            found[stage.name] = OwnCost(
                over_rounds(cpu).not_below_zero(), over_rounds(waited).not_below_zero()
            )
    return found


def _own(stage: Stage, spent: Mapping[str, Spent], field: str) -> float:
    whole: float = getattr(spent[stage.name], field)
    if stage.kind == CACHE:
        return whole
    return whole - sum(getattr(spent[name], field) for name in stage.inputs if name in spent)


def _thinned(dataset: tf.data.Dataset, together: int) -> tf.data.Dataset:
    """The dataset without an end, every `together`-th element of it.

    The others are made and thrown away inside tf.data. `assert_cardinality` sees to that: `shard`
    asks the stage before it to skip, which a map does by working, but a read by not reading.
    """
    endless = dataset.repeat()
    if together == 1:
        return endless
    asked = endless.apply(tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY))
    return asked.shard(together, together - 1)
