"""Twitch chat, read without an account: IRC over TLS or over WebSocket."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Final, Protocol
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from hikari_ml.errors import InputError
from hikari_ml.platforms.source import (
    CAPACITY,
    FIRST_PAUSE,
    LiveSource,
    LostConnection,
    RateLimit,
    RecentIds,
)
from hikari_ml.platforms.tls import context_for
from hikari_ml.platforms.twitch_irc import Heard, TwitchChat, channel_name, opening

IRC_URL: Final = "ircs://irc.chat.twitch.tv:6697"

SILENCE_SECONDS: Final = 60.0
"""Silence after which we ask whether the other side is still there, and after as much again it is not."""

CONNECT_SECONDS: Final = 15.0
"""Time for connecting, and again for being let into the channel."""

JOINS: Final = RateLimit(20, 10.0)
"""Twitch allows 20 joins in 10 seconds; all chats of a process share them."""

CHUNK: Final = 16_384
"""Bytes read at once: a hundred messages, so that a flood leaves others their turn."""

MAX_FRAME: Final = 1_000_000
PORTS: Final = {"irc": 6667, "ircs": 6697}


class Wire(Protocol):
    """A connection that carries IRC."""

    async def read(self) -> bytes:
        """Bytes as they come; none is the end."""
        ...

    async def send(self, data: bytes) -> None:
        """Send whole lines."""
        ...


class TwitchSource(LiveSource):
    """The chat of ``channel`` on Twitch, read only, no account needed.

    ``url`` is ``ircs://`` (TLS), ``wss://``, or in the clear ``irc://`` or ``ws://``. ``silence_seconds`` of
    nothing make it send a PING; without an answer for as long again the connection counts as lost.

    Raises:
        InputError: no channel can be called so, or the address is none.
        SourceError (on iterating): Twitch refuses the channel for good.
    """

    def __init__(
        self,
        channel: str,
        *,
        url: str = IRC_URL,
        capacity: int = CAPACITY,
        silence_seconds: float = SILENCE_SECONDS,
        first_pause: float = FIRST_PAUSE,
        joins: RateLimit = JOINS,
    ) -> None:
        name = channel_name(channel)
        super().__init__(f"twitch:{name}", name, capacity=capacity, first_pause=first_pause)
        self._url = _checked(url)
        self._silence = silence_seconds
        self._joins = joins
        self._seen = RecentIds()

    async def _session(self) -> None:
        chat = TwitchChat(self.channel, self.counts, self._seen)
        await asyncio.sleep(self._joins.book(time.monotonic()))
        async with _wired(self._url) as wire:
            await wire.send(opening(self.channel, f"justinfan{random.randrange(10_000, 1_000_000)}"))
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    while not (heard := await self._hear(wire, chat)).joined:
                        await self._pass_on(wire, heard)
            except TimeoutError:
                raise LostConnection(f"#{self.channel} did not let us in; is it spelled right?") from None
            self._connected()
            while True:
                await self._pass_on(wire, heard)
                heard = await self._hear(wire, chat)

    async def _hear(self, wire: Wire, chat: TwitchChat) -> Heard:
        """What comes next."""
        data = await self._read(wire)
        if not data:
            raise LostConnection("Twitch ended the connection")
        return chat.feed(data, datetime.now(UTC))

    async def _pass_on(self, wire: Wire, heard: Heard) -> None:
        """Tell what was heard, then answer what wants it: closing may interrupt the answer."""
        for event in heard.events:
            self.tell(event)
        if heard.answers:
            await wire.send(b"".join(heard.answers))
        if heard.reconnect:
            raise LostConnection("Twitch asks to connect anew")

    async def _read(self, wire: Wire) -> bytes:
        """The next bytes; a silence is answered with a PING, and one after that with giving up."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._silence):
                return await wire.read()
        await wire.send(b"PING :hikari\r\n")
        try:
            async with asyncio.timeout(self._silence):
                return await wire.read()
        except TimeoutError:
            raise LostConnection(f"no answer for {self._silence:g} s; the connection is dead") from None


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("irc", "ircs", "ws", "wss") or not parts.hostname:
        raise InputError("url", url, "give an address such as ircs://irc.chat.twitch.tv:6697")
    return url


@asynccontextmanager
async def _wired(url: str) -> AsyncIterator[Wire]:
    """A connection to ``url``, closed at the end."""
    if url.startswith("ws"):
        async with _web_socket(url) as wire:
            yield wire
        return
    parts = urlsplit(url)
    secure = await context_for(url)
    async with asyncio.timeout(CONNECT_SECONDS):
        reader, writer = await asyncio.open_connection(
            parts.hostname, parts.port or PORTS[parts.scheme], ssl=secure
        )
    try:
        yield _Stream(reader, writer)
    finally:
        writer.close()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(1.0):  # the other side may be gone
                await writer.wait_closed()


@asynccontextmanager
async def _web_socket(url: str) -> AsyncIterator[Wire]:
    try:
        async with connect(
            url,
            ssl=await context_for(url),
            max_size=MAX_FRAME,
            compression=None,
            open_timeout=CONNECT_SECONDS,
        ) as socket:
            yield _WebSocket(socket)
    except WebSocketException as error:
        raise LostConnection(str(error)) from error


class _Stream:
    """IRC over TCP or TLS."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self) -> bytes:
        """Bytes as they come."""
        return await self._reader.read(CHUNK)

    async def send(self, data: bytes) -> None:
        """Send lines; never waits for the other side to read them."""
        self._writer.write(data)


class _WebSocket:
    """IRC over WebSocket: a frame holds whole lines."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def read(self) -> bytes:
        """The lines of the next frame."""
        frame = await self._socket.recv(decode=False)
        return frame if frame.endswith(b"\n") else frame + b"\r\n"

    async def send(self, data: bytes) -> None:
        """Send lines as one text frame."""
        await self._socket.send(data.decode())
