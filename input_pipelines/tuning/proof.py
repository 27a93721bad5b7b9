"""The proof that other settings of a pipeline keep its examples: epochs compared by hash.

Runs in a study's process.
"""

import random
from dataclasses import dataclass
from math import inf

import numpy as np
import tensorflow as tf

from input_pipelines.equivalence import Fingerprint, fingerprint
from input_pipelines.graph import DatasetGraph
from input_pipelines.settings import PipelineSettings, StorageSettings
from input_pipelines.study import Study
from results.errors import UserError

_EXAMPLES_WITHOUT_END = 4_096
"""That are compared of a pipeline that isn't known to end."""
_LONGEST_SECONDS = 15.0
"""For which its examples are taken, if they come slowly."""


@dataclass(frozen=True)
class Reference:
    """What the pipeline holds as it is, which others are compared with."""

    study: Study
    epoch: Fingerprint
    whole: bool
    """Whether it is an epoch, and not the first examples of a pipeline without a known end."""
    random: str | None
    """The first stage that may give other elements in each pass, and why; None without one."""
    same_order: bool
    """Whether a second pass gave the examples in the same order."""

    @property
    def order_matters(self) -> bool:
        """Whether examples in another order would be, or could not be told from, other examples."""
        return self.study.ordered or not self.whole or self.random is not None


@dataclass(frozen=True)
class Comparison:
    """Of a pipeline with other settings."""

    refused: str | None
    """Why it may not stand for the one as it is; None where it may."""
    same_order: bool


def reference(study: Study) -> Reference:
    """Takes two passes over the study's pipeline as it is.

    Raises:
      UserError: they differ already, so that nothing could be shown to keep the examples.
    """
    settings, examples = study.feed.pipeline, study.epoch_examples
    if examples is None:
        epoch = _pass_over(study, settings, _EXAMPLES_WITHOUT_END, _LONGEST_SECONDS)
    else:
        epoch = _pass_over(study, settings, examples)
    again = _pass_over(study, settings, epoch.count)
    same_order, why = epoch.same_order(again), _random_stage(study)
    if not epoch.same_elements(again) or (study.ordered and not same_order):
        differ = "in another order" if epoch.same_elements(again) else "other examples"
        raise UserError(
            f"{study.key}: a second pass over it gives {differ}"
            f"{f' ({why})' if why else ''}, so that nothing could be shown to keep them; draw what "
            "is random from a seed"
        )
    return Reference(study, epoch, examples is not None, why, same_order)


def compared(reference: Reference, settings: PipelineSettings) -> Comparison:
    """The pipeline with other settings against the one as it is."""
    found = _pass_over(reference.study, settings, reference.epoch.count)
    same_order = reference.epoch.same_order(found)
    refused = None
    if not reference.epoch.same_elements(found):
        which = "an epoch of it holds" if reference.whole else "its first examples are"
        refused = f"{which} other elements, by hash"
    elif reference.study.ordered and not same_order:
        refused = "its examples come in another order, and deterministic=true keeps it"
    return Comparison(refused, same_order)


def _pass_over(
    study: Study, settings: PipelineSettings, examples: int, longest_seconds: float = inf
) -> Fingerprint:
    """The fingerprint of so many examples from the beginning on.

    Of a person's own pipeline an example is x and y: its number is only its position. What has no
    seed of its own, a shuffle or random numbers, draws from the run's in every pass, and a pass
    builds the pipeline anew: so passes differ by what settings do, or by what no seed reaches.
    Emulated storage changes nothing but how long it takes, and is left out.
    """
    seed = study.feed.seed
    random.seed(seed)
    np.random.seed(seed)
    tf.random.set_seed(seed)
    dataset = study.dataset(settings, storage=StorageSettings())
    if settings._target_ is not None:
        dataset = dataset.map(lambda number, x, y: (x, y))
    return fingerprint(dataset, by_example=True, take=examples, longest_seconds=longest_seconds)


def _random_stage(study: Study) -> str | None:
    stages = DatasetGraph.of(study.dataset()).stages
    found = (stage for stage in stages if stage.random is not None and not stage.shuffle)
    return next((f"stage {stage.name} {stage.random}" for stage in found), None)
