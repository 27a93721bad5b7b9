"""A step of replicas that wait for each other: computing, then a ring all-reduce.

Gradients of `bytes` go round a ring of n in 2(n−1) hops, and each member sends 2(n−1)/n · bytes
(Patarasuk and Yuan, "Bandwidth optimal all-reduce algorithms for clusters of workstations", 2009).
A member's link and its host's copying take their time one after the other, for bytes are copied
before they are sent. In one process (mirrored, central_storage) there is no network.
"""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.scaling.cells import Cell
from benchmarks.scaling.terms import (
    COMPUTING,
    CORES,
    EXCHANGE,
    FIXED,
    HOPS,
    NETWORK,
    PAUSES,
    STRAGGLERS,
    UPDATE,
    Term,
)

IN_ONE_PROCESS = ("one_device", "mirrored", "central_storage")

_COMPUTED = ("compute", "straggle")
"""What the slowest task computes: parts are means over tasks, and a step waits for the slowest."""
_SUMMED, _UPDATED = ("transfer",), ("update",)

# What is usual, measured with TensorFlow 2.21 on two cores with replicas that sleep 30 ms a step:
# what 2, 4 and 8 of them add is 1.2, 3.3 and 10.5 ms without bytes to speak of, and 3, 8 and 20 ms
# more for 2.7 MB: all copy at once on the cores that they share.
_COLLECTIVE_SECONDS = 0.0004
_HOP_SECONDS, _HOP_WORK_SECONDS = 0.00015, 0.00015
_SECONDS_PER_BYTE, _SECONDS_PER_BYTE_COPIED = 0.2e-9, 1.0e-9
_UPDATE_SECONDS_PER_BYTE = 1e-9
_OTHER_HOSTS = 2.0
"""Spread of latencies on other hosts, in their own lengths: three times as slow is rare."""
_BYTE_SPREAD = 1.0e-9
"""Of both times a byte: how much of the copying hides behind waiting for the wire is not known."""
# A link that lets 200 Mbit/s through took 4% longer than bytes ÷ bandwidth, one of 50 Mbit/s 16%:
# headers of TCP and gRPC, and pauses between the hops.
_WIRE, _WIRE_SPREAD = 1.05, 0.08
_ACCELERATOR_SPREAD = 0.02
_STRAGGLE_SPREAD = 0.4
_DOUBT = 1.0
"""Spread of an unknown of which nothing is known, in lengths of a step."""
LITTLE = 0.3
"""The same of what is usually the lesser part: where no run tells it from computing, most of it is
computing."""


@dataclass(frozen=True)
class Known:
    """What all runs of a fit have told beside their lengths."""

    step_seconds: float
    """Of the fewest workers: the scale of everything."""
    batch_per_replica: float
    """With which that was."""
    has_gradient_bytes: bool
    has_accelerator: bool
    cores_per_task: float | None
    """That a task alone keeps busy."""
    straggle_seconds: Callable[[int], float]
    """By which the slowest of n is later than one alone, see `stragglers`."""
    tells_straggling: bool = False
    """Whether all runs of several workers tell how long they waited for the slowest."""


def ring_share(workers: int) -> float:
    """Of the gradients' bytes, what each member of a ring sends (and receives): 2(n−1)/n."""
    return 2 * (workers - 1) / workers


def hops(workers: int) -> int:
    """Of a ring all-reduce, one after the other: 2(n−1)."""
    return 2 * (workers - 1)


def crowding(cell: Cell, cores_per_task: float = 1.0) -> float:
    """How many times as long work takes that all tasks do at once on the cores they share."""
    if cell.shared_cores is None:
        return 1.0
    return max(1.0, cell.workers * cores_per_task / cell.shared_cores)


def synchronous_terms(known: Known, in_one_process: bool) -> tuple[Term, ...]:
    """The terms of a step of `multiworker`, or of replicas in one process."""
    found = [
        *computing_terms(known, _COMPUTED, _UPDATED, at_once=True),
        *_latency_terms(),
        *_exchange_terms(known),
        *_straggle_terms(known),
    ]
    if not in_one_process:
        found.append(_wire_term(known))
    return tuple(found)


def computing_terms(
    known: Known, computed: tuple[str, ...], updated: tuple[str, ...], *, at_once: bool
) -> tuple[Term, ...]:
    """What a worker does by itself.

    Args:
      computed: the parts that measure computing.
      updated: those that measure the update.
      at_once: whether all workers update their variables together.
    """
    whole = known.step_seconds
    fixed = Term(FIXED, PAUSES, lambda cell: 1.0, usual=0.0, spread=LITTLE * whole)
    unknown = LITTLE * whole
    update_spread = _UPDATE_SECONDS_PER_BYTE if known.has_gradient_bytes else unknown
    update = Term(
        UPDATE,
        updated,
        lambda cell: bytes_of(cell) * (crowding(cell) if at_once else 1.0),
        usual=0.0,
        spread=update_spread,
    )
    if known.has_accelerator:
        compute = Term(
            COMPUTING,
            computed,
            lambda cell: cell.batch_per_replica / cell.accelerator if cell.accelerator else 0.0,
            usual=1.0,
            spread=_ACCELERATOR_SPREAD,
        )
        return fixed, update, compute
    per_example = whole / known.batch_per_replica
    compute = Term(
        COMPUTING, computed, lambda cell: cell.batch_per_replica, 0.0, _DOUBT * per_example
    )
    crowded = Term(
        CORES,
        computed,
        lambda cell: cell.batch_per_replica * (crowding(cell, known.cores_per_task or 1.0) - 1),
        usual=per_example,
        spread=_DOUBT * per_example,
    )
    return fixed, update, compute, crowded


def bytes_of(cell: Cell) -> float:
    """The gradient's; 1 where they are not known: the unknown then stands for all of them."""
    return 1.0 if cell.gradient_bytes is None else cell.gradient_bytes


def _latency_terms() -> list[Term]:
    """Of a collective, of each hop, and of each hop's work on cores that all tasks share."""

    def collective(cell: Cell) -> float:
        return float(cell.workers > 1)

    def hop(cell: Cell) -> float:
        return float(hops(cell.workers))

    def crowded_hop(cell: Cell) -> float:
        return hops(cell.workers) * crowding(cell)

    return [
        Term(HOPS, _SUMMED, column, usual, _OTHER_HOSTS * usual)
        for column, usual in (
            (collective, _COLLECTIVE_SECONDS),
            (hop, _HOP_SECONDS),
            (crowded_hop, _HOP_WORK_SECONDS),
        )
    ]


def _exchange_terms(known: Known) -> list[Term]:
    """Of each byte, and of its copying on cores that all tasks share."""

    def exchanged(cell: Cell) -> float:
        return ring_share(cell.workers) * bytes_of(cell)

    def copied(cell: Cell) -> float:
        return exchanged(cell) * crowding(cell)

    unknown = LITTLE * known.step_seconds
    return [
        Term(EXCHANGE, _SUMMED, column, usual, _BYTE_SPREAD)
        if known.has_gradient_bytes
        else Term(EXCHANGE, _SUMMED, column, 0.0, unknown)
        for column, usual in ((exchanged, _SECONDS_PER_BYTE), (copied, _SECONDS_PER_BYTE_COPIED))
    ]


def _straggle_terms(known: Known) -> list[Term]:
    """Of chance, that makes now one worker the slowest, now another; and of one that always is."""

    def by_chance(cell: Cell) -> float:
        return known.straggle_seconds(cell.workers)

    def always(cell: Cell) -> float:
        return float(cell.workers > 1)

    found = [Term(STRAGGLERS, _COMPUTED, by_chance, usual=1.0, spread=_STRAGGLE_SPREAD)]
    if known.tells_straggling:  # else nothing would tell it from the latency of each exchange
        spread = LITTLE * known.step_seconds
        found.append(Term(STRAGGLERS, _COMPUTED, always, usual=0.0, spread=spread))
    return found


def _wire_term(known: Known) -> Term:
    def column(cell: Cell) -> float:
        return ring_share(cell.workers) * bytes_of(cell) * (cell.wire_seconds_per_byte or 0.0)

    return Term(NETWORK, _SUMMED, column, *wire_unknown(known))


def wire_unknown(known: Known) -> tuple[float, float]:
    """Usual value and spread: of seconds ÷ (bytes ÷ bandwidth), or of the bytes themselves."""
    return (_WIRE, _WIRE_SPREAD) if known.has_gradient_bytes else (0.0, _UNKNOWN_BYTES)


_UNKNOWN_BYTES = 1e9
"""Spread of a gradient's bytes where nothing tells them: as good as free."""
