"""The feeds on a socket: one port for the WebSocket at ``/feed`` and for the pages around it.

A client that reads slowly is sent snapshots instead of deltas, and is cut off when it stops reading; nobody
waits for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, Final, cast
from urllib.parse import urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from hikari_ml.config import FeedSettings
from hikari_ml.errors import InputError
from hikari_ml.feed.audience import SLOW_BYTES
from hikari_ml.feed.channel import CLOSE_SECONDS, Channel, Client, Snapshot, send_away
from hikari_ml.feed.counting import Refusal, ServerCounts
from hikari_ml.feed.frames import Close, read_message
from hikari_ml.feed.gate import Gate, Visitor, wire_log
from hikari_ml.feed.limits import Bucket
from hikari_ml.runtime.service import Service

JSON: Final = Subprotocol("hikari.v1.json")
MSGPACK: Final = Subprotocol("hikari.v1.msgpack")

LOOPBACK_OF: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (only read)
"""Where what listens everywhere is found from the same machine."""

MAX_PORT: Final = 65_535

MAX_MESSAGE: Final = 4096
"""Bytes a client may send at once; it has only a greeting to send."""

MESSAGES_PER_SECOND: Final = 2.0
MESSAGES_AT_ONCE: Final = 20.0
"""Messages of one client: twenty, then two a second."""

GREETING_SECONDS: Final = 5.0
OPEN_SECONDS: Final = 20.0
"""How long a handshake, or a page with its answer, may take."""

PING_SECONDS: Final = 20.0
"""Time between pings: below the minute after which proxies and routers forget a quiet connection."""

PONG_SECONDS: Final = 20.0
"""How long an answer may take; a sleeping phone and a frozen tab are gone after 40 s at most."""

CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' data: blob:"
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Page:
    """What is answered to an HTTP request beside the feed."""

    content_type: str
    body: bytes
    status: int = 200


PageMaker = Callable[[], Awaitable[Page]]


class FeedServer(Service):
    """Serves one or more feeds, and pages beside them, on one port.

    ``snapshot`` is the feed of ``channel``; None begins with none. ``host``, ``port`` and ``interval``
    (seconds) go before those of ``settings``.

    Raises (on start):
        InputError: the address cannot be listened on, or others than this machine may come in and there is
            no token.
    """

    def __init__(
        self,
        snapshot: Snapshot | None = None,
        *,
        settings: FeedSettings | None = None,
        host: str | None = None,
        port: int | None = None,
        interval: float | None = None,
        pages: Mapping[str, Page | PageMaker] | None = None,
        channel: str = "default",
    ) -> None:
        super().__init__()
        self._settings = settings or FeedSettings()
        self._host = self._settings.host if host is None else host
        self._port = self._settings.port if port is None else port
        self._interval = self._settings.interval_seconds if interval is None else interval
        self._pages: dict[str, Page | PageMaker] = dict(pages or {})
        self._private: set[str] = set()
        self._first = None if snapshot is None else (channel, snapshot)
        self.channels: dict[str, Channel] = {}
        """The feeds by name; a client that names none gets the first that is ready."""
        self._gate: Gate
        self._server: Server

    @property
    def url(self) -> str:
        """Where the feed is for this machine, once it is started."""
        host, port = self._server.sockets[0].getsockname()[:2]
        host = LOOPBACK_OF.get(host, host)
        shown = f"[{host}]" if ":" in host else host
        return f"ws://{shown}:{port}/feed"

    @property
    def counts(self) -> ServerCounts:
        """What was counted of the port, once it is started; that of a feed is in its channel."""
        return self._gate.counts

    @property
    def connections(self) -> int:
        """Connections at this moment, those included that said nothing yet."""
        return self._gate.places.count

    async def start(self) -> str:
        """Listen, and return the url of the feed."""
        await self._ready()
        return self.url

    async def add_feed(self, name: str, snapshot: Snapshot, *, interval: float | None = None) -> None:
        """Serve another feed, once its first state is had; starts the server if need be.

        Raises:
            InputError: one of this name is served already, or its state cannot be written.
        """
        await self._ready()
        await self._add(name, snapshot, interval or self._interval)

    async def remove_feed(self, name: str) -> None:
        """Serve a feed no longer; its clients are told by the close code 4410.

        Raises:
            InputError: none of this name is served.
        """
        channel = self._named(name)
        if channel is None:
            raise InputError("channel", name, "no feed of this name is served")
        del self.channels[channel.name]
        await channel.dismiss(Close.REMOVED, "this channel is not served here any more")
        await channel.aclose()

    def add_page(self, path: str, page: Page | PageMaker, *, private: bool = False) -> None:
        """Answer HTTP requests for ``path``; a private page wants the token, where there is one."""
        self._pages[path] = page
        if private:
            self._private.add(path)

    def publish(self, kind: str, data: Mapping[str, Any], channel: str | None = None) -> None:
        """Send an event to every client of a feed, by default the first; nothing if it is not served."""
        found = self._channel(channel)
        if found is not None:
            found.publish(kind, data)

    def withdraw(self, channel: str) -> None:
        """Tell nothing of what a feed said until now to whoever comes back: something of it is deleted."""
        found = self._channel(channel)
        if found is not None:
            found.feed.withdraw()

    async def _open(self, stack: AsyncExitStack) -> None:
        self._check_address()
        self._gate = Gate.of(self._settings, self._host)
        stack.push_async_callback(self._close_channels)
        if self._first is not None:
            await self._add(*self._first, self._interval)
        try:
            self._server = await self._listen()
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            hint = f"cannot be listened on ({why}); choose another port, or 0 for any"
            raise InputError("port", f"{self._host}:{self._port}", hint) from error
        stack.push_async_callback(self._server.wait_closed)
        stack.callback(self._server.close)
        stack.callback(self._gate.break_off_the_clogged)

    def _check_address(self) -> None:
        host, port = self._host, self._port
        if not isinstance(host, str):
            raise InputError("host", host, "give the name or the IP address of this machine")
        if not isinstance(port, int) or isinstance(port, bool) or not 0 <= port <= MAX_PORT:
            raise InputError("port", port, f"give a whole number from 0 to {MAX_PORT:,}")

    async def _add(self, name: str, snapshot: Snapshot, interval: float) -> None:
        if self._named(name) is not None:
            raise InputError("channel", name, "a feed of this name is served already")
        welcome = {"heartbeat_ms": round(PING_SECONDS * 1000)}
        channel = Channel(name, snapshot, interval=interval, welcome=welcome)
        self.channels[name] = channel  # before the first await, so that a second of this name is told
        try:
            await channel.start()
        except BaseException:
            if self.channels.get(name) is channel:  # else it was removed, and another may be there
                del self.channels[name]
            raise

    async def _listen(self) -> Server:
        return await serve(
            self._serve_client,
            self._host,
            self._port,
            subprotocols=[JSON, MSGPACK],
            process_request=self._process_request,
            select_subprotocol=_select,
            compression="deflate" if self._settings.compression else None,
            max_size=MAX_MESSAGE,
            max_queue=4,
            write_limit=(SLOW_BYTES, 0),  # clogged from there until all is gone; pings go out before
            open_timeout=OPEN_SECONDS,
            ping_interval=PING_SECONDS,
            ping_timeout=PONG_SECONDS,
            close_timeout=CLOSE_SECONDS,
            server_header=None,
            logger=wire_log,
            create_connection=cast("type[ServerConnection]", partial(Visitor, self._gate)),
            backlog=1024,
        )

    async def _close_channels(self) -> None:
        while self.channels:  # none is left to a start that is tried again
            _, channel = self.channels.popitem()
            await channel.aclose()

    # -- clients ------------------------------------------------------------------------------------

    async def _serve_client(self, connection: ServerConnection) -> None:
        try:
            await self._meet(cast("Visitor", connection))
        except ConnectionClosed:
            pass  # they left; how is counted at the gate
        except Exception:
            _log.exception("a client could not be served")
            raise

    async def _meet(self, visitor: Visitor) -> None:
        hello = await self._greeting(visitor)
        if hello is None:
            return
        channel = self._channel(hello.get("channel"))
        if channel is None:
            await self._turn_away(visitor, "channel", Close.NO_CHANNEL, "no such channel here")
            return
        client = channel.join(visitor, hello, binary=visitor.subprotocol == MSGPACK)
        try:
            await self._listen_to(visitor, channel, client)
        finally:
            channel.leave(client)

    async def _greeting(self, visitor: Visitor) -> dict[str, Any] | None:
        try:
            raw = await asyncio.wait_for(visitor.recv(), GREETING_SECONDS)
        except TimeoutError:
            visitor.greeted = True
            await self._turn_away(visitor, "no_hello", Close.UNAUTHORIZED, "say hello first")
            return None
        visitor.greeted = True
        self.counts.messages += 1
        hello = read_message(raw)
        if hello is None or hello["type"] != "hello":
            reason = "the first message must be a hello"
            await self._turn_away(visitor, "bad_hello", Close.BAD_MESSAGE, reason)
        elif not self._gate.may_try(visitor):
            reason = "too many wrong tokens; wait a minute"
            await self._turn_away(visitor, "attempts", Close.TOO_MANY, reason)
        elif not self._gate.access.knows(hello.get("token")):
            self._gate.wrong_token(visitor, shown=hello.get("token") is not None)
            await send_away(visitor, Close.UNAUTHORIZED, "the token is missing or wrong")
        else:
            return hello
        return None

    async def _listen_to(self, visitor: Visitor, channel: Channel, client: Client) -> None:
        """Take what a client says; it can only ask for a snapshot."""
        allowed = Bucket(MESSAGES_PER_SECOND, MESSAGES_AT_ONCE)
        async for raw in visitor:
            self.counts.messages += 1
            said = read_message(raw)
            if not allowed.take(asyncio.get_running_loop().time()):
                await self._turn_away(visitor, "messages", Close.TOO_MANY, "too many messages")
            elif said is None:
                await self._turn_away(visitor, "bad_message", Close.BAD_MESSAGE, "not understood")
            elif said["type"] == "snapshot":
                channel.ask(client)
            else:
                self.counts.ignored += 1

    async def _turn_away(self, visitor: Visitor, why: Refusal, code: Close, reason: str) -> None:
        self._gate.refuse(why)
        await send_away(visitor, code, reason)

    def _channel(self, name: object) -> Channel | None:
        """The feed of this name if it is ready, by default the first that is."""
        if name is None:
            return next((channel for channel in self.channels.values() if channel.is_open), None)
        channel = self._named(name) if isinstance(name, str) else None
        return channel if channel is not None and channel.is_open else None

    def _named(self, name: str) -> Channel | None:
        """The feed of this name, ready or not; capitals make no other name."""
        if name in self.channels:
            return self.channels[name]
        folded = name.casefold()
        return next((one for known, one in self.channels.items() if known.casefold() == folded), None)

    # -- pages --------------------------------------------------------------------------------------

    def _process_request(
        self, connection: ServerConnection, request: Request
    ) -> Response | Awaitable[Response] | None:
        visitor = cast("Visitor", connection)
        headers = request.headers
        if not self._gate.access.admits(headers.get_all("Host"), headers.get_all("Origin")):
            self._gate.refuse("host")
            return self._answer(HTTPStatus.FORBIDDEN, b"not from here; see the setting feed.allowed_hosts\n")
        path = _path(request.path)
        if path == "/feed":
            return None
        refusal = self._refusal(visitor, request, path)
        if refusal is not None:
            return refusal
        page = self._pages[path]
        head = _method(request) == "HEAD"
        return self._show(page, head=head) if isinstance(page, Page) else self._make(page, head=head)

    def _refusal(self, visitor: Visitor, request: Request, path: str) -> Response | None:
        """Why a page cannot be had, if so."""
        if not self._gate.may_request(visitor):
            self._gate.refuse("rate")
            return self._answer(HTTPStatus.TOO_MANY_REQUESTS, b"slower, please\n", {"Retry-After": "1"})
        if path not in self._pages:
            return self._answer(HTTPStatus.NOT_FOUND, b"the feed is at /feed\n")
        if _method(request) not in ("GET", "HEAD"):
            return self._answer(HTTPStatus.METHOD_NOT_ALLOWED, b"only GET\n", {"Allow": "GET, HEAD"})
        if path in self._private:
            if not self._gate.may_try(visitor):
                self._gate.refuse("attempts")
                wait = {"Retry-After": "60"}
                return self._answer(HTTPStatus.TOO_MANY_REQUESTS, b"too many wrong tokens\n", wait)
            shown = request.headers.get_all("Authorization")
            if not self._gate.access.knows_bearer(shown):
                self._gate.wrong_token(visitor, shown=bool(shown))
                challenge = {"WWW-Authenticate": "Bearer"}
                return self._answer(HTTPStatus.UNAUTHORIZED, b"the token is missing or wrong\n", challenge)
        return None

    async def _make(self, maker: PageMaker, *, head: bool) -> Response:
        try:
            return self._show(await maker(), head=head)
        except Exception:
            self.counts.failed_pages += 1
            _log.exception("a page could not be made")
            return self._answer(HTTPStatus.INTERNAL_SERVER_ERROR, b"this page could not be made\n")

    def _show(self, page: Page, *, head: bool) -> Response:
        kind = {"Content-Type": page.content_type}
        response = self._answer(HTTPStatus(page.status), page.body, kind)
        if head:
            response.body = b""
        return response

    def _answer(self, status: HTTPStatus, body: bytes, more: Mapping[str, str] | None = None) -> Response:
        self.counts.http[status.value] += 1
        headers = {
            "Content-Type": "text/plain; charset=utf-8",
            "Content-Length": str(len(body)),
            "Cache-Control": "no-cache",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Content-Security-Policy": CONTENT_POLICY,
            "Connection": "close",
        }
        return Response(status.value, status.phrase, Headers({**headers, **(more or {})}), body)


def _path(target: str) -> str:
    """The path in what a stranger asks for; nothing if there is none to be found."""
    try:
        return urlsplit(target).path
    except ValueError:
        return ""


def _method(request: Request) -> str:
    """Older releases of websockets let nothing but GET so far."""
    return str(getattr(request, "method", "GET"))


def _select(_: ServerConnection, offered: list[Subprotocol] | Any) -> Subprotocol | None:
    """The first protocol both know; none if the client asked for none."""
    return next((name for name in offered if name in (JSON, MSGPACK)), None)
