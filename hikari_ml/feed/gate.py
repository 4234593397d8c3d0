"""The door of the port: who is let in, how many at once, and how often; and what becomes of each connection.

It stands before the WebSocket handshake, so that connections that never send one are counted as well.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, cast

from websockets.asyncio.server import ServerConnection

from hikari_ml.config import FeedSettings
from hikari_ml.feed.access import Access
from hikari_ml.feed.audience import SLOW_BYTES
from hikari_ml.feed.counting import Refusal, ServerCounts
from hikari_ml.feed.limits import Bucket, Buckets, Places, same_source

REQUESTS_PER_SECOND: Final = 20.0
REQUESTS_AT_ONCE: Final = 100.0
"""HTTP requests of one address; a page and its files are half a dozen."""

BYTES_PER_SECOND: Final = 4096.0
BYTES_AT_ONCE: Final = 128.0 * 1024
"""Bytes that one connection may send: a client has next to nothing to say, and pings count as well."""

TOKENS_PER_SECOND: Final = 1 / 12
TOKENS_AT_ONCE: Final = 5.0
"""Wrong tokens of one address: five, then one in twelve seconds. Meanwhile the right one is not heard."""

FULL: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\nRetry-After: 10\r\n\r\n"
)

BROKEN: Final = {1002: "protocol", 1007: "protocol", 1009: "protocol", 1011: "silent"}
"""What our side's close codes of RFC 6455 say of the client."""

SWITCHED: Final = 101
"""The status of a handshake that became a WebSocket."""

wire_log = logging.getLogger("hikari_ml.feed.wire")
wire_log.setLevel(logging.CRITICAL)  # below it would stand what strangers send, tokens and all; it is counted


@dataclass(slots=True)
class Gate:
    """The limits of one port and what was counted at it."""

    access: Access
    places: Places
    counts: ServerCounts = field(default_factory=ServerCounts)
    visitors: set[Visitor] = field(default_factory=set)
    requests: Buckets = field(default_factory=lambda: Buckets(REQUESTS_PER_SECOND, REQUESTS_AT_ONCE))
    wrong_tokens: Buckets = field(default_factory=lambda: Buckets(TOKENS_PER_SECOND, TOKENS_AT_ONCE))

    @classmethod
    def of(cls, settings: FeedSettings, host: str) -> Gate:
        """The gate that ``settings`` ask for, of a port at ``host``.

        Raises:
            InputError: a token is needed and there is none.
        """
        token = settings.token.get_secret_value() if settings.token is not None else None
        access = Access(host, token, frozenset(settings.allowed_hosts))
        return cls(access, Places(settings.max_connections, settings.max_per_address))

    def refuse(self, why: Refusal) -> None:
        """Count somebody who was turned away."""
        self.counts.refused[why] += 1

    def may_try(self, visitor: Visitor) -> bool:
        """Whether the visitor's address may show another token."""
        return self.access.token is None or self.wrong_tokens.of(visitor.source).has(_now())

    def wrong_token(self, visitor: Visitor, *, shown: bool) -> None:
        """Count a missing or wrong token; who shows none has guessed nothing, and need not wait."""
        self.refuse("token")
        if shown:
            self.wrong_tokens.of(visitor.source).take(_now())

    def may_request(self, visitor: Visitor) -> bool:
        """Whether the visitor's address may have another page."""
        return self.requests.of(visitor.source).take(_now())

    def break_off_the_clogged(self) -> None:
        """Abort connections that would hold up a close, because they do not take what was written."""
        for visitor in list(self.visitors):
            if visitor.transport.get_write_buffer_size() > SLOW_BYTES // 4:
                visitor.transport.abort()


class Visitor(ServerConnection):
    """A connection that passes the gate when it is made and is counted when it is lost."""

    def __init__(self, gate: Gate, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._gate = gate
        self._admitted = False
        self._budget = Bucket(BYTES_PER_SECOND, BYTES_AT_ONCE)
        self.source = ""
        self.greeted = False
        """Whether it said something, or was sent away because it did not."""
        self.on_clog: Callable[[], None] | None = None
        """Called when more was written than the network takes."""
        self.on_clear: Callable[[], None] | None = None
        """Called when it took all of that."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let it in if there is a place."""
        peer = transport.get_extra_info("peername")
        self.source = same_source(peer[0]) if peer else ""
        self._admitted = self._gate.places.enter(self.source)
        if self._admitted:
            self._gate.counts.connections += 1
            self._gate.visitors.add(self)
            super().connection_made(transport)
            return
        places = self._gate.places
        self._gate.refuse("full" if places.count >= places.total else "address_full")
        cast("asyncio.Transport", transport).write(FULL)
        transport.close()

    def data_received(self, data: bytes) -> None:
        """Listen to whoever was let in, as long as it does not say too much."""
        if self._admitted:
            if self._budget.take(_now(), len(data)):
                super().data_received(data)
            else:
                self.greeted = True
                self._gate.refuse("flood")
                self.transport.abort()

    def eof_received(self) -> None:
        """The other side has no more to say."""
        if self._admitted:
            super().eof_received()

    def pause_writing(self) -> None:
        """The network does not take what is written."""
        super().pause_writing()
        if self.on_clog is not None:
            self.on_clog()

    def resume_writing(self) -> None:
        """It took all of it."""
        super().resume_writing()
        if self.on_clear is not None:
            self.on_clear()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back and count how it ended."""
        if not self._admitted:
            return
        super().connection_lost(exc)
        self._gate.visitors.discard(self)
        self._gate.places.leave(self.source)
        if self.protocol.handshake_exc is not None:
            self._gate.refuse("handshake")
        elif self.protocol.close_sent is not None and self.protocol.close_sent.code in BROKEN:
            self._gate.refuse(cast("Refusal", BROKEN[self.protocol.close_sent.code]))
        elif not self.greeted and self.response is not None and self.response.status_code == SWITCHED:
            self._gate.counts.left += 1


def _now() -> float:
    return asyncio.get_running_loop().time()
