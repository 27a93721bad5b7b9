"""The launcher's end of a run on Ray: a driver process, and lines to its agents and from them."""

import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from typing import IO, Any

from launcher.engines import EngineError
from launcher.engines.agents import Channel
from results.errors import UserError

_KEPT_BYTES = 20_000
"""Of what a driver printed before it died, the end is shown."""
_LEAVING_SECONDS = 20.0
"""For a driver to end its agents, leave the cluster and end a local one."""
_NODE_LETTERS = 12
"""Of a node's id, which has 56: as many as Ray's own messages need to be found."""


class RayChannel(Channel):
    """One driver, which has an actor for each agent."""

    def __init__(
        self, words: Sequence[str], environment: Mapping[str, str], temporary: str | None
    ) -> None:
        """Starts the driver and doesn't wait for it.

        Args:
          words: the driver's command line.
          environment: set for the driver, on top of the launcher's.
          temporary: folder of a local cluster, which goes with it.
        """
        self._temporary = temporary
        self._output: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  closed in close()
        self._driver = subprocess.Popen(
            [sys.executable, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._output,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._told, selectors.EVENT_READ)
        self._pending = b""
        self._ended: dict[int, str] = {}
        self._nodes: dict[int, str] = {}
        self.cluster: str | None = None
        """Address of the cluster; None until it has let the driver in."""

    def send(self, line: str) -> None:
        if self._output.closed:
            raise EngineError("the process that talks to Ray was ended")
        pipe = self._driver.stdin
        try:
            pipe.write(line.encode() + b"\n")  # type: ignore[union-attr]
            pipe.flush()  # type: ignore[union-attr]
        except BrokenPipeError as error:
            raise EngineError(self._said()) from error

    def receive(self, timeout: float) -> Sequence[tuple[int, str]]:
        if not self._selector.select(timeout):
            return []
        data = os.read(self._told.fileno(), 1 << 16)
        if not data:
            raise EngineError(self._said())
        *lines, self._pending = (self._pending + data).split(b"\n")
        return [line for record in map(json.loads, lines) for line in self._take(record)]

    def ended(self) -> Mapping[int, str]:
        return self._ended

    def where(self, number: int) -> str:
        return self._nodes.get(number, "")

    def close(self) -> None:
        if self._output.closed:
            return
        self._driver.stdin.close()  # type: ignore[union-attr]
        try:  # Ray waits long for a cluster that doesn't answer
            self._driver.wait(0.0 if self.cluster is None else _LEAVING_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._driver.pid, signal.SIGKILL)
            self._driver.wait()
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
        self._told.close()
        self._selector.close()
        self._output.close()

    @property
    def _told(self) -> IO[bytes]:
        return self._driver.stdout  # type: ignore[return-value]

    def _take(self, record: dict[str, Any]) -> Sequence[tuple[int, str]]:
        """Raises UserError where the cluster can't give what is asked for."""
        if "refused" in record:
            raise UserError(record["refused"])
        if "connected" in record:
            self.cluster = record["connected"]
        elif "waiting" in record:
            print(f"waiting {record['waiting']}; Ctrl-C ends it", file=sys.stderr)
        elif "at" in record:
            node = record["node"][:_NODE_LETTERS]
            self._nodes[record["at"]] = f"Ray node {node} at {record['address']}"
        elif "ended" in record:
            self._ended[record["ended"]] = record["how"]
        elif "from" in record:
            return [(record["from"], line) for line in record["lines"]]
        return []

    def _said(self) -> str:
        """That the driver is gone, and what it printed last."""
        self._output.seek(0)
        told = self._output.read()[-_KEPT_BYTES:].decode(errors="replace").strip()
        return f"the process that talks to Ray has ended:\n{told}"
