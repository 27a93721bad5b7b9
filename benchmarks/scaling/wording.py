"""What a fit says, in sentences."""

from benchmarks.scaling.cells import Cell
from benchmarks.scaling.curves import MOST_CURVES, conditions, curves_of
from benchmarks.scaling.fit import Fit
from benchmarks.scaling.limits import LEAST_GAIN, limit_of
from results.text import counted, percent

_MUCH = 0.1
"""Relative standard deviation of runs of one configuration. On a quiet machine it is 1 to 5%."""


def headline(fit: Fit) -> str:
    """Where it ends, and what holds it: the message of its plot."""
    limit, under = limit_of(fit, fit.usual), conditions(fit, fit.usual)
    where = f" ({under})" if under else ""
    if limit is None or limit.cause is None:
        return (
            f"more workers pay up to {limit.workers}{where}" if limit else "throughput over workers"
        )
    return f"{limit.cause} holds it from {counted(limit.workers, 'worker')} on{where}"


def sentences(fit: Fit) -> list[str]:
    """What it rests on, and where each of its curves ends."""
    curves = curves_of(fit)
    shown = curves[:MOST_CURVES]
    ends = [sentence for start in shown for sentence in _limit(fit, start)]
    more = len(curves) - len(shown)
    rest = [f"Of {len(curves)} curves the first {len(shown)} are shown."] if more else []
    return [*_basis(fit), *_nothing_held_out(fit), *ends, *rest]


def _basis(fit: Fit) -> list[str]:
    found = []
    if fit.left_out:
        found.append(
            f"{counted(fit.left_out, 'run')} left out: failed, not finished, or without a measured "
            "speed."
        )
    if fit.run_spread > _MUCH:
        found.append(
            f"Runs of one configuration differ by {percent(fit.run_spread)} (standard deviation): "
            "the machine had other work, or they are too short."
        )
    unknown = [
        point
        for point in fit.points
        if point.busy_cores is None and point.cell.workers > 1 and point.cell.shared_cores
    ]
    if unknown:
        found.append(
            f"Of {counted(len(unknown), 'run')} nothing tells whether the host's own cores were "
            "full: training has to last some seconds, until.seconds=8."
        )
    full = sorted({cell.workers for cell in fit.cores_full})
    if not full:
        return found
    where = f"{_listed(full)} workers"
    if fit.fitted_full:
        found.append(
            f"At {where} the host's own cores were full: this tells of more tasks on this "
            "machine, not of more machines."
        )
    else:
        found.append(f"At {where} the host's own cores were full: kept out of the fit.")
    return found


def _nothing_held_out(fit: Fit) -> list[str]:
    if fit.held_out:
        return []
    return [
        "Nothing was left out to be predicted: that takes three numbers of workers, here are "
        f"{_listed(list(fit.workers))}."
    ]


def _limit(fit: Fit, start: Cell) -> list[str]:
    limit = limit_of(fit, start)
    if limit is None:
        return []
    found = []
    under = conditions(fit, start)
    where = f" ({under})" if under else ""
    if limit.second_gives < LEAST_GAIN and limit.workers > 1:
        found.append(f"A second worker alone gives {limit.second_gives:+.1%}{where}.")
    said = f"From {counted(limit.workers, 'worker')} on{where}, one more gives less than "
    said += f"{LEAST_GAIN:.0%}"
    if limit.cause is None:
        return [*found, f"{said}, as it would with ideal scaling."]
    return [*found, f"{said}: {limit.cause} holds it, {percent(limit.share)} of a step there."]


def _listed(counts: list[int]) -> str:
    words = [str(count) for count in counts]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
