"""How throughput grows with workers: models fitted to runs, that say how well they predict."""

from benchmarks.scaling.cells import Cell, Point
from benchmarks.scaling.fit import MEASURED, PREDICTED, STRONG, WEAK, Fit, HeldOut, Prediction
from benchmarks.scaling.fitting import fits_of, without_fit

__all__ = [
    "MEASURED",
    "PREDICTED",
    "STRONG",
    "WEAK",
    "Cell",
    "Fit",
    "HeldOut",
    "Point",
    "Prediction",
    "fits_of",
    "without_fit",
]
