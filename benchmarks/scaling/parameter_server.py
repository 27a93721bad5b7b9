"""A step of a worker that waits for nobody: it queues at the coordinator and at the servers.

The variables come from `ps` servers and the gradients go back: each server's link and host move
bytes ÷ ps for each of n workers' steps, so that together they let through at most
ps · β ÷ bytes steps a second (the fan-in). Below that, workers meet at the servers by chance.
"""

from benchmarks.scaling.cells import Cell
from benchmarks.scaling.synchronous import LITTLE, Known, bytes_of, computing_terms, wire_unknown
from benchmarks.scaling.terms import COORDINATOR, EXCHANGE, NETWORK, Term

_WORKED = ("compute", "update")
"""A worker reads the variables while it computes, and hands gradients over in its update."""
_QUEUED = ("queue",)
_WAYS = 2
"""Variables come, gradients go."""
_COORDINATOR_SECONDS = 0.002
"""With TensorFlow 2.21 on two cores the coordinator lets 300 steps a second through at most."""
_SECONDS_PER_BYTE = 1.5e-9
"""As of a collective, see `synchronous`."""


def parameter_server_terms(known: Known) -> tuple[Term, ...]:
    """The terms of a step of one worker."""
    usual, spread = wire_unknown(known)
    per_byte = _SECONDS_PER_BYTE if known.has_gradient_bytes else 0.0
    return (
        *computing_terms(known, _WORKED, _WORKED, at_once=False),
        Term(
            COORDINATOR,
            _QUEUED,
            lambda cell: 1.0,
            _COORDINATOR_SECONDS,
            _COORDINATOR_SECONDS,
            station=True,
        ),
        Term(
            EXCHANGE,
            _WORKED,
            lambda cell: _WAYS * bytes_of(cell) / cell.ps,
            usual=per_byte,
            spread=per_byte or LITTLE * known.step_seconds,
            station=True,
        ),
        Term(NETWORK, _WORKED, _wire, usual, spread, station=True),
    )


def _wire(cell: Cell) -> float:
    return _WAYS * bytes_of(cell) / cell.ps * (cell.wire_seconds_per_byte or 0.0)
