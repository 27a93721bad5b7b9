"""What profiling itself takes from the pipeline that is profiled."""

from input_pipelines.profiling.intervals import Interval, mean_of_rounds
from input_pipelines.profiling.parts import Parts
from input_pipelines.profiling.whole import Whole
from input_pipelines.study import Study


def own_cost(study: Study) -> Interval:
    """Share of its throughput that a pipeline loses while it is profiled, with the interval over
    the study's rounds.

    Each round measures the pipeline twice: alone in the process, as a training loop would run it;
    and as the profile does, beside the iterators of all stages, with tf.data's model asked for at
    the end. Which comes first changes from round to round.
    """
    alone = Whole(study.dataset(), study.batch)
    alone.fill(0)
    lost = []
    for number in range(study.rounds):
        if number % 2 == 0:
            without = _rate(alone, study, with_model=False)
            parts = Parts(study)
            profiled = _rate(parts.warm, study, with_model=True)
        else:
            profiled = _rate(parts.warm, study, with_model=True)
            del parts
            without = _rate(alone, study, with_model=False)
        lost.append(1 - profiled / without)
    return mean_of_rounds(lost)


def _rate(whole: Whole, study: Study, with_model: bool) -> float:
    block = whole.block(study.block_seconds, with_model).block
    return block.per_second(block.elements)
