"""One feed and its clients: the state is asked for again and again, and each client given what is due to it.

A round over the clients is cut into slices, between which the event loop does other things. No order is lost
by that: each client is brought from its own place to the newest frame, wherever the round stands.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import Any, Final

from websockets.asyncio.server import ServerConnection, broadcast
from websockets.exceptions import ConnectionClosed

from hikari_ml.errors import InputError
from hikari_ml.feed.counting import ChannelCounts
from hikari_ml.feed.follower import Follower, Standing
from hikari_ml.feed.frames import Close, Frame
from hikari_ml.feed.session import FeedState
from hikari_ml.runtime.service import Service, ended

Snapshot = Callable[[], Awaitable[Mapping[str, Any]]]

SLICE_SECONDS: Final = 0.002
"""How long a round may hold the event loop before others have their turn."""

CLOSE_SECONDS: Final = 2.0
"""How long a client that is sent away may take to hear why."""

STALE_INTERVALS: Final = 10
STALE_SECONDS: Final = 5.0
"""A state older than this, and than so many intervals, is told of as stale."""

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Client:
    """A connection and its place in the feed."""

    connection: ServerConnection
    binary: bool
    follower: Follower = field(default_factory=Follower)

    def unsent(self) -> int:
        """Bytes written but not taken by the network."""
        return self.connection.transport.get_write_buffer_size()


class Channel(Service):
    """Serves what ``snapshot`` returns, as often as ``interval`` seconds, to the clients that joined."""

    def __init__(
        self, name: str, snapshot: Snapshot, *, interval: float, welcome: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__()
        self.name = name
        self.counts = ChannelCounts()
        self.clients: set[Client] = set()
        self.trouble: str | None = None
        """The kind of error that keeps the state from being told; None when all is well."""
        self._snapshot = snapshot
        self._interval = interval
        self._told = 0.0
        self._news = asyncio.Event()
        self._leaving: set[asyncio.Task[None]] = set()
        head = {"channel": name, "interval_ms": round(interval * 1000), **(welcome or {})}
        self.feed = FeedState(welcome=head)

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

    def join(self, connection: ServerConnection, hello: Mapping[str, Any], *, binary: bool) -> Client:
        """Give a client its first frames and count it among those that follow.

        Nothing is awaited between the two: a frame in between would be a hole.
        """
        client = Client(connection, binary)
        frames = client.follower.join(self.feed, hello.get("epoch"), hello.get("seq"), self._now())
        self.counts.joined += 1
        self.counts.resumed += frames[0]["type"] == "resumed"
        self.counts.not_recovered += frames[0].get("recovered") is False
        self._give(client, frames)
        self.clients.add(client)
        return client

    def leave(self, client: Client) -> None:
        """Forget a client."""
        self.clients.discard(client)

    def ask(self, client: Client) -> None:
        """A client wants to have a snapshot."""
        self.counts.asked += 1
        client.follower.ask()
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
                    _log.exception("no snapshot of %r could be sent; clients keep the last one", self.name)
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
        clock = asyncio.get_running_loop().time
        until = clock() + SLICE_SECONDS
        for client in list(self.clients):
            now = clock()
            if now > until:
                await asyncio.sleep(0)
                now = clock()
                until = now + SLICE_SECONDS
            if client in self.clients:  # it may have left meanwhile
                self._serve(client, now)

    def _serve(self, client: Client, now: float) -> None:
        follower = client.follower
        before = follower.degraded
        frames = follower.due(self.feed, client.unsent(), now)
        self.counts.degraded += follower.degraded - before
        if follower.standing is Standing.STUCK:
            self.counts.cut_off += 1
            self._send_away(client, Close.TOO_SLOW, "too slow")
        else:
            self._give(client, frames)

    def _give(self, client: Client, frames: Iterable[Frame]) -> None:
        for frame in frames:
            form = frame.form(client.binary)
            broadcast((client.connection,), form)
            self.counts.sent += 1
            self.counts.sent_bytes += len(form)
            self.counts.snapshots += frame["type"] == "snapshot"

    def _send_away(self, client: Client, code: Close, reason: str) -> None:
        self.clients.discard(client)
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
