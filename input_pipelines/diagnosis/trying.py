"""Tries other settings of the pipeline by itself, in turns with the present ones.

Runs in a process of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import tensorflow as tf

from input_pipelines.diagnosis.candidates import Candidate, candidates
from input_pipelines.racing import Runner, on_few_examples, take_turns
from input_pipelines.study import Study
from results.errors import UserError

_ROUNDS = 5


@dataclass(frozen=True)
class Tried:
    """One choice of settings, over the rounds; per batch of one replica."""

    name: str
    does: str
    overrides: tuple[str, ...]
    """None: the pipeline as it is."""
    cold: bool
    """Whether everything was read from storage."""
    seconds: tuple[float, ...]
    cpu_seconds: tuple[float, ...]
    refused: str | None
    """Why it can't be tried."""


def try_out(study: Study, claimed: Sequence[str], cold: bool) -> list[Tried]:
    """Measures the present pipeline, and each candidate for the classes that are claimed.

    `cold` asks for reading from storage; the present pipeline is measured both ways then.
    """
    small, present = on_few_examples(study), study.feed.pipeline
    as_it_is = Candidate("present", "as it is", (), present)
    runs = [(as_it_is, False, Runner(small, present, cold=False))]
    if cold:
        runs.append((as_it_is, True, Runner(small, present, cold=True)))
    refused = []
    for candidate in candidates(present, claimed, study.cores):
        try:
            runs.append((candidate, cold, Runner(small, candidate.pipeline, cold)))
        except (UserError, tf.errors.OpError) as error:
            refused.append(_tried(candidate, cold, None, " ".join(str(error).split())))
    take_turns([runner for _, _, runner in runs], _ROUNDS, study.block_seconds, seed=0)
    return [*(_tried(of, which, runner, None) for of, which, runner in runs), *refused]


def _tried(candidate: Candidate, cold: bool, runner: Runner | None, refused: str | None) -> Tried:
    return Tried(
        candidate.name,
        candidate.does,
        candidate.overrides,
        cold,
        tuple(runner.seconds_per_batch()) if runner else (),
        tuple(runner.cpu_seconds_per_batch()) if runner else (),
        refused,
    )
