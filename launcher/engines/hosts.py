"""Emulated hosts' networks: one for each task, joined by a bridge in the run's own network.

    task, eth0 ══ host-0 ── bridge ── host-1 ══ eth0, task

Each end of a cable lets through no more than the host's rate (a token bucket, tc-tbf(8)), so a host
sends at that rate and receives at that rate, both at once. iproute2 makes them, and root is needed;
the kernel takes all of it away when the last process of the run ends.
"""

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

from launcher.engines import Host, namespaces

_BRIDGE = "bridge"
_PREFIX_BITS = 16
"""All hosts of a run are in one network."""
_PROGRAMS = ("ip", "tc")
_BURST_SECONDS = 0.002
_LEAST_BURST_BYTES = 1 << 14
"""What may pass at once: where a bucket takes less than comes between two ticks of the kernel's
timer, the rate isn't reached (tc-tbf(8))."""
_MOST_AT_ONCE_BYTES = 1 << 16
"""What TCP hands to a device at once, as network cards take it. What is more than a bucket holds
would be cut into single packets there, each of which wakes its receiver: at 200 Mbit/s that took a
core for each host."""
_QUEUE_SECONDS = 0.1
_LEAST_QUEUE_BYTES, _MOST_QUEUE_BYTES = 1 << 18, 1 << 22
"""What waits for its turn at an end, as in a switch: at low rates so little that nothing waits for
seconds, else some buffers of TCP, so that packets which are lost don't limit the rate."""
_SECONDS = 30.0
"""iproute2 takes milliseconds; longer than this it hangs."""


class Hosts:
    """The networks of a run's hosts; made and used by the process that leads it, in the run's."""

    def __init__(self) -> None:
        self._networks: dict[Host, int] = {}

    def network_of(self, host: Host) -> int:
        """Descriptor of the network of `host`, which is made on first use. Raises OSError."""
        if not self._networks:
            _iproute("ip", [f"link add {_BRIDGE} type bridge", f"link set {_BRIDGE} up"])
        if host not in self._networks:
            self._networks[host] = _connected(host, f"host-{len(self._networks)}")
        return self._networks[host]


@functools.cache
def why_not() -> str | None:
    """Why there can be no emulated hosts here; None where there can. Tried in a child."""
    if sys.platform != "linux":
        return f"{sys.platform} has no network namespaces"
    if os.geteuid() != 0:
        return f"only root can make one (this is user {os.geteuid()})"
    missing = [program for program in _PROGRAMS if shutil.which(program) is None]
    if missing:
        return f"{' and '.join(missing)} of iproute2 can't be found"
    reason = namespaces.tried(_make_one)
    return f"this system doesn't let it be made ({reason})" if reason else None


def _make_one() -> None:
    namespaces.join_network(namespaces.new_network())
    Hosts().network_of(Host("10.0.0.1", mbit_per_second=100.0))


def _connected(host: Host, port: str) -> int:
    """A new network, with a cable to the bridge's `port`."""
    network = namespaces.new_network()
    _iproute(
        "ip",
        [
            f"link add {port} type veth peer name eth0 netns /proc/self/fd/{network}",
            f"link set {port} master {_BRIDGE}",
            f"link set {port} up",
        ],
        inherits=network,
    )
    _iproute("tc", [_limit(port, host)])
    with namespaces.in_network(network):
        _iproute(
            "ip",
            [
                f"address add {host.address}/{_PREFIX_BITS} dev eth0",
                f"link set eth0 gso_max_size {_most_at_once(host)} up",
            ],
        )
        _iproute("tc", [_limit("eth0", host)])
    return network


def _limit(device: str, host: Host) -> str:
    assert host.mbit_per_second is not None  # else it has no network of its own
    bits = host.mbit_per_second * 1e6
    queue = min(_MOST_QUEUE_BYTES, max(_LEAST_QUEUE_BYTES, round(bits / 8 * _QUEUE_SECONDS)))
    burst = _burst_bytes(host)
    return f"qdisc add dev {device} root tbf rate {round(bits)}bit burst {burst} limit {queue}"


def _burst_bytes(host: Host) -> int:
    assert host.mbit_per_second is not None
    return max(_LEAST_BURST_BYTES, round(host.mbit_per_second * 1e6 / 8 * _BURST_SECONDS))


def _most_at_once(host: Host) -> int:
    """Bytes, of which a bucket counts the headers of every packet that they will be."""
    return min(_MOST_AT_ONCE_BYTES, round(0.9 * _burst_bytes(host)))


def _iproute(program: str, lines: Sequence[str], inherits: int | None = None) -> None:
    """Lines that `ip` or `tc` carries out. Raises OSError with what it says where one fails."""
    try:
        ended = subprocess.run(
            [program, "-batch", "-"],
            input="".join(f"{line}\n" for line in lines),
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            pass_fds=[] if inherits is None else [inherits],
        )
    except subprocess.TimeoutExpired as error:
        raise OSError(f"{program} has not ended after {_SECONDS:g} s") from error
    if ended.returncode:
        said = " ".join(ended.stderr.split())
        raise OSError(f"{program}: {said or f'exit code {ended.returncode}'}")
