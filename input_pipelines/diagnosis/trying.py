"""Tries other settings of the pipeline by itself, in turns with the present ones.

Runs in a process of its own. The pipeline works on the first examples only, so that caches are full
after a short while; what is taken is the pace of later epochs.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

import numpy as np
import tensorflow as tf

from input_pipelines.diagnosis.candidates import Candidate, candidates
from input_pipelines.draining import Drain, Drained, buffered_batches
from input_pipelines.page_cache import kept_cold
from input_pipelines.pieces import Piece, Split, cut, numbered
from input_pipelines.settings import StorageSettings
from input_pipelines.study import Study
from results.errors import UserError

PRESENT = "present"
_EXAMPLES = 4_096
"""That the pipelines work on, or four batches."""
_EPOCH_SECONDS = 15.0
"""A first epoch over them takes no longer, or the candidate isn't tried."""
_ROUNDS = 5


@dataclass(frozen=True)
class Tried:
    """One choice of settings, over the rounds; per batch of one replica."""

    name: str
    does: str
    overrides: tuple[str, ...]
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
    small = _on_few_examples(study)
    present = Candidate(PRESENT, "as it is", (), study.feed.pipeline)
    temperatures = (False, True) if cold else (False,)
    runners = [_Runner(small, present, which) for which in temperatures]
    refused = []
    for candidate in candidates(study.feed.pipeline, claimed, study.cores):
        try:
            runners.append(_Runner(small, candidate, cold))
        except (UserError, tf.errors.OpError) as error:
            refused.append(_tried(candidate, cold, [], " ".join(str(error).split())))
    rng = np.random.default_rng(0)
    for _ in range(_ROUNDS):
        for place in rng.permutation(len(runners)):
            runners[place].run(study.block_seconds)
    return [*(runner.tried() for runner in runners), *refused]


class _Runner:
    """One pipeline that is drained now and then."""

    def __init__(self, study: Study, candidate: Candidate, cold: bool) -> None:
        """Goes through the first epoch. Raises UserError where the settings can't be had."""
        self._candidate, self._cold = candidate, cold
        warm = {} if cold else {"storage": StorageSettings()}
        self._emulated = study.feed.storage.emulated
        self._files = study.feed.train.files
        self._iterator = iter(study.dataset(candidate.pipeline, **warm))
        self._drain = Drain([self._iterator])
        self._blocks: list[Drained] = []
        if candidate.pipeline.cache != "none":
            self._through_first_epoch(ceil(study.feed.train.examples / study.batch) + 1)

    def _through_first_epoch(self, batches: int) -> None:
        first = self._drain(batches=2)
        seconds = first.seconds / first.batches * batches
        if seconds > _EPOCH_SECONDS:
            raise UserError(
                f"{' '.join(self._candidate.overrides)}: not tried, as filling the cache with "
                f"{batches} batches would take {seconds:.0f} s"
            )
        self._drain(batches=batches)

    def run(self, seconds: float) -> None:
        """One block, after what lies in buffers."""
        self._drain(batches=max(1, buffered_batches(self._iterator)))
        with self._temperature():
            self._drain(seconds / 2)
            self._blocks.append(self._drain(seconds))

    def tried(self) -> Tried:
        return _tried(self._candidate, self._cold, self._blocks, None)

    @contextlib.contextmanager
    def _temperature(self) -> Iterator[None]:
        if self._cold and not self._emulated:
            with kept_cold(self._files):
                yield
        else:
            yield


def _tried(
    candidate: Candidate, cold: bool, blocks: Sequence[Drained], refused: str | None
) -> Tried:
    return Tried(
        candidate.name,
        candidate.does,
        candidate.overrides,
        cold,
        tuple(block.seconds / block.batches for block in blocks),
        tuple(block.cpu_seconds / block.batches for block in blocks),
        refused,
    )


def _on_few_examples(study: Study) -> Study:
    """The same study on the first examples only; a person's own pipeline stays as it is."""
    train = study.feed.train
    count = min(train.examples, max(_EXAMPLES, 4 * study.batch))
    if study.feed.pipeline._target_ is not None or count == train.examples:
        return study
    return replace(study, feed=replace(study.feed, train=_first(train, count)))


def _first(split: Split, examples: int) -> Split:
    pieces = tuple(
        Piece(run.path, run.first, run.count) for run in cut(numbered(split.pieces), 0, examples)
    )
    paths: Any = {piece.path for piece in pieces}
    return replace(split, pieces=pieces, files=tuple(path for path in split.files if path in paths))
