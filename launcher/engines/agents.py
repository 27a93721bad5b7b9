"""A group whose processes run on other hosts, started there by agents (`launcher.engines.agent`).

It is the same whatever brought the agents there: an engine gives it a way to connect, which is all
that is different between clusters.
"""

import contextlib
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from launcher.agreement import differences, versions
from launcher.engines import (
    LOST_HOST,
    UNREAD_CLOCK,
    Clock,
    EngineError,
    Exit,
    Group,
    Isolation,
    Look,
    Place,
    TaskProcess,
)
from launcher.engines.agent import host_file, start_file
from launcher.engines.witness import Witness
from results.errors import UserError
from results.run_folder import RunFolder

_BEAT_SECONDS = 0.5
_OWED_SECONDS = 0.4
"""After which an answer to a beat is late."""
_BEATS_KEPT = 30
_LOST_SECONDS = 10.0
"""An agent that says nothing for so long is taken for lost, and its host with it."""
_PAUSE_SECONDS = 5.0
"""Between two polls: a launcher that was itself busy or stopped for longer has not listened."""
_PATIENCE_SECONDS = 0.1
_ANSWER_SECONDS = 120.0
"""An agent answers beats at once, but other questions only when its server has imported TensorFlow,
for which a busy host has taken more than 10 s; one that says nothing at all is lost before."""
_SHARED_SECONDS = 10.0
"""Network file systems may show a new file late."""
_KILLED = -9


class Channel(ABC):
    """Agents that have been started, numbered from 0, and a way to talk with them."""

    @abstractmethod
    def send(self, line: str) -> None:
        """Write a line to every agent that lives; returns without waiting. Raises EngineError."""

    @abstractmethod
    def receive(self, timeout: float) -> Sequence[tuple[int, str]]:
        """The agent's number and a line of its, in their order; waits at most `timeout` seconds for
        the first."""

    @abstractmethod
    def ended(self) -> Mapping[int, str]:
        """Agents that are known to have ended, and how, in words."""

    @abstractmethod
    def close(self) -> None:
        """End all agents and wait for that. May be repeated."""

    def where(self, number: int) -> str:
        """What else, besides its name, the cluster calls the host of that agent."""
        return ""


Connect = Callable[[Path, int], Channel]
"""Starts so many agents for the run in that folder. Raises EngineError, UserError."""


@dataclass
class _Agent:
    number: int
    heard: float
    hello: bool = False
    host: str = ""
    record: dict[str, Any] = field(default_factory=dict)
    """What it found out about its host."""
    running: set[str] = field(default_factory=set)
    looked: dict[str, Look] = field(default_factory=dict)
    ports: list[int] | None = None
    lost: str | None = None
    """Why it is of no use any more."""
    answered: int = 0
    """The newest beat that it has answered."""
    clock: Clock | None = None


class AgentGroup(Group):
    """One agent for each task of a run."""

    def __init__(
        self,
        connect: Connect,
        folder: Path,
        tasks: Sequence[str],
        given_up: Callable[[], bool],
        replaces_hosts: bool = True,
    ) -> None:
        """Returns when every agent has described its host.

        Args:
          replaces_hosts: whether connecting once more finds others for hosts that were lost.

        Raises EngineError, UserError where hosts don't go together, and KeyboardInterrupt.
        """
        self.isolation = Isolation("none", "its tasks run on several hosts")
        self._connect, self._folder, self._tasks = connect, folder.absolute(), list(tasks)
        self._given_up = given_up
        self.replaces_hosts = replaces_hosts
        self._exits: dict[str, Exit] = {}
        self._places: dict[str, Place] = {}
        self._beats: dict[int, float] = {}
        self._witness = Witness(self._folder)
        try:
            self._open()
        except BaseException:
            self._witness.leave()
            raise

    def start(self, process: TaskProcess) -> None:
        agent = self._agent_of(process.name)
        process.log.parent.mkdir(parents=True, exist_ok=True)
        record = {**asdict(process), "log": str(process.log.absolute())}
        RunFolder(self._folder).write(start_file(process.name), record)
        agent.running.add(process.name)
        agent.looked.pop(process.name, None)
        self._send({"to": agent.number, "start": process.name})

    def poll(self, timeout: float) -> dict[str, Exit]:
        limit = time.monotonic() + timeout
        while True:
            self._listen(limit - time.monotonic())
            if self._exits or time.monotonic() >= limit:
                ended, self._exits = self._exits, {}
                return ended

    def look(self) -> dict[str, Look]:
        """As the hosts have told of it last, twice a second."""
        self._listen(0.0)
        running = [agent for agent in self._agents if agent.running]
        return {
            name: agent.looked[name]
            for agent in running
            for name in agent.running
            if name in agent.looked
        }

    def signal(self, name: str, number: int) -> None:
        agent = next((each for each in self._agents if name in each.running), None)
        if agent is not None:
            self._send({"to": agent.number, "signal": name, "number": int(number)})

    def close(self) -> None:
        self._end_agents()
        self._witness.leave()

    def _end_agents(self) -> None:
        with contextlib.suppress(EngineError):
            self._send({"leave": True})
        self._channel.close()
        for agent in self._agents:
            (self._folder / host_file(agent.number)).unlink(missing_ok=True)

    def places(self, ports: Mapping[str, int]) -> dict[str, Place] | None:
        if lost := self.lost_hosts():
            if not self.replaces_hosts:
                raise EngineError(f"host {lost[0]} was lost, and there is no other")
            self._end_agents()
            try:
                self._open()
            except UserError as error:  # what a person can mend no more, as the run is under way
                raise EngineError(str(error)) from error
        chosen = self._ports([ports.get(name, 0) for name in self._tasks])
        self._places = {
            name: Place(
                host=agent.host,
                address=agent.record["address"],
                ports=tuple(own),
                cores=tuple(agent.record["cores"]),
            )
            for name, agent, own in zip(self._tasks, self._agents, chosen, strict=True)
        }
        return self._places

    def lost_hosts(self) -> Sequence[str]:
        return sorted({agent.host for agent in self._agents if agent.lost is not None})

    def can_start(self, name: str) -> bool:
        return self._agent_of(name).lost is None

    def silent(self) -> Sequence[str]:
        now = time.monotonic()
        due = max(
            (beat for beat, sent in self._beats.items() if now - sent > _OWED_SECONDS), default=0
        )
        late = [agent for agent in self._agents if agent.answered < due]
        return [name for agent in late for name in agent.running]

    def clocks(self) -> dict[str, Clock]:
        found = zip(self._tasks, self._agents, strict=True)
        return {name: agent.clock for name, agent in found if agent.clock is not None}

    def hosts(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for name, agent in zip(self._tasks, self._agents, strict=True):
            told = found.setdefault(
                agent.host,
                {
                    **agent.record["environment"],
                    "free_bytes": agent.record["free_bytes"],
                    "tasks": [],
                },
            )
            told["tasks"].append(name)
        return found

    def _agent_of(self, name: str) -> _Agent:
        """A process that is no task of the run goes where the first task is."""
        return self._agents[self._tasks.index(name) if name in self._tasks else 0]

    def _open(self) -> None:
        self._channel = self._connect(self._folder, len(self._tasks))
        now = self._polled = time.monotonic()
        self._agents = [_Agent(number, now) for number in range(len(self._tasks))]
        try:
            self._wait_for(lambda agent: agent.hello, seconds=None)
            self._check_hosts()
        except BaseException:
            self._end_agents()
            raise

    def _wait_for(self, has_answered: Callable[[_Agent], bool], seconds: float | None) -> None:
        """Raises EngineError where one is lost meanwhile, or is late; KeyboardInterrupt."""
        limit = None if seconds is None else time.monotonic() + seconds
        while not all(has_answered(agent) for agent in self._agents):
            if self._given_up():
                raise KeyboardInterrupt
            self._listen(_PATIENCE_SECONDS)
            for agent in self._agents:
                if agent.lost is not None:
                    raise EngineError(f"host {agent.host or agent.number} {agent.lost}")
            if limit is not None and time.monotonic() > limit:
                late = next(agent for agent in self._agents if not has_answered(agent))
                raise EngineError(f"host {late.host or late.number} doesn't answer")

    def _check_hosts(self) -> None:
        """Raises UserError where one doesn't see the folder or has other versions."""
        for agent in self._agents:
            agent.record = self._read_host(agent.number)
            agent.host = agent.record["host"]
        first = self._agents[0]
        for agent in self._agents[1:]:
            own, others = (versions(each.record["environment"]) for each in (agent, first))
            found = differences(own, agent.host, others, first.host)
            if found is not None:
                raise UserError(
                    f"engine: the hosts differ: {found}; install the same on all of them"
                )

    def _read_host(self, number: int) -> dict[str, Any]:
        limit = time.monotonic() + _SHARED_SECONDS
        while True:
            found = RunFolder(self._folder).read_if_there(host_file(number))
            if found is not None:
                return found
            if time.monotonic() > limit:
                raise UserError(
                    f"hydra.run.dir={self._folder}: what task {self._tasks[number]}'s host writes "
                    "there isn't seen here; give a folder on a file system that all hosts share"
                )
            time.sleep(_PATIENCE_SECONDS)

    def _ports(self, counts: Sequence[int]) -> list[list[int]]:
        """So many free ports for each agent; those on the same host get different ones."""
        taken: dict[str, set[int]] = {}
        chosen: list[list[int]] = [[] for _ in counts]
        left = {agent.number for agent in self._agents if counts[agent.number]}
        while left:
            for number in left:
                agent = self._agents[number]
                agent.ports = None
                but = sorted(taken.get(agent.record["address"], ()))
                self._send({"to": number, "ports": counts[number], "but": but})
            asked = frozenset(left)
            self._wait_for(partial(_has_told_ports, asked), _ANSWER_SECONDS)
            for number in sorted(left):
                agent = self._agents[number]
                here, found = taken.setdefault(agent.record["address"], set()), agent.ports or []
                if len(found) < counts[number]:
                    raise EngineError(f"host {agent.host} has too few free ports")
                if here.isdisjoint(found):
                    here.update(found)
                    chosen[number] = found
                    left = left - {number}
        return chosen

    def _send(self, record: dict[str, Any]) -> None:
        self._channel.send(json.dumps(record, separators=(",", ":")))

    def _listen(self, timeout: float) -> None:
        """Take what arrives, ask for signs of life, and notice who gives none."""
        now = time.monotonic()
        if now - self._polled > _PAUSE_SECONDS:
            for agent in self._agents:
                agent.heard += now - self._polled
        last = max(self._beats, default=0)
        if now - self._beats.get(last, 0.0) >= _BEAT_SECONDS:
            self._beats[last + 1] = now
            self._beats.pop(last + 1 - _BEATS_KEPT, None)
            self._send({"beat": last + 1})
        until_next_beat = self._beats[max(self._beats)] + _BEAT_SECONDS - now
        for number, line in self._channel.receive(max(0.0, min(timeout, until_next_beat))):
            self._take(self._agents[number], json.loads(line))
        self._polled = now = time.monotonic()
        ended = self._channel.ended()
        for agent in self._agents:
            if agent.number in ended:
                self._lose(agent, ended[agent.number])
            elif agent.hello and now - agent.heard > _LOST_SECONDS:
                self._lose(agent, f"hasn't answered for {_LOST_SECONDS:g} s")

    def _take(self, agent: _Agent, record: dict[str, Any]) -> None:
        now = agent.heard = time.monotonic()
        if "exited" in record:
            offset = agent.clock.offset_seconds if agent.clock else 0.0
            ago = time.time() + offset - record["clock"]
            seen_ns = time.monotonic_ns() - int(ago * 1e9)
            agent.running.discard(record["exited"])
            self._exits[record["exited"]] = Exit(record["code"], seen_ns, record["ended_for"])
        elif "looked" in record:
            agent.looked |= {name: Look(*seen) for name, seen in record["looked"].items()}
        elif "beat" in record:
            agent.answered = record["beat"]
            self._read_clock(agent, self._beats.get(record["beat"]), now, record["clock"])
        elif "ports" in record:
            agent.ports = record["ports"]
        elif "refused" in record:
            self._lose(agent, record["refused"])
        elif "hello" in record:
            agent.hello = True
            if record["hello"] is not None:
                raise UserError(
                    f"hydra.run.dir={self._folder}: on the host of {self._tasks[agent.number]}: "
                    f"{record['hello']}; give a folder on a file system that all hosts share"
                )

    def _read_clock(self, agent: _Agent, sent: float | None, now: float, there: float) -> None:
        """`sent` and `now` are of the monotonic clock."""
        if sent is not None:
            received = time.time() - (time.monotonic() - now)
            known = agent.clock or UNREAD_CLOCK
            agent.clock = known.or_nearer(received - (now - sent), there, received)

    def _lose(self, agent: _Agent, why: str) -> None:
        if agent.lost is not None:
            return
        agent.lost = why
        where = self._channel.where(agent.number)
        host = f"{agent.host} ({where})" if where else agent.host
        said = f"was lost with its host {host}, which {why}"
        for name in agent.running:
            self._exits[name] = Exit(_KILLED, time.monotonic_ns(), LOST_HOST, said)
        agent.running.clear()


def _has_told_ports(asked: Collection[int], agent: _Agent) -> bool:
    return agent.number not in asked or agent.ports is not None
