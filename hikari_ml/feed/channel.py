"""One feed and its clients: the state is asked for again and again, and each client given what is due to it.

A round over the clients is cut into slices, between which the event loop does other things. No order is lost
by that: each client is brought from its own place to the newest frame, wherever the round stands.

What many get is made into bytes once and written to each transport as it is. ``websockets.broadcast`` builds
it anew for every connection, as it has to where each compresses by what it sent before; there it is used.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from websockets.asyncio.server import ServerConnection, broadcast
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from hikari_ml.errors import ClosedError, InputError
from hikari_ml.feed.audience import SLOW_BYTES, Audience, Follower
from hikari_ml.feed.counting import ChannelCounts
from hikari_ml.feed.frames import Close, Frame
from hikari_ml.feed.gate import Visitor
from hikari_ml.feed.session import FeedState
from hikari_ml.runtime.service import Service, ended

Snapshot = Callable[[], Awaitable[Mapping[str, Any]]]

SLICE_SECONDS: Final = 0.002
"""How long a round may hold the event loop before others have their turn."""

SLICE_CLIENTS: Final = 16
"""Clients that are served before the clock is looked at."""

EXTENSIONS: Final = "Sec-WebSocket-Extensions"
"""The header of an answer that agrees on compression."""

CLOSE_SECONDS: Final = 2.0
"""How long a client that is sent away may take to hear why."""

STALE_INTERVALS: Final = 10
STALE_SECONDS: Final = 5.0
"""A state older than this, and than so many intervals, is told of as stale."""

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False, kw_only=True)
class Client(Follower):
    """A connection and its place in the feed."""

    connection: Visitor
    binary: bool
    compressed: bool


class Channel(Service):
    """Serves what ``snapshot`` returns, as often as ``interval`` seconds, to the clients that joined."""

    def __init__(
        self, name: str, snapshot: Snapshot, *, interval: float, welcome: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__()
        self.name = name
        self.counts = ChannelCounts()
        self.trouble: str | None = None
        """The kind of error that keeps the state from being told; None when all is well."""
        self._snapshot = snapshot
        self._interval = interval
        self._told = 0.0
        self._news = asyncio.Event()
        self._leaving: set[asyncio.Task[None]] = set()
        head = {"channel": name, "interval_ms": round(interval * 1000), **(welcome or {})}
        self.feed = FeedState(welcome=head)
        self.clients: Audience[Client] = Audience(self.feed, self.counts)

    @property
    def is_open(self) -> bool:
        """Whether its first state is had, and it is not closed."""
        return self._state == "open"

    async def start(self) -> None:
        """Ask for the first state, and follow it from now on."""
        await self._ready()

    def publish(self, kind: str, data: Mapping[str, Any]) -> None:
        """Send an event to every client; one that cannot be written is logged and counted."""
        try:
            self.feed.event(kind, data, self._now())
        except InputError:
            self.counts.failed_events += 1
            _log.exception("an event of %r could not be sent", self.name)
            return
        self.counts.frames += 1
        self._news.set()

    def join(self, connection: Visitor, hello: Mapping[str, Any], *, binary: bool) -> Client:
        """Give a client its first frames and count it among those that follow.

        Nothing is awaited between the two: a frame in between would be a hole.
        """
        extended = connection.response is not None and EXTENSIONS in connection.response.headers
        client = Client(connection=connection, binary=binary, compressed=extended)
        frames = self.clients.join(client, hello.get("epoch"), hello.get("seq"), self._now())
        self.counts.joined += 1
        self.counts.resumed += frames[0]["type"] == "resumed"
        self.counts.not_recovered += frames[0].get("recovered") is False
        connection.on_clog, connection.on_clear = partial(self._clog, client), partial(self._clear, client)
        self._give([client], frames)
        if connection.transport.get_write_buffer_size() > SLOW_BYTES:  # it may have been so before
            self._clog(client)
        return client

    def leave(self, client: Client) -> None:
        """Forget a client."""
        client.connection.on_clog = client.connection.on_clear = None
        self.clients.leave(client)

    def ask(self, client: Client) -> None:
        """A client wants to have a snapshot."""
        self.counts.asked += 1
        self.clients.ask(client)
        self._news.set()

    def age(self) -> float:
        """Seconds since the state was last told without trouble."""
        return self._now() - self._told

    def troubles(self) -> list[str]:
        """What is wrong with this channel, in words that quote nobody."""
        found = [] if self.trouble is None else [f"the state cannot be told ({self.trouble})"]
        if self.age() > max(STALE_SECONDS, STALE_INTERVALS * self._interval):
            found.append(f"the state is {self.age():.0f} s old")
        return found

    async def dismiss(self, code: Close, reason: str) -> None:
        """Send every client away, and say why to those who still hear it."""
        for client in list(self.clients):
            self._send_away(client, code, reason)
        if self._leaving:
            await asyncio.wait(self._leaving)

    async def _open(self, stack: AsyncExitStack) -> None:
        self.feed.update(await self._snapshot(), self._now())
        self._told = self._now()
        stack.push_async_callback(self._let_go)
        for work in (self._pump(), self._rounds()):
            task = asyncio.create_task(work, name=f"hikari-feed-{self.name}")
            stack.push_async_callback(ended, task)

    async def _let_go(self) -> None:
        for task in list(self._leaving):
            await ended(task)

    async def _pump(self) -> None:
        due = self._now()
        while True:
            due = max(due + self._interval, self._now())  # no time is made up that a slow state took
            await asyncio.sleep(due - self._now())
            try:
                self.counts.frames += self.feed.update(await self._snapshot(), self._now()) is not None
                self._told, self.trouble = self._now(), None
            except Exception as error:  # one bad snapshot must not end the feed
                self.counts.failed_snapshots += 1
                if self.trouble is None:  # said once, not twice a second
                    level = logging.INFO if isinstance(error, ClosedError) else logging.ERROR  # it ends too
                    why = "no snapshot of %r could be sent; clients keep the last one"
                    _log.log(level, why, self.name, exc_info=level == logging.ERROR)
                self.trouble = type(error).__name__
            self._news.set()  # also for those who have a snapshot to come

    async def _rounds(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self._round()
            except Exception:  # a fault of ours with one frame must not end the feed
                _log.exception("a round of %r was cut short", self.name)

    async def _round(self) -> None:
        for client in self.clients.stuck(self._now()):
            self.counts.cut_off += 1
            self._send_away(client, Close.TOO_SLOW, "too slow")
        clock = asyncio.get_running_loop().time
        until = clock() + SLICE_SECONDS
        while True:
            clients, frames = self.clients.due(clock(), SLICE_CLIENTS)
            if not clients:
                return
            self._give(clients, frames)
            if clock() > until:
                await asyncio.sleep(0)
                until = clock() + SLICE_SECONDS

    def _give(self, clients: Sequence[Client], frames: Sequence[Frame]) -> None:
        """Write frames to those clients that are still there."""
        forms = [b"".join([frame.message(binary) for frame in frames]) for binary in (False, True)]
        sent = size = 0
        for client in clients:
            if client.connection.state is State.OPEN:
                message = forms[client.binary]
                self._write(client, frames, message)
                sent += 1
                size += len(message)
        self.counts.sent += sent * len(frames)
        self.counts.sent_bytes += size
        self.counts.snapshots += sent * sum(frame["type"] == "snapshot" for frame in frames)

    def _write(self, client: Client, frames: Sequence[Frame], message: bytes) -> None:
        try:
            if client.compressed:
                for frame in frames:
                    broadcast((client.connection,), frame.form(client.binary), raise_exceptions=True)
            else:
                client.connection.transport.write(message)
        except Exception:  # it must not go on without these bytes, and the others must
            _log.exception("a client of %r could not be written to", self.name)
            client.connection.transport.abort()

    def _clog(self, client: Client) -> None:
        self.clients.clog(client, self._now())

    def _clear(self, client: Client) -> None:
        self.clients.clear(client)
        self._news.set()

    def _send_away(self, client: Client, code: Close, reason: str) -> None:
        self.leave(client)
        self._background(send_away(client.connection, code, reason))

    def _background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


async def send_away(connection: ServerConnection, code: Close, reason: str) -> None:
    """Close a connection, and break it off when it does not hear in time."""
    try:
        with suppress(TimeoutError, ConnectionClosed):
            async with asyncio.timeout(CLOSE_SECONDS):
                await connection.close(code, reason)
    finally:
        connection.transport.abort()
