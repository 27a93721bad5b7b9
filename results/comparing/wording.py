"""Comparisons as sentences that a person can quote."""

from results.columns import COLUMNS, LOWER
from results.comparing.comparison import Comparison
from results.statistics import FEWEST_REPEATS
from results.text import counted, fixed, one_line

THROUGHPUT = "examples_per_second"
_LONGEST_NAME = 160


def sentence(of: Comparison) -> str:
    """ "multiworker, 4 workers: 1.23 × faster than mirrored (1.18 to 1.28)", or that nothing is
    shown, or why there is no comparison."""
    subject, against = one_line(of.subject, _LONGEST_NAME), one_line(of.object, _LONGEST_NAME)
    if of.found is None:
        return f"{subject}: not compared with {against}: {_too_few(of)}"
    low, high = of.interval
    if not of.shown:
        return f"{subject}: no difference from {against} shown{_metric(of)} ({_span(low, high)})"
    ratio, kind = of.ratio, f"the {of.metric} of"
    if of.metric == THROUGHPUT:
        kind = "faster than" if ratio > 1 else "slower than"
        if ratio < 1:
            ratio, low, high = 1 / ratio, 1 / high, 1 / low
    times = fixed(ratio, _digits(low, high))
    return f"{subject}: {times} × {kind} {against} ({_span(low, high)})"


def basis(of: Comparison) -> str:
    """What the sentence rests on, and what its repeats could have shown; empty without any."""
    if of.found is None:
        return ""
    if of.found.pairs:
        rests_on = f"{counted(of.found.pairs, 'pair')} {of.paired}"
    else:
        rests_on = f"{of.repeats[0]} and {of.repeats[1]} repeats that did not run in turn, unpaired"
    could = f"could have shown a difference of {percents(of.smallest_shown)}"
    return f"{rests_on}; {could}{'' if of.shown else _what_would_settle(of)}"


def percents(share: float) -> str:
    """A share of 1 with two figures: "4.1%"."""
    return f"{100 * share:.2g}%" if share < 0.995 else f"{100 * share:,.0f}%"


def worse_by(of: Comparison) -> float:
    """By which share the subject is worse, negative where it is better: 0.05 is 5% slower."""
    column = COLUMNS.get(of.metric)
    lower_is_better = column is not None and column.better == LOWER
    return of.ratio - 1 if lower_is_better else 1 - of.ratio


def _what_would_settle(of: Comparison) -> str:
    seen = percents(max(of.ratio, 1 / of.ratio) - 1)
    more = of.more_repeats()
    if more is None:
        return f"; to settle the {seen} seen would take over 1,000"
    return f"; {more:,} more of each would settle the {seen} seen" if more else ""


def _too_few(of: Comparison) -> str:
    have = f"{of.repeats[0]} and {of.repeats[1]} repeats" if sum(of.repeats) else "no repeats"
    return f"{have}, it takes {FEWEST_REPEATS} of each"


def _metric(of: Comparison) -> str:
    return "" if of.metric == THROUGHPUT else f" in {of.metric}"


def _span(low: float, high: float) -> str:
    digits = _digits(low, high)
    return f"{fixed(low, digits)} to {fixed(high, digits)}"


def _digits(low: float, high: float) -> int:
    """As many after the point as tell the ends of an interval apart."""
    return 3 if high - low < 0.025 else 2
