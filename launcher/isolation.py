"""Whether a run is kept away from everybody else, why not, and who could connect then."""

from collections.abc import Sequence

from launcher.addresses import LOOPBACK
from launcher.engines import Isolation
from launcher.experiment import Experiment
from results.errors import UserError

NAMESPACE, NONE = "namespace", "none"
_MOST_NAMED = 8
"""Ports, and hosts, in a line."""


def is_wanted(experiment: Experiment) -> bool:
    """Whether the engine should isolate the run where it can."""
    return experiment.isolation != NONE and experiment.needs_network is None


def settled(experiment: Experiment, found: Isolation) -> Isolation:
    """What the run's isolation is, with the reason where there is none.

    Raises UserError where it was insisted on, or is needed, and the system doesn't allow it.
    """
    if found.kind == NAMESPACE:
        return found
    if experiment.isolation == NAMESPACE:
        raise UserError(
            f"isolation=namespace: {found.why}; give isolation=none on a machine that others "
            "can't reach"
        )
    rate = experiment.emulate.network.mbit_per_second
    if rate is not None:
        raise UserError(
            f"emulate.network.mbit_per_second={rate:g}: {found.why}, and an emulated network is "
            "the run's own; leave it out"
        )
    asked = "isolation=none was asked for" if experiment.isolation == NONE else None
    return Isolation(NONE, found.why or asked or experiment.needs_network)


def warning(isolation: Isolation, addresses: Sequence[str]) -> str | None:
    """One line about open ports and who could connect; None where there is nothing to fear."""
    if isolation.kind == NAMESPACE or not addresses:
        return None
    split = [address.rpartition(":") for address in addresses]
    hosts, ports = sorted({host for host, _, _ in split}), [port for _, _, port in split]
    here = hosts == [LOOPBACK]
    plural = "s" if len(ports) > 1 else ""
    few = len(ports) <= _MOST_NAMED
    named = f"port{plural} {', '.join(ports)}" if few else f"{len(ports)} ports"
    more = f" and {len(hosts) - _MOST_NAMED} more" if len(hosts) > _MOST_NAMED else ""
    where = f"this machine's {named}" if here else f"{named} of {', '.join(hosts[:_MOST_NAMED])}"
    return (
        f"not isolated: {isolation.why}; whoever reaches {where}{more} can run code as you, as "
        "TensorFlow listens everywhere and asks for no password"
    )
