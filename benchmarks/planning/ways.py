"""The ways to train that were measured: a strategy, how fast it is on one machine and on many.

The one place that knows the models of `benchmarks.scaling`; the planner itself needs only what a
`Way` says.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmarks.scaling import STRONG, Fit, Prediction

PARAMETER_SERVER = "parameter_server"
_ACROSS_MACHINES = ("multiworker", PARAMETER_SERVER)
_COORDINATORS = 1

Across = Callable[[int, float | None], Prediction]
"""Throughput of so many workers, each on a machine of its own like the measured one, linked by so
many Mbit/s (None: as measured)."""


@dataclass(frozen=True)
class Way:
    """A strategy that was measured."""

    strategy: str
    batch_of_one: float
    """Examples of a step with one worker."""
    on_one: tuple[tuple[int, Prediction], ...]
    """Workers on one machine together, as measured."""
    across: Across | None = None
    """None where the strategy stays within one machine."""
    fixed_batch: bool = False
    """Whether the global batch stays the same for any number of workers (strong scaling)."""
    servers: int = 0
    """Machines beside the workers': parameter servers and their coordinator."""
    synchronous: bool = True
    measured_across: frozenset[int] = field(default_factory=frozenset)
    """Numbers of workers that were measured with a machine each."""
    varied: str = ""
    """What sets it apart from another way of the same strategy."""
    held_out_error: float | None = None
    """Median relative error of the model's predictions of what it had not seen; None: unknown."""
    cores_full: bool = False
    """Whether the model knows nothing but runs whose machine was full: of more machines it then
    tells little."""
    emulated: str | None = None
    shared_cores: float | None = None
    """Of the machine that several workers of a run shared, where `across` gives each one to itself;
    None where they shared none."""

    @property
    def label(self) -> str:
        """The strategy, and what sets this way apart."""
        return ", ".join(filter(None, (self.strategy, self.varied)))

    @property
    def most_measured_workers(self) -> int:
        """Of any run, however many machines it had."""
        return max((*(count for count, _ in self.on_one), *self.measured_across), default=1)

    def batch_total(self, workers: ArrayLike) -> NDArray[np.float64]:
        """Examples of a step of all workers together, of the shape of `workers`."""
        of = np.asarray(workers, dtype=np.float64)
        return np.full_like(of, self.batch_of_one) if self.fixed_batch else of * self.batch_of_one


def ways_of(fits: Sequence[Fit]) -> tuple[Way, ...]:
    """Each model as a way to train."""
    return tuple(_way(fit) for fit in fits)


def _way(fit: Fit) -> Way:
    across = fit.strategy in _ACROSS_MACHINES
    on_one = [count for count in fit.workers if count == 1 or _is_one_machine(fit, across)]
    apart = set(fit.workers) - set(on_one) if across else set()
    servers = fit.usual.ps + _COORDINATORS if fit.strategy == PARAMETER_SERVER else 0
    return Way(
        strategy=fit.strategy,
        batch_of_one=fit.cell(1).batch_total,
        on_one=tuple((count, fit.predict(count)) for count in on_one),
        across=_across(fit) if across else None,
        fixed_batch=fit.rule == STRONG,
        servers=servers,
        synchronous=fit.strategy != PARAMETER_SERVER,
        measured_across=frozenset(apart),
        varied=fit.varied,
        held_out_error=fit.held_out_error,
        cores_full=fit.fitted_full,
        emulated=fit.emulated,
        shared_cores=_shared_cores(fit) if across else None,
    )


def _is_one_machine(fit: Fit, across: bool) -> bool:
    """Whether its workers shared what one machine really has: an emulated accelerator, host or
    link stands for a machine each."""
    usual = fit.usual
    emulated = (usual.accelerator, usual.host_cores, usual.mbit_per_second)
    if any(each is not None for each in emulated):
        return False
    return not across or usual.shared_cores is not None


def _shared_cores(fit: Fit) -> float | None:
    cells = [point.cell for point in fit.points if point.cell.workers > 1]
    return next((cell.shared_cores for cell in cells if cell.shared_cores is not None), None)


def _across(fit: Fit) -> Across:
    return lambda workers, mbit: fit.predict(workers, mbit_per_second=mbit, own_hosts=True)
