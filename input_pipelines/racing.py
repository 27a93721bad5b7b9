"""Pipelines against each other, each by itself, in blocks that take turns. Runs in studies only.

They work on the first examples only, so that caches are full after a short while; what is taken is
the pace of later epochs.
"""

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import ceil
from typing import Any

import numpy as np

from input_pipelines.draining import (
    Drain,
    Drained,
    buffered_batches,
    rest,
    with_small_buffers,
)
from input_pipelines.page_cache import kept_cold
from input_pipelines.pieces import Piece, Split, cut, numbered
from input_pipelines.settings import PipelineSettings, StorageSettings
from input_pipelines.study import Study
from results.errors import UserError

_EXAMPLES = 4_096
_EPOCH_SECONDS = 15.0
"""A first epoch over them takes no longer, or a cache isn't tried."""


_AUTOTUNE_SECONDS = 0.5
"""AUTOTUNE looks at a new iterator after 10 ms, then after twice as long each time: 6 times."""


class Runner:
    """One pipeline that is drained now and then."""

    def __init__(self, study: Study, pipeline: PipelineSettings, cold: bool) -> None:
        """Fills the caches.

        Args:
          cold: whether everything is read from storage; emulated storage counts only then, and not
            behind a cache: a full one is as fast whatever it was filled from.

        Raises:
          UserError: the settings can't be had, or a cache takes too long to fill.
          tf.errors.OpError: what the pipeline raises.
        """
        self.pipeline = pipeline
        self.blocks: list[Drained] = []
        self._cold = cold and not study.feed.storage.emulated
        self._files = study.feed.training_files
        cached = pipeline.cache != "none"
        storage = study.feed.storage if cold and not cached else StorageSettings()
        self._iterator = iter(with_small_buffers(study.dataset(pipeline, storage=storage)))
        self._drain = Drain([self._iterator])
        if cached:
            self._go_through_first_epoch(study)
        self._drain(_AUTOTUNE_SECONDS)

    def run(self, seconds: float) -> None:
        """One more block, after what lies in buffers."""
        rest()
        self._drain(batches=max(1, buffered_batches(self._iterator)))
        with self._temperature():
            self._drain(seconds / 2)
            self.blocks.append(self._drain(seconds))

    def seconds_per_batch(self) -> list[float]:
        """Of each block."""
        return [block.seconds / block.batches for block in self.blocks]

    def cpu_seconds_per_batch(self) -> list[float]:
        """Of each block."""
        return [block.cpu_seconds / block.batches for block in self.blocks]

    def _go_through_first_epoch(self, study: Study) -> None:
        examples = study.epoch_examples
        if examples is None:
            raise UserError(
                f"pipeline.cache={self.pipeline.cache}: the pipeline is not known to end, so a "
                "cache may never be full"
            )
        batches = ceil(examples / study.batch) + 1
        give_up, taken = time.perf_counter() + _EPOCH_SECONDS, 0
        while taken < batches:
            taken += self._drain(batches=1).batches
            if taken < batches and time.perf_counter() > give_up:
                raise UserError(
                    f"pipeline.cache={self.pipeline.cache}: not tried, as {taken} of the "
                    f"{batches} batches to fill it with took {_EPOCH_SECONDS:.0f} s"
                )

    @contextlib.contextmanager
    def _temperature(self) -> Iterator[None]:
        if self._cold:
            with kept_cold(self._files):
                yield
        else:
            yield


def take_turns(runners: Sequence[Runner], rounds: int, block_seconds: float, seed: int) -> None:
    """Gives each runner a block a round, in an order that changes."""
    rng = np.random.default_rng(seed)
    for _ in range(rounds):
        for place in rng.permutation(len(runners)):
            runners[place].run(block_seconds)


def on_few_examples(study: Study, examples: int = _EXAMPLES) -> Study:
    """The same study on so many examples only, or on four batches; a person's own pipeline stays
    as it is."""
    train = study.feed.train
    count = min(train.examples, max(examples, 4 * study.batch))
    if study.feed.pipeline._target_ is not None or count == train.examples:
        return study
    return replace(study, feed=replace(study.feed, train=_first(train, count)))


def _first(split: Split, examples: int) -> Split:
    pieces = tuple(
        Piece(run.path, run.first, run.count) for run in cut(numbered(split.pieces), 0, examples)
    )
    paths: Any = {piece.path for piece in pieces}
    return replace(split, pieces=pieces, files=tuple(path for path in split.files if path in paths))
