"""A step of a worker that waits for nobody: it queues at the coordinator and at the servers.

The variables come from `ps` servers and the gradients go back: each server's link and host move
bytes ÷ ps for each of n workers' steps, so that together they let through at most
ps · β ÷ bytes steps a second (the fan-in). Below that, workers meet at the servers by chance.
"""

from benchmarks.scaling.cells import Cell
from benchmarks.scaling.synchronous import (
    LITTLE,
    Known,
    bytes_of,
    computing_terms,
    wire_unknown,
)
from benchmarks.scaling.terms import COORDINATOR, EXCHANGE, HOPS, NETWORK, Term

_WORKED = ("compute", "update")
"""A worker reads the variables while it computes, and hands gradients over in its update."""
_QUEUED = ("queue",)
_WAYS = 2
"""Variables come, gradients go."""
# What is usual, measured with TensorFlow 2.21 on two cores with 1, 2, 4 and 8 workers that sleep
# 32 ms a step: to it come 3.6, 4.8, 16 and 16 ms without bytes to speak of, 3.4, 6.9, 11 and 20 ms
# with 1.6 MB, 6.6, 12, 23 and 22 ms with 3.5 MB. The machine had other work, so that these are
# orders of magnitude, and spreads are as large as the values.
_COORDINATOR_SECONDS, _COORDINATOR_SPREAD = 0.001, 0.002
_ROUND_SECONDS, _ROUND_WORK_SECONDS = 0.001, 0.0015
_SECONDS_PER_BYTE, _SECONDS_PER_BYTE_COPIED = 0.7e-9, 0.2e-9
_QUEUED_SHARE = 0.85
"""Of what a worker reads and hands over on a server's link, what waits for others. The link carries
one worker's variables beside another's gradients, so it is less than 1; workers that meet there
keep step with each other, so it is more than the 0.5 of chance. Eight workers tell 0.6 to 0.95."""


def parameter_server_terms(known: Known) -> tuple[Term, ...]:
    """The terms of a step of one worker."""
    return (
        *computing_terms(known, _WORKED, _WORKED, at_once=False),
        *_round_terms(),
        *_byte_terms(known),
        Term(
            COORDINATOR,
            _QUEUED,
            lambda cell: 1.0,
            _COORDINATOR_SECONDS,
            _COORDINATOR_SPREAD,
            station=True,
        ),
    )


def _round_terms() -> list[Term]:
    """Of asking for the variables and handing over the gradients, whatever their size; and of its
    work on cores that all tasks share."""
    return [
        Term(HOPS, _WORKED, column, usual, spread=usual)
        for column, usual in ((lambda cell: 1.0, _ROUND_SECONDS), (_crowding, _ROUND_WORK_SECONDS))
    ]


def _byte_terms(known: Known) -> list[Term]:
    """Of each byte: at a server, on cores that all tasks share, and on the server's link."""

    def moved(cell: Cell) -> float:
        return _WAYS * bytes_of(cell) / cell.ps

    def copied(cell: Cell) -> float:
        return _WAYS * bytes_of(cell) * _crowding(cell)

    def sent(cell: Cell) -> float:
        return moved(cell) * (cell.wire_seconds_per_byte or 0.0)

    served, shared = _SECONDS_PER_BYTE, _SECONDS_PER_BYTE_COPIED
    wire, wire_spread = wire_unknown(known)
    if not known.has_gradient_bytes:
        unknown = LITTLE * known.step_seconds
        link = Term(NETWORK, _WORKED, sent, wire, wire_spread, station=True)
        return [Term(EXCHANGE, _WORKED, moved, 0.0, unknown, station=True), link]
    queued, beside = _QUEUED_SHARE * wire, (1 - _QUEUED_SHARE) * wire
    return [
        Term(EXCHANGE, _WORKED, moved, served, spread=served, station=True),
        Term(EXCHANGE, _WORKED, copied, shared, spread=shared),
        Term(NETWORK, _WORKED, sent, queued, wire_spread, station=True),
        Term(NETWORK, _WORKED, sent, beside, wire_spread),
    ]


def _crowding(cell: Cell) -> float:
    """How many times as long work takes that workers and the servers that answer them do at once
    on the cores they share."""
    if cell.shared_cores is None:
        return 1.0
    return max(1.0, (cell.workers + cell.ps) / cell.shared_cores)
