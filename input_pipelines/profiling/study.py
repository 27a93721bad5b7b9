"""The profile of a pipeline: warm, cold and stage by stage, in rounds. Runs in a study's process.

Everything that is compared takes a turn in every round, so that what slows the machine for a while
slows all of it.
"""

from dataclasses import replace

import tensorflow as tf

from input_pipelines.failing import failure
from input_pipelines.profiling.parts import Parts, Rounds
from input_pipelines.profiling.record import profile_record
from input_pipelines.racing import on_few_examples
from input_pipelines.study import Study
from results.errors import UserError
from results.pipeline_file import PROFILE, put_part
from results.run_folder import RunFolder

_BRIEF_ROUNDS, _BRIEF_BLOCK = 3, 0.2
"""Rounds, and the length of a block as a share of the usual one."""
_BRIEF_EXAMPLES = 256
"""Shuffle buffers have to be filled before a stage behind them can be measured."""


def profile(study: Study) -> None:
    """Measures the study's pipeline and writes the part "profile" of `pipeline.json`.

    Raises UserError where the pipeline gives nothing or fails; what whole rounds had measured by
    then is written.
    """
    rounds, parts = Rounds(), None
    try:
        parts = Parts(study)
        for number in range(study.rounds):
            parts.measure(rounds, number, study.block_seconds)
    except StopIteration:
        raise UserError(
            f"{study.key}: gives no batch; it needs as many examples as a batch holds, "
            f"batch.per_replica={study.batch}, and a filter that lets some pass"
        ) from None
    except tf.errors.OpError as error:
        raise failure(study.key, study.dataset(), error) from error
    finally:
        if parts is not None and rounds.prefixes:
            put_part(RunFolder(study.folder), PROFILE, profile_record(study, parts, rounds))


def profile_briefly(study: Study) -> None:
    """The same in a few seconds, beside something else that is measured at length."""
    block_seconds = _BRIEF_BLOCK * study.block_seconds
    brief = replace(study, rounds=_BRIEF_ROUNDS, block_seconds=block_seconds)
    profile(on_few_examples(brief, _BRIEF_EXAMPLES))
