"""`engine=ray`: what is asked for, checked before Ray is started, and a group for every run."""

import importlib.metadata
import os
import secrets
import socket
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from launcher.engines import Engine, Group
from launcher.engines.agents import AgentGroup, Channel
from launcher.engines.ray import room
from launcher.engines.ray.channel import RayChannel
from launcher.engines.ray.request import Request
from launcher.paths import python_path
from results.errors import UserError

_AUTO = "auto"
_CLIENT = "ray://"
_NODE = "raylet"
"""The process that makes a machine a node."""
_PROBE_SECONDS = 3.0
"""Ray itself waits a minute for an address that doesn't answer."""
_MOST_FOLDER_BYTES = 40
"""Of a local cluster's temporary folder: below it are sockets, whose paths have 107 at most."""
_DRIVER = "launcher.engines.ray.driver"
_TOKEN_MODE = {"RAY_AUTH_MODE": "token"}
_UNREPORTED = {"RAY_USAGE_STATS_ENABLED": "0"}
"""A local cluster would tell Ray's makers about itself."""
_NOTHING_ASKED = "task-0"
_NO_PASSWORD = (
    "Ray at {} asks for no password: whoever reaches its ports can run code there as you; "
    "RAY_AUTH_MODE=token on all nodes and here makes it ask"
)


@dataclass(frozen=True)
class RaySettings:
    """The keys of `engine` that this engine reads, resolved."""

    address: str | None
    """`host:port` of the cluster, or `auto`; None: a cluster of this machine, made for the run."""
    placement: str
    """One of `room.PLACEMENTS`."""
    cpus_per_task: float
    gpus_per_task: int
    """Of each task that computes."""


def ray_engine(method: str, options: Mapping[str, Any]) -> Engine:
    """The engine for `launch.method`, which the agents follow on their nodes.

    Raises UserError where Ray isn't installed.
    """
    settings = RaySettings(
        address=options["address"],
        placement=options["placement"] or room.SPREAD,
        cpus_per_task=options["cpus_per_task"] or 1.0,
        gpus_per_task=options["gpus_per_task"],
    )
    _check_installed()
    _check_address(settings.address)
    return RayEngine(method, settings)


class RayEngine(Engine):
    """Each run is a job of its own to Ray; between runs nothing is held."""

    def __init__(self, method: str, settings: RaySettings) -> None:
        self._method = method
        self._settings = settings
        self._channels: list[RayChannel] = []

    def open(
        self, folder: Path, tasks: Sequence[str], isolated: bool, given_up: Callable[[], bool]
    ) -> Group:
        tasks = tasks or [_NOTHING_ASKED]

        def connect(folder: Path, count: int) -> Channel:
            self._channels.append(self._connected(folder, tasks))
            return self._channels[-1]

        group = AgentGroup(connect, folder, tasks, given_up)
        if self._settings.address is not None and os.environ.get("RAY_AUTH_MODE") != "token":
            group.warning = _NO_PASSWORD.format(self._channels[-1].cluster)
        return group

    def close(self) -> None:
        for channel in self._channels:
            channel.close()

    def _connected(self, folder: Path, tasks: Sequence[str]) -> RayChannel:
        settings = self._settings
        local = settings.address is None
        temporary = _short_temporary_folder() if local else None
        request = Request(
            address=settings.address,
            temporary=temporary,
            wanted=room.Wanted(
                settings.cpus_per_task,
                room.gpus_by_task(tasks, settings.gpus_per_task),
                settings.placement,
            ),
            words=(str(folder), self._method),
            environment={"PYTHONPATH": _own_code()},
        )
        words = ["-P", "-m", _DRIVER, str(os.getpid()), request.to_json()]
        told = {"PYTHONPATH": python_path(), **_UNREPORTED}
        if local:  # a password of its own keeps the machine's other users out
            told |= {**_TOKEN_MODE, "RAY_AUTH_TOKEN": secrets.token_hex(32)}
        return RayChannel(words, told, temporary)


def _check_installed() -> None:
    try:
        importlib.metadata.version("ray")  # a folder of that name is no Ray
    except importlib.metadata.PackageNotFoundError:
        raise UserError(
            "engine=ray: the package ray isn't installed; pip install 'distribute-bench[ray]', "
            "here and on all nodes"
        ) from None


def _check_address(address: str | None) -> None:
    """Raises UserError where it can't be one, or nobody answers there."""
    if address is None:
        return
    told = f"engine.address={address}"
    if address == _AUTO:
        _check_node(told, "<host:port of its head>")
        return
    if address.startswith(_CLIENT):
        raise UserError(
            f"{told}: a client's jobs outlive it for half a minute; run the launcher on a node of "
            "the cluster and give its host:port (6379 if nobody chose another), or auto"
        )
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 1 << 16:
        raise UserError(f"{told}: host:port or auto is needed; null makes a local cluster")
    try:
        socket.create_connection((host, int(port)), _PROBE_SECONDS).close()
    except OSError as error:
        reason = error.strerror or str(error)
        raise UserError(
            f"{told}: no Ray answers there ({reason}); `ray start --head --port={port}` starts one"
        ) from None
    _check_node(told, address)


def _check_node(told: str, address: str) -> None:
    """Ray lets a driver in only by way of a node on the driver's own machine, for which it waits
    half a minute. Raises UserError where there is none."""
    names = (process.info["name"] for process in psutil.process_iter(["name"]))
    if _NODE not in names:
        raise UserError(
            f"{told}: this machine is no node of a Ray cluster; `ray start --address={address}` "
            "makes it one"
        )


def _short_temporary_folder() -> str:
    """A new one; not below TMPDIR where that is too far down for sockets."""
    root = tempfile.gettempdir()
    short = root if len(os.fsencode(root)) <= _MOST_FOLDER_BYTES else "/tmp"
    return tempfile.mkdtemp(prefix="ray-", dir=short)


def _own_code() -> str:
    """Where nodes find the code that this process runs: in folders that they share. What lies among
    Python's own is installed on each node for its Python."""
    python = {Path(prefix) for prefix in (sys.prefix, sys.base_prefix)}
    own = [Path(path).absolute() for path in sys.path]
    return os.pathsep.join(str(path) for path in own if python.isdisjoint(path.parents))
