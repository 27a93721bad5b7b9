"""The actor that keeps an agent on its node and carries lines to it and from it.

It reaches the node as a value, so that the node's Python finds it without this project: what it
needs is imported here from the standard library and from Ray alone.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import Mapping, Sequence

import ray

_SAID_BYTES = 2_000
"""Of what an agent printed besides its lines, the end is kept."""
_FROM_RAY = ("RAY_", "OMP_NUM_THREADS")
"""Variables that Ray sets for its own workers, and that tasks mustn't inherit: they would compute
with fewer threads than elsewhere, and a cluster's token is none of their business."""


class Carrier:
    """One agent and its pipes. Ray ends it with its driver or its node; its agent's input ends
    then, and with it the agent and all that it has started."""

    async def node(self) -> str:
        """The id of the node that it is on."""
        return str(ray.get_runtime_context().get_node_id())

    async def start(
        self, module: str, words: Sequence[str], environment: Mapping[str, str]
    ) -> None:
        """Starts `python -P -m module words…` with this environment on top of the node's own."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(_FROM_RAY)}
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._said = b""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", module, *words),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**kept, **environment},
            start_new_session=True,
        )
        self._listening = asyncio.gather(self._take_lines(), self._take_the_rest())

    async def write(self, lines: Sequence[str]) -> None:
        """Hands lines to the agent; nothing where it has ended."""
        pipe = self._process.stdin
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            pipe.write("".join(f"{line}\n" for line in lines).encode())  # type: ignore[union-attr]
            await pipe.drain()  # type: ignore[union-attr]

    async def read(self) -> list[str]:
        """Lines of the agent, as soon as there is one; none once it has ended."""
        found: list[str] = []
        line = await self._lines.get()
        while line is not None:
            found.append(line)
            if self._lines.empty():
                return found
            line = self._lines.get_nowait()
        if found:
            self._lines.put_nowait(None)
        return found

    async def end(self) -> tuple[int, str]:
        """How the agent ended: its exit code, and the end of what it printed besides its lines."""
        await self._listening
        return await self._process.wait(), self._said.decode(errors="replace")

    async def _take_lines(self) -> None:
        async for line in self._process.stdout:  # type: ignore[union-attr]
            self._lines.put_nowait(line.decode().rstrip("\n"))
        self._lines.put_nowait(None)

    async def _take_the_rest(self) -> None:
        while data := await self._process.stderr.read(1 << 16):  # type: ignore[union-attr]
            self._said = (self._said + data)[-_SAID_BYTES:]
