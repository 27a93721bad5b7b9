"""Where tasks listen: the one place that chooses ports."""

import itertools
import random
import socket
from collections.abc import Collection
from pathlib import Path

from results.errors import UserError

LOOPBACK = "127.0.0.1"
LOWEST_PORT = 10_000
"""Below it live services that people start by hand."""
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LAST_PORT = 65_535
_ATTEMPTS = 1_000


def choose_addresses(
    count: int, first_port: int | None = None, private: bool = False
) -> tuple[str, ...]:
    """`count` distinct loopback addresses: free ports, or `first_port` and those after it.

    In a network of the run's own (`private`) all ports are free. Elsewhere free ports lie below the
    range from which the system gives ports to outgoing connections, so that none of those takes one
    before its task listens. Fixed ports are not tried: where one is occupied, its task says so.

    Raises:
      UserError: `first_port` leaves too few ports after it, or so many ports aren't free.
    """
    if private and first_port is None:
        first_port = LOWEST_PORT
    if first_port is not None:
        if first_port + count - 1 > _LAST_PORT:
            raise UserError(
                f"engine.first_port={first_port}: {count} tasks need ports up to "
                f"{first_port + count - 1}; give {_LAST_PORT - count + 1} at most"
            )
        return tuple(f"{LOOPBACK}:{first_port + index}" for index in range(count))
    return tuple(f"{LOOPBACK}:{port}" for port in free_ports(count))


def free_ports(count: int, but: Collection[int] = ()) -> tuple[int, ...]:
    """`count` distinct ports of this machine that nobody listens on.

    Args:
      but: those that have been given away, and aren't listened on yet.

    Raises:
      UserError: so many ports aren't free.
    """
    candidates = range(LOWEST_PORT, _first_ephemeral_port())
    tried = min(len(candidates), count + _ATTEMPTS)
    ports = (
        port
        for port in random.SystemRandom().sample(candidates, tried)
        if port not in but and is_free(port)
    )
    found = tuple(itertools.islice(ports, count))
    if len(found) == count:
        return found
    raise UserError(
        f"workers: {count} tasks need as many ports, and between {candidates.start} and "
        f"{candidates.stop} there are not so many free; give fewer workers"
    )


def host_address(number: int) -> str:
    """Address of the emulated host `number`, from 0, in the network of its run."""
    return f"10.77.{(number + 1) >> 8}.{(number + 1) & 0xFF}"


def is_free(port: int) -> bool:
    """TensorFlow's servers listen on every interface, so all must be free."""
    with socket.socket() as probe:
        # What a connection that has ended leaves behind for a minute is in nobody's way.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


def _first_ephemeral_port() -> int:
    usual = 32_768
    try:
        first = int(_EPHEMERAL.read_text().split()[0])
    except OSError:
        return usual
    return first if first > LOWEST_PORT + _ATTEMPTS else usual
