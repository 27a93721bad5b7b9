"""Compares configurations over repeats: ratios with intervals, and what they could have shown."""

from results.comparing.comparison import Comparison, compare, compare_groups, read_together
from results.comparing.environments import differing, differing_revisions
from results.comparing.wording import THROUGHPUT, basis, percents, sentence, worse_by

__all__ = [
    "THROUGHPUT",
    "Comparison",
    "basis",
    "compare",
    "compare_groups",
    "differing",
    "differing_revisions",
    "percents",
    "read_together",
    "sentence",
    "worse_by",
]
