"""What a fit says, in sentences."""

from benchmarks.scaling.cells import Cell
from benchmarks.scaling.fit import Fit
from benchmarks.scaling.limits import LEAST_GAIN, limit_of
from results.text import counted, number, percent

_BYTES_PER_MB = 1e6


def conditions(fit: Fit, cell: Cell) -> str:
    """What of network, gradient, servers and batch sets `cell` apart within its fit, in words."""
    cells = [point.cell for point in fit.points]
    batch = cell.batch_total if fit.rule == "strong" else cell.batch_per_replica
    parts = []
    if len({each.mbit_per_second for each in cells}) > 1:
        parts.append(_network(cell))
    if len({each.gradient_bytes for each in cells}) > 1:
        parts.append(f"{number((cell.gradient_bytes or 0) / _BYTES_PER_MB)} MB of gradients")
    if len({each.ps for each in cells}) > 1:
        parts.append(counted(cell.ps, "server"))
    if len({each.accelerator for each in cells}) > 1:
        parts.append(f"accelerators of {number(cell.accelerator)}/s")
    batches = {
        each.batch_total if fit.rule == "strong" else each.batch_per_replica for each in cells
    }
    if len(batches) > 1:
        parts.append(f"batch {number(batch)}")
    return ", ".join(parts)


def headline(fit: Fit) -> str:
    """Where it ends, and what holds it: the message of its plot."""
    limit = limit_of(fit)
    if limit is None or limit.cause is None:
        return f"more workers pay up to {limit.workers}" if limit else "throughput over workers"
    return f"{limit.cause} holds it from {counted(limit.workers, 'worker')} on"


def sentences(fit: Fit) -> list[str]:
    """What it rests on, and where it ends."""
    return [*_basis(fit), *_nothing_held_out(fit), *_limit(fit)]


def _basis(fit: Fit) -> list[str]:
    found = []
    if fit.left_out:
        found.append(
            f"{counted(fit.left_out, 'run')} left out: failed, or without a measured speed."
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


def _limit(fit: Fit) -> list[str]:
    limit = limit_of(fit)
    if limit is None:
        return []
    found = []
    if limit.second_gives < LEAST_GAIN and limit.workers > 1:
        found.append(f"A second worker alone gives {limit.second_gives:+.1%}.")
    under = conditions(fit, fit.usual)
    start = f"From {counted(limit.workers, 'worker')} on{f' ({under})' if under else ''}, "
    start += f"one more gives less than {LEAST_GAIN:.0%}"
    if limit.cause is None:
        return [*found, f"{start}, as it would with ideal scaling."]
    return [*found, f"{start}: {limit.cause} holds it, {percent(limit.share)} of a step there."]


def _network(cell: Cell) -> str:
    if cell.mbit_per_second is None:
        return "the machine's own network"
    return f"{number(cell.mbit_per_second)} Mbit/s"


def _listed(counts: list[int]) -> str:
    words = [str(count) for count in counts]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
