"""The whole pipeline as it was written, drained as a training loop would."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from input_pipelines.page_cache import kept_cold
from input_pipelines.profiling.counted import Block, CountedDrain
from input_pipelines.profiling.intervals import finite, over_rounds
from input_pipelines.profiling.model_nodes import snapshot

_BYTES_IN_MB = 1e6


@dataclass(frozen=True)
class WholeRound:
    """One block, and tf.data's model of the iterator at its end."""

    block: Block
    model: Any


class Whole:
    """The pipeline as written; its iterator goes on from block to block."""

    def __init__(self, dataset: tf.data.Dataset, batch: int, files: Sequence[str] = ()) -> None:
        """`files` are kept out of the page cache while a block runs."""
        self._element_bytes = _bytes_of(dataset.element_spec)
        self._batch, self._files = batch, files
        self._drain = CountedDrain(_endless(dataset), batch)

    def fill(self, examples: int) -> None:
        """Fills buffers and caches: takes a first batch, and at least so many examples."""
        self._drain.first()
        self._drain.take(examples)

    def block(self, seconds: float, with_model: bool = True) -> WholeRound:
        """Measures for about so many seconds."""
        with kept_cold(self._files) if self._files else nullcontext() as dropping:
            spent: Callable[[], float] = lambda: dropping.cpu_seconds if dropping else 0.0  # noqa: E731
            block = self._drain.block(seconds, spent)
        return WholeRound(block, snapshot(self._drain.iterator) if with_model else None)

    def record(self, rounds: Sequence[WholeRound]) -> dict[str, float | None]:
        """Rates over the rounds: medians, the first with its 95% interval."""
        rate = over_rounds([of.block.per_second(of.block.elements) for of in rounds])
        size = self._element_bytes or _bytes_by_model(rounds[-1].model)
        storage = [of.block.storage_bytes for of in rounds]
        read = [of.block.per_second(of.block.storage_bytes or 0) for of in rounds]
        return {
            "examples_per_second": rate.value,
            "low": finite(rate.low),
            "high": finite(rate.high),
            "mb_per_second": (
                None if size is None else rate.value / self._batch * size / _BYTES_IN_MB
            ),
            "storage_mb_per_second": (
                None if None in storage else over_rounds(read).value / _BYTES_IN_MB
            ),
            "cores_busy": over_rounds([of.block.cores_busy for of in rounds]).value,
        }


def _endless(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """The dataset itself where it is known to have no end, which changes nothing of how it runs."""
    if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        return dataset
    return dataset.repeat()


def _bytes_of(spec: Any) -> float | None:
    """Bytes of an element; None where shapes are open or strings are in it."""
    parts = tf.nest.flatten(spec, expand_composites=True)
    if not all(part.shape.is_fully_defined() and part.dtype != tf.string for part in parts):
        return None
    return float(sum(part.shape.num_elements() * part.dtype.size for part in parts))


def _bytes_by_model(model: Any) -> float | None:
    if model is None or model.output not in model.nodes:
        return None
    last = model.nodes[model.output]
    return last.bytes_produced / last.num_elements if last.num_elements else None
