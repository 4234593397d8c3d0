"""A network between two programs, that does what networks do to connections."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass


@dataclass(eq=False)
class Link:
    """One connection through a wire."""

    ends: tuple[asyncio.StreamWriter, asyncio.StreamWriter]
    left: int | None
    """Bytes until it is cut."""
    stuck: bool = False

    def close(self) -> None:
        for end in self.ends:
            end.close()


class Wire:
    """Carries bytes to ``port`` of this machine, and does its worst when told.

    A connection that has swallowed bytes once never carries any again, as a real one would not. With ``cuts``
    a new connection is cut after so many bytes at most, wherever in a frame that is; ``delay`` is the most
    seconds that a piece takes.
    """

    def __init__(self, port: int, seed: int = 1) -> None:
        self._to = port
        self._rng = random.Random(seed)
        self.swallows = False
        self.delay = 0.0
        self.cuts: int | None = None
        self.cut_count = 0
        self._links: set[Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self) -> int:
        """Listen; returns the port."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self.port

    def cut(self) -> None:
        """Cut every connection now."""
        self.cut_count += len(self._links)
        for link in self._links:
            link.close()

    async def aclose(self) -> None:
        self._server.close()
        for link in self._links:
            link.close()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            writer.close()
            return
        left = self._rng.randrange(self.cuts) if self.cuts is not None else None
        link = Link((writer, there_writer), left)
        self._links.add(link)
        await asyncio.gather(self._pump(link, reader, there_writer), self._pump(link, there_reader, writer))
        self._links.discard(link)
        link.close()

    async def _pump(self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                if self.delay:
                    await asyncio.sleep(self._rng.uniform(0, self.delay))
                link.stuck = link.stuck or self.swallows
                if link.stuck:
                    continue
                if link.left is not None and link.left < len(data):
                    writer.write(data[: link.left])
                    self.cut_count += 1
                    break
                link.left = None if link.left is None else link.left - len(data)
                writer.write(data)
                await writer.drain()
        if not link.stuck:
            link.close()


@asynccontextmanager
async def wire_to(port: int, seed: int = 1) -> AsyncIterator[Wire]:
    """A wire that listens."""
    wire = Wire(port, seed)
    await wire.serve()
    try:
        yield wire
    finally:
        await wire.aclose()
