"""Local servers that speak what the platforms speak."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from websockets.asyncio.server import ServerConnection, serve

ROOM = ":tmi.twitch.tv 001 justinfan :Welcome, GLHF!\r\n@room-id=7 :tmi.twitch.tv ROOMSTATE #{channel}\r\n"


class IrcConnection:
    """One client of the IRC server."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.lines: list[str] = []

    async def line(self) -> str:
        """The next line of the client; empty at its end."""
        found = (await self.reader.readline()).decode().rstrip("\r\n")
        if found:
            self.lines.append(found)
        return found

    async def joined(self, channel: str = "hikari", *, answer: bool = True) -> None:
        """Let the client in."""
        while not (line := await self.line()).startswith("JOIN"):
            assert line, "the client left before it joined"
        if answer:
            await self.send(ROOM.format(channel=channel))

    async def send(self, text: str | bytes) -> None:
        """Send as it is."""
        self.writer.write(text.encode() if isinstance(text, str) else text)
        await self.writer.drain()

    async def say(self, text: str, name: str = "anna", tags: str = "") -> None:
        """Say something as a viewer."""
        head = f"@{tags} " if tags else ""
        await self.send(f"{head}:{name}!{name}@{name}.tmi.twitch.tv PRIVMSG #hikari :{text}\r\n")


@dataclass
class IrcServer:
    """Runs ``script(connection, number)`` for every client, then ends the connection."""

    script: Callable[[IrcConnection, int], Awaitable[None]]
    url: str = ""
    connections: list[IrcConnection] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader, writer):
        task = asyncio.current_task()
        self.tasks.add(task)
        connection = IrcConnection(reader, writer)
        self.connections.append(connection)
        try:
            with suppress(OSError, asyncio.CancelledError):
                await self.script(connection, len(self.connections))
        except Exception as error:  # told to the test at the end
            self.errors.append(error)
        finally:
            writer.close()
            self.tasks.discard(task)


@asynccontextmanager
async def irc_server(script, scheme="irc", ssl=None) -> AsyncIterator[IrcServer]:
    server = IrcServer(script)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=ssl)
    server.url = f"{scheme}://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listening.close()
        await _ended(server.tasks)
    assert not server.errors, server.errors


@asynccontextmanager
async def web_socket_server(script) -> AsyncIterator[str]:
    """A WebSocket server that runs ``script(socket, number)`` for every client; its address."""
    errors, number = [], 0

    async def handler(socket: ServerConnection) -> None:
        nonlocal number
        number += 1
        try:
            await script(socket, number)
        except Exception as error:  # told to the test at the end
            if "ConnectionClosed" not in type(error).__name__:
                errors.append(error)

    async with serve(handler, "127.0.0.1", 0) as listening:
        yield f"ws://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    assert not errors, errors


@dataclass
class Request:
    """What a client asked."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: dict


@asynccontextmanager
async def http_server(answer: Callable[[Request], tuple[int, object]]) -> AsyncIterator[str]:
    """An HTTP server that answers JSON (or bytes as they are); its address."""
    tasks: set[asyncio.Task[None]] = set()
    errors = []

    async def handler(reader, writer):
        task = asyncio.current_task()
        tasks.add(task)
        try:
            while request := await _request(reader):
                status, found = answer(request)
                body = found if isinstance(found, bytes) else json.dumps(found).encode()
                head = f"HTTP/1.1 {status} x\r\nContent-Type: application/json\r\n"
                writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        except Exception as error:  # told to the test at the end
            errors.append(error)
        finally:
            writer.close()
            tasks.discard(task)

    listening = await asyncio.start_server(handler, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        listening.close()
        await _ended(tasks)
    assert not errors, errors


async def _request(reader) -> Request | None:
    first = (await reader.readline()).decode().split()
    if not first:
        return None
    headers = {}
    while (line := (await reader.readline()).decode().strip()) != "":
        name, _, value = line.partition(":")
        headers[name.casefold()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    parts = urlsplit(first[1])
    return Request(first[0], parts.path, dict(parse_qsl(parts.query)), headers, json.loads(body or b"{}"))


async def _ended(tasks) -> None:
    for task in list(tasks):
        task.cancel()
    if tasks:
        await asyncio.gather(*list(tasks), return_exceptions=True)


async def until(source, wanted, most=1000):
    """Events of ``source`` up to the first that ``wanted`` likes."""
    found = []
    async with asyncio.timeout(20):
        async for event in source:
            found.append(event)
            if wanted(event) or len(found) >= most:
                break
    return found
