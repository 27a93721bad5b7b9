"""What profiling itself takes from the pipeline that is profiled."""

from dataclasses import dataclass

from input_pipelines.profiling.counted import Block
from input_pipelines.profiling.intervals import Interval, over_rounds
from input_pipelines.profiling.parts import Parts
from input_pipelines.profiling.whole import Whole
from input_pipelines.study import Study


@dataclass(frozen=True)
class Taken:
    """Shares of what the pipeline gives and takes when it is alone, with intervals over rounds."""

    throughput_lost: Interval
    cpu_added: Interval
    """CPU per example; says more than throughput where other programs run on the machine."""


def own_cost(study: Study) -> Taken:
    """What a pipeline loses while it is profiled.

    Each round measures the pipeline twice: alone in the process, as a training loop would run it;
    and as the profile does, beside the iterators of all stages, with tf.data's model asked for at
    the end. Which comes first changes from round to round.
    """
    alone = Whole(study.dataset(), study.batch)
    alone.fill(0)
    lost, added = [], []
    for number in range(study.rounds):
        if number % 2 == 0:
            without = alone.block(study.block_seconds, with_model=False).block
            parts = Parts(study)
            profiled = parts.warm.block(study.block_seconds).block
        else:
            profiled = parts.warm.block(study.block_seconds).block
            del parts
            without = alone.block(study.block_seconds, with_model=False).block
        lost.append(
            1 - profiled.per_second(profiled.elements) / without.per_second(without.elements)
        )
        added.append(_cpu_each(profiled) / _cpu_each(without) - 1)
    return Taken(over_rounds(lost), over_rounds(added))


def _cpu_each(block: Block) -> float:
    return block.cpu_seconds / block.elements
