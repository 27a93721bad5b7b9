"""Which batch to try next under a memory limit, and when the largest that fits is known.

The memory of a task grows with its batch along a line: what it holds whatever the batch
(framework, variables, optimizer, input buffers), and what each example adds (activations). The
first run tries one example, the second `SECOND_BATCH`. From then on a careful line says what to
try: as steep as the measurements allow when each errs by `ERROR_SHARE`. Over a short distance an
error weighs much, so the next batch stays well below the limit; over a long one little, so it
comes near. A run that didn't fit bounds the batch from above. Batches are multiples of
`Question.unit`, so that each can be cut in equal parts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MOST_RUNS = 6
SECOND_BATCH = 32
"""What small workloads are usually given: enough to see a slope, little enough to be quick."""
NEAR_SHARE = 0.05
"""Of the batch: as near as the largest fitting one has to come to what can't fit any more."""
ERROR_SHARE = 0.02
"""Of a peak: what two runs of the same batch may differ by. Neighbouring batches of byte_lm were
off a common line by 1%."""


@dataclass(frozen=True)
class Trial:
    """One run under the limit."""

    batch: int
    """Examples per replica."""
    peak_mb: float | None
    """Most resident memory of one task; None where the run was ended before it got there."""
    fits: bool
    """Whether the run came to its end and no task held more than the limit."""


@dataclass(frozen=True)
class Question:
    """What is looked for."""

    limit_mb: float
    """Of each task."""
    unit: int = 1
    """Every batch is a multiple of it."""
    most: int | None = None
    """No batch is larger, whatever memory there is."""


@dataclass(frozen=True)
class Line:
    """Peak memory in MB against the batch."""

    base_mb: float
    mb_per_example: float

    def batch_at(self, peak_mb: float) -> float | None:
        """The batch that takes `peak_mb`; None where memory doesn't grow with the batch."""
        if self.mb_per_example <= 0:
            return None
        return (peak_mb - self.base_mb) / self.mb_per_example


def fitted(trials: Sequence[Trial]) -> Line | None:
    """The least-squares line through every peak that is known; None with fewer than two batches."""
    known = [(trial.batch, trial.peak_mb) for trial in trials if trial.peak_mb is not None]
    if len({batch for batch, _ in known}) < 2:
        return None
    batches, peaks = np.array(known, dtype=np.float64).T
    slope, base = np.polyfit(batches, peaks, 1)
    return Line(float(base), float(slope))


def largest_fitting(trials: Sequence[Trial]) -> Trial | None:
    """The fitting trial of the largest batch; None where none fits."""
    return max((trial for trial in trials if trial.fits), key=lambda each: each.batch, default=None)


def next_batch(trials: Sequence[Trial], question: Question) -> int | None:
    """The batch of the next run; None where the answer is known, or that nothing fits.

    What it returns is larger than every batch that fitted and smaller than every one that didn't.
    """
    if len(trials) >= MOST_RUNS:
        return None
    if not trials:
        return question.unit
    low = largest_fitting(trials)
    if low is None:
        return None
    above = min((trial.batch for trial in trials if not trial.fits), default=None)
    near = low.batch + max(question.unit - 1, NEAR_SHARE * low.batch)
    wanted = _wanted(trials, low, above, question)
    for bound in (above, None if question.most is None else question.most + 1):
        if bound is not None:
            last = (bound - 1) // question.unit * question.unit
            if last <= low.batch or bound <= near:
                return None
            wanted = min(wanted, last)
    if wanted <= near and low is not trials[0]:
        return None
    return max(int(wanted) // question.unit, low.batch // question.unit + 1) * question.unit


def _wanted(trials: Sequence[Trial], low: Trial, above: int | None, question: Question) -> float:
    careful = _careful_batch(trials, low, question.limit_mb)
    if careful is None:
        return SECOND_BATCH * question.unit if above is None else (low.batch * above) ** 0.5
    return careful if above is None or careful < above else (low.batch + above) / 2


def _careful_batch(trials: Sequence[Trial], low: Trial, limit_mb: float) -> float | None:
    """Where the steepest line that the measurements allow meets the limit."""
    first = min((trial for trial in trials if trial.fits), key=lambda each: each.batch)
    if first.batch == low.batch or first.peak_mb is None or low.peak_mb is None:
        return None
    grown = max(low.peak_mb - first.peak_mb, 0) + ERROR_SHARE * low.peak_mb
    return low.batch + (limit_mb - low.peak_mb) * (low.batch - first.batch) / grown
