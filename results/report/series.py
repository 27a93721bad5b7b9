"""Lines of many points: thinned for a plot, and as a table of a dozen moments."""

from collections.abc import Callable, Mapping

import numpy as np

from results.report.drawing import Numbers
from results.text import fixed

_MOST_POINTS = 250
_ROWS_OF_NUMBERS = 12

Series = tuple[np.ndarray, np.ndarray]
"""x and y of a line, each [n]."""


def thinned(line: Series) -> Series:
    """At most 250 points: of each stretch the mean, so that nothing is picked by chance."""
    x, y = line
    if len(x) <= _MOST_POINTS:
        return x, y
    starts = np.linspace(0, len(x), _MOST_POINTS + 1).astype(int)[:-1]
    counts = np.diff(np.append(starts, len(x)))
    return np.add.reduceat(x, starts) / counts, np.add.reduceat(y, starts) / counts


def moments(lines: Mapping[str, Series], shown: Callable[[float], str]) -> Numbers:
    """A dozen moments over the whole time, each line's value there."""
    last = max(float(x[-1]) for x, _ in lines.values())
    first = min(float(x[0]) for x, _ in lines.values())
    moments = np.linspace(first, last, _ROWS_OF_NUMBERS)
    rows = [
        [
            fixed(float(moment), 1),
            *(shown(float(np.interp(moment, x, y, np.nan, np.nan))) for x, y in lines.values()),
        ]
        for moment in moments
    ]
    return Numbers(["seconds", *lines], rows)
