"""Configurations of a fit that differ in workers only: what is drawn as one curve."""

from benchmarks.scaling.cells import Cell
from benchmarks.scaling.fit import STRONG, Fit
from results.text import counted, number

MOST_CURVES = 4
"""Shown of a fit: more are no plot to read."""

_BYTES_PER_MB = 1e6


def curves_of(fit: Fit) -> list[Cell]:
    """The beginnings of its curves, a cell of the fewest workers each."""
    found: dict[str, Cell] = {}
    for point in sorted(fit.points, key=lambda point: point.cell.workers):
        found.setdefault(conditions(fit, point.cell), point.cell)
    return list(found.values())


def conditions(fit: Fit, cell: Cell) -> str:
    """What of network, gradient, servers and batch sets `cell` apart within its fit, in words."""
    cells = [point.cell for point in fit.points]
    parts = []
    if len({each.mbit_per_second for each in cells}) > 1:
        parts.append(_network(cell))
    if len({each.gradient_bytes for each in cells}) > 1:
        parts.append(f"{number((cell.gradient_bytes or 0) / _BYTES_PER_MB)} MB of gradients")
    if len({each.ps for each in cells}) > 1:
        parts.append(counted(cell.ps, "server"))
    if len({each.accelerator for each in cells}) > 1:
        parts.append(f"accelerators of {number(cell.accelerator)}/s")
    if len({_batch(fit, each) for each in cells}) > 1:
        parts.append(f"batch {number(_batch(fit, cell))}")
    return ", ".join(parts)


def _batch(fit: Fit, cell: Cell) -> float:
    return cell.batch_total if fit.rule == STRONG else cell.batch_per_replica


def _network(cell: Cell) -> str:
    if cell.mbit_per_second is None:
        return "the machine's own network"
    return f"{number(cell.mbit_per_second)} Mbit/s"
