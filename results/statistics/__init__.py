"""Pure functions on series of measurements. Nothing here reads a file."""

from results.statistics.autocorrelation import autocorrelation, effective_sample
from results.statistics.bootstrap import (
    SMALLEST_EFFECTIVE_SAMPLE,
    Interval,
    within_run_interval,
)

__all__ = [
    "SMALLEST_EFFECTIVE_SAMPLE",
    "Interval",
    "autocorrelation",
    "effective_sample",
    "within_run_interval",
]
