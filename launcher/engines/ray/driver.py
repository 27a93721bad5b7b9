"""Ray's side of a run: reserves room, starts a carrier for each agent, and passes lines on.

A process of its own, which `launcher.engines.ray.channel` starts as `python -m
launcher.engines.ray.driver <process id of the launcher> <request>`. Its standard input has the
lines for the agents; when that ends, agents are told to leave and everything goes: to Ray a driver
is a job, whose actors and reserved room never outlast it. On its standard output it tells, an
object a line:

    {"connected": "10.0.0.1:6379"}          {"refused": "what a person has to mend"}
    {"waiting": "for what, in words"}       {"at": 0, "node": "3f…", "address": "10.0.0.4"}
    {"from": 0, "lines": ["…"]}             {"ended": 0, "how": "in words"}
"""

import asyncio
import json
import logging
import os
import shutil
import socket
import sys
import threading
from typing import IO, Any

import ray
from ray.exceptions import RayActorError, RayError
from ray.util.placement_group import PlacementGroup, placement_group, remove_placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from launcher.addresses import LOOPBACK
from launcher.engines.ray import carrier, room
from launcher.engines.ray.autoscaling import autoscales
from launcher.engines.ray.request import Request
from launcher.hardware import available_cores
from results.errors import described
from results.text import last_line

_AGENT = "launcher.engines.agent"
_LOOK_SECONDS = 1.0
"""How often it is looked whether a cluster has room by now."""
_SLOW_SECONDS = 8.0
_CONNECT_SECONDS = 45.0
"""A local cluster took 4 s to start on two idle cores; Ray gives up on others after about 30."""
_UNSURE_LOOKS = 6
"""A new cluster's monitor needs so long to tell whether it autoscales."""
_LEAVING_SECONDS = 5.0
"""For agents to end what they have started; the kernel ends it where they don't answer."""
_ANSWER_SECONDS = 2.0
"""For a node to take a connection."""
_STORE_BYTES = 100_000_000
"""Of a local cluster's object store, which nothing here uses; Ray's least is 75 MB."""
_NO_CLUSTER = (ConnectionError, RuntimeError, ValueError, OSError, RayError)
"""What `ray.init` raises where there is no cluster, or one of another version."""


def main(request: Request) -> None:
    """Serves until standard input ends, or nothing can be had from the cluster."""
    told = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Ray prints, too
    timers = [
        threading.Timer(_SLOW_SECONDS, _say_slow, (request, told)),
        threading.Timer(_CONNECT_SECONDS, _give_up, (request, told)),
    ]
    for timer in timers:
        timer.start()
    try:
        # Here and in no other thread: a local cluster ends with the thread that has made it.
        try:
            _connect(request)
        finally:
            for timer in timers:
                timer.cancel()
        asyncio.run(_Driver(request, told).run())
    except Refused as refusal:
        _refuse(str(refusal), told)
    finally:
        ray.shutdown()
        if request.temporary is not None:
            shutil.rmtree(request.temporary, ignore_errors=True)
    os._exit(0)  # at once: a thread still waits for input


def _refuse(why: str, told: IO[str]) -> None:
    print(json.dumps({"refused": why}), file=told, flush=True)


def _say_slow(request: Request, told: IO[str]) -> None:
    where = f"Ray at {request.address} to answer" if request.address else "a local Ray to start"
    print(json.dumps({"waiting": f"for {where}"}), file=told, flush=True)


def _give_up(request: Request, told: IO[str]) -> None:
    """Ends this process, as nothing else ends Ray's waiting; the kernel ends a local cluster."""
    _refuse(
        f"engine.address={request.address or 'null'}: Ray has let nobody in for "
        f"{_CONNECT_SECONDS:g} s; look at `ray status`",
        told,
    )
    os._exit(1)


class Refused(Exception):
    """The cluster can't give what is wanted; says which key is wrong and what would be right."""


class _Driver:
    def __init__(self, request: Request, told: IO[str]) -> None:
        self._request = request
        self._told = told
        self._inboxes: list[asyncio.Queue[str]] = [asyncio.Queue() for _ in request.wanted.gpus]
        self._started: set[int] = set()
        self._ended = asyncio.Event()
        self._waits_for: str | None = None
        self._addresses: dict[str, str] = {}
        """Of the cluster's nodes, by their ids."""

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        threading.Thread(target=_read_input, args=(loop, self), daemon=True).start()
        self._say({"connected": ray.get_runtime_context().gcs_address})
        group = await self._reserved()
        if group is None:
            return
        serving = [
            asyncio.create_task(self._serve(number, group)) for number in range(len(self._inboxes))
        ]
        all_served: asyncio.Future[Any] = asyncio.gather(*serving)
        left: asyncio.Future[Any] = asyncio.create_task(self._ended.wait())
        await asyncio.wait([all_served, left], return_when=asyncio.FIRST_COMPLETED)
        if all_served.done():
            all_served.result()  # raises what no agent's end explains
        await left
        for inbox in self._inboxes:
            inbox.put_nowait(json.dumps({"leave": True}))
        await asyncio.wait(serving, timeout=_LEAVING_SECONDS)
        remove_placement_group(group)

    def take(self, line: str) -> None:
        """A line for one agent, or for all; a beat is for those that can answer it now."""
        record = json.loads(line)
        numbers = [record["to"]] if "to" in record else range(len(self._inboxes))
        for number in numbers:
            if number in self._started or "beat" not in record:
                self._inboxes[number].put_nowait(line)

    def end(self) -> None:
        """The launcher has left, or is gone."""
        self._ended.set()

    async def _reserved(self) -> PlacementGroup | None:
        """Room for every agent; None where the launcher has left meanwhile. Raises Refused."""
        wanted, looks = self._request.wanted, 0
        # Asked for even where there is no room: that is what an autoscaler sees.
        group = placement_group(wanted.bundles(), strategy=wanted.placement)
        while not self._ended.is_set():
            if await asyncio.to_thread(group.wait, _LOOK_SECONDS):
                return group
            looks += 1
            nodes = room.nodes_of([each["Resources"] for each in ray.nodes() if each["Alive"]])
            fits, grows = room.has_room(wanted, nodes), autoscales()
            needed = f"{room.asked_in_words(wanted)}; the cluster has {room.nodes_in_words(nodes)}"
            if fits or grows:
                who = "not all of it is free" if fits else "its autoscaler is asked for more"
                self._say_waiting(f"{needed}, and {who}")
            elif grows is False or looks >= _UNSURE_LOOKS:
                raise Refused(
                    f"engine=ray: there is no room for {needed}; give fewer workers, a smaller "
                    "engine.cpus_per_task, or a larger cluster"
                )
        return None

    def _say_waiting(self, words: str) -> None:
        """Once for every reason: the cluster changes while it is waited for."""
        if words != self._waits_for:
            self._waits_for = words
            self._say({"waiting": f"for room: {words}"})

    async def _serve(self, number: int, group: PlacementGroup) -> None:
        """One agent from its start to its end."""
        wanted, node, address = self._request.wanted, "", ""
        actor = (
            ray.remote(carrier.Carrier)
            .options(
                num_cpus=wanted.cpus,
                num_gpus=wanted.gpus[number],
                scheduling_strategy=PlacementGroupSchedulingStrategy(group, number),
            )
            .remote()
        )
        try:
            node = await actor.node.remote()
            address = LOOPBACK if self._request.address is None else self._address(node)
            words = [str(number), *self._request.words, address]
            await actor.start.remote(_AGENT, words, self._request.environment)
            self._say({"at": number, "node": node, "address": address})
            self._started.add(number)
            writing = asyncio.create_task(_write(actor, self._inboxes[number]))
            try:
                while lines := await actor.read.remote():
                    self._say({"from": number, "lines": lines})
            finally:
                writing.cancel()
            code, said = await actor.end.remote()
            last = f": {last_line(said)}" if said.strip() else ""
            self._say({"ended": number, "how": f"left with code {code}{last}"})
        except RayError as error:
            how = await asyncio.to_thread(_why, node, address, error)
            self._say({"ended": number, "how": how})

    def _address(self, node: str) -> str:
        """By which its other nodes reach this one of the cluster."""
        if node not in self._addresses:
            found = {each["NodeID"]: each["NodeManagerAddress"] for each in ray.nodes()}
            self._addresses = found
        return self._addresses[node]

    def _say(self, record: dict[str, Any]) -> None:
        try:
            print(json.dumps(record), file=self._told, flush=True)
        except BrokenPipeError:
            self._ended.set()


async def _write(actor: Any, inbox: asyncio.Queue[str]) -> None:
    """One call after the other: Ray doesn't promise the order of those that are under way."""
    while True:
        lines = [await inbox.get()]
        while not inbox.empty():
            lines.append(inbox.get_nowait())
        try:
            await actor.write.remote(lines)
        except RayActorError:
            return  # who reads sees that as well, and says so


def _read_input(loop: asyncio.AbstractEventLoop, driver: _Driver) -> None:
    for line in sys.stdin:
        loop.call_soon_threadsafe(driver.take, line.rstrip("\n"))
    loop.call_soon_threadsafe(driver.end)


def _connect(request: Request) -> None:
    """Raises Refused where there is no such cluster, or it doesn't let this process in."""
    ray.cloudpickle.register_pickle_by_value(carrier)
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        if request.address is not None:
            ray.init(address=request.address, **quiet)
            return
        ray.init(
            address="local",  # whatever RAY_ADDRESS says
            num_cpus=len(available_cores()),
            include_dashboard=False,
            object_store_memory=_STORE_BYTES,
            _temp_dir=request.temporary,
            **quiet,
        )
    except _NO_CLUSTER as error:
        kind, said = described(error, longest=300)
        raise Refused(
            f"engine.address={request.address or 'null'}: Ray doesn't let this process in ({kind}: "
            f"{said}); it takes a node of the cluster, the cluster's versions of Ray and Python, "
            "and its token where it asks for one (RAY_AUTH_MODE=token)"
        ) from error


def _why(node: str, address: str, error: RayError) -> str:
    """Ray tells of an actor's end before it knows of its node's end: that is tried here."""
    for each in ray.nodes():
        if each["NodeID"] == node and each["Alive"] and _answers(address, each["NodeManagerPort"]):
            return f"is there, but its actor was ended: {described(error, longest=300)[1]}"
    return "doesn't answer any more" if node else described(error, longest=300)[1]


def _answers(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), _ANSWER_SECONDS).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main(Request.from_json(sys.argv[2]))
