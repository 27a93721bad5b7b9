"""Pure functions on series of measurements. Nothing here reads a file."""

from results.statistics.autocorrelation import autocorrelation, effective_sample
from results.statistics.batch_means import (
    SMALLEST_EFFECTIVE_SAMPLE,
    Interval,
    within_run_interval,
)
from results.statistics.holm import holm_levels
from results.statistics.log_ratio import (
    FEWEST_REPEATS,
    LogRatio,
    mean_interval,
    paired,
    unpaired,
)
from results.statistics.power import detectable, repeats_needed

__all__ = [
    "FEWEST_REPEATS",
    "SMALLEST_EFFECTIVE_SAMPLE",
    "Interval",
    "LogRatio",
    "autocorrelation",
    "detectable",
    "effective_sample",
    "holm_levels",
    "mean_interval",
    "paired",
    "repeats_needed",
    "unpaired",
    "within_run_interval",
]
