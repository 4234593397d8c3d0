"""The feed on a socket: one port for the WebSocket at ``/feed`` and for the pages around it.

A client that reads slowly is sent snapshots instead of deltas, and is cut off when it stops reading; nobody
waits for it.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import msgpack
from websockets.asyncio.server import Server, ServerConnection, broadcast, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from hikari_ml.errors import InputError
from hikari_ml.feed.session import FeedState, Frame
from hikari_ml.runtime.service import Service, ended

JSON: Final = Subprotocol("hikari.v1.json")
MSGPACK: Final = Subprotocol("hikari.v1.msgpack")

MAX_MESSAGE: Final = 4096
"""Bytes a client may send at once; it has only a greeting to send."""

GREETING_SECONDS: Final = 5.0
SLOW_BYTES: Final = 256 * 1024
"""Unsent bytes from which a client gets snapshots instead of deltas."""

STUCK_BYTES: Final = 1024 * 1024
STUCK_SECONDS: Final = 10.0
BAD_GREETING: Final = 4400
NO_GREETING: Final = 4401
CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' data: blob:"
)
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "[::1]", "::1"})

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Page:
    """A file served beside the feed."""

    content_type: str
    body: bytes


@dataclass(slots=True, eq=False)
class _Client:
    connection: ServerConnection
    binary: bool
    behind_since: float | None = None

    def unsent(self) -> int:
        """Bytes written but not taken by the network."""
        return self.connection.transport.get_write_buffer_size()


@dataclass(slots=True)
class _Encoded:
    """A frame in both forms, encoded once."""

    frame: Frame
    _forms: dict[bool, str | bytes] = field(default_factory=dict)

    def form(self, binary: bool) -> str | bytes:
        if binary not in self._forms:
            self._forms[binary] = _encode(self.frame, binary)
        return self._forms[binary]


class FeedServer(Service):
    """Serves what ``snapshot`` returns, as often as ``interval`` seconds, to whoever connects.

    Raises (on start):
        InputError: the address cannot be listened on.
    """

    def __init__(
        self,
        snapshot: Callable[[], Awaitable[Mapping[str, Any]]],
        *,
        host: str = "127.0.0.1",
        port: int = 8765,
        interval: float = 0.5,
        pages: Mapping[str, Page] | None = None,
    ) -> None:
        super().__init__()
        self._snapshot = snapshot
        self._host = host
        self._port = port
        self._interval = interval
        self._pages = dict(pages or {})
        self._feed = FeedState()
        self._clients: set[_Client] = set()
        self._server: Server

    @property
    def url(self) -> str:
        """Where the feed is, once it is started."""
        host, port = self._server.sockets[0].getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        return f"ws://{shown}:{port}/feed"

    async def start(self) -> str:
        """Listen, and return the url of the feed."""
        await self._ready()
        return self.url

    def publish(self, kind: str, data: Mapping[str, Any]) -> None:
        """Send an event to every client, now."""
        self._send(self._feed.event(kind, data))

    async def _open(self, stack: AsyncExitStack) -> None:
        self._feed.update(await self._snapshot())
        try:
            self._server = await serve(
                self._serve_client,
                self._host,
                self._port,
                subprotocols=[JSON, MSGPACK],
                process_request=self._process_request,
                select_subprotocol=_select,
                compression=None,
                max_size=MAX_MESSAGE,
            )
        except OSError as error:
            hint = f"cannot be listened on ({error.strerror}); choose another port, or 0 for any"
            raise InputError("port", f"{self._host}:{self._port}", hint) from error
        stack.push_async_callback(self._server.wait_closed)
        stack.callback(self._server.close)
        pump = asyncio.create_task(self._pump(), name="hikari-feed")
        stack.push_async_callback(ended, pump)

    async def _pump(self) -> None:
        while True:
            await asyncio.sleep(self._interval)
            try:
                delta = self._feed.update(await self._snapshot())
                if delta is not None:
                    self._send(delta)
            except Exception:  # one bad snapshot must not end the feed
                _log.exception("no snapshot could be sent; clients keep the last one")

    def _send(self, frame: Frame) -> None:
        encoded = _Encoded(frame)
        for client in list(self._clients):
            if not self._hold_back(client):
                broadcast([client.connection], encoded.form(client.binary))

    def _hold_back(self, client: _Client) -> bool:
        """Whether ``client`` is too far behind for a delta; cuts it off if it is stuck."""
        now = asyncio.get_running_loop().time()
        unsent = client.unsent()
        if client.behind_since is None:
            if unsent <= SLOW_BYTES:
                return False
            client.behind_since = now
        elif unsent == 0:
            client.behind_since = None
            broadcast([client.connection], _encode(self._feed.snapshot(), client.binary))
        elif unsent > STUCK_BYTES or now - client.behind_since > STUCK_SECONDS:
            client.connection.transport.abort()
        return True

    async def _serve_client(self, connection: ServerConnection) -> None:
        client = _Client(connection, binary=connection.subprotocol == MSGPACK)
        with suppress(ConnectionClosed):
            hello = await self._greeting(client)
            if hello is None:
                return
            # No await from here to joining: a frame in between would be a hole.
            for frame in self._feed.open(hello.get("epoch"), hello.get("seq")):
                broadcast([connection], _encode(frame, client.binary))
            self._clients.add(client)
            try:
                async for _ in connection:
                    pass  # a client has nothing more to say
            finally:
                self._clients.discard(client)

    async def _greeting(self, client: _Client) -> dict[str, Any] | None:
        try:
            raw = await asyncio.wait_for(client.connection.recv(), GREETING_SECONDS)
        except TimeoutError:
            await client.connection.close(NO_GREETING, "say hello first")
            return None
        try:
            hello = msgpack.unpackb(raw) if isinstance(raw, bytes) else json.loads(raw)
        except (ValueError, RecursionError, msgpack.UnpackException):
            hello = None
        if not isinstance(hello, dict) or hello.get("type") != "hello":
            await client.connection.close(BAD_GREETING, "the first message must be a hello")
            return None
        return hello

    def _process_request(self, connection: ServerConnection, request: Request) -> Response | None:
        if not self._allowed(request.headers):
            return _response(HTTPStatus.FORBIDDEN, b"not from here\n")
        path = urlsplit(request.path).path
        if path == "/feed":
            return None
        page = self._pages.get(path)
        if page is None:
            return _response(HTTPStatus.NOT_FOUND, b"the feed is at /feed\n")
        return _response(HTTPStatus.OK, page.body, page.content_type)

    def _allowed(self, headers: Headers) -> bool:
        """Refuse pages of other sites and rebound host names while only this machine is meant."""
        hosts, origins = headers.get_all("Host"), headers.get_all("Origin")
        if len(hosts) != 1 or len(origins) > 1:
            return False
        host = _hostname(f"//{hosts[0]}")
        if self._host in LOOPBACK and host not in LOOPBACK:
            return False
        return not origins or _hostname(origins[0]) == host


def _hostname(url: str) -> str | None:
    """The host in what a stranger sent, or None if there is none to be found."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _select(_: ServerConnection, offered: list[Subprotocol] | Any) -> Subprotocol | None:
    """The first protocol both know; none if the client asked for none."""
    return next((name for name in offered if name in (JSON, MSGPACK)), None)


def _encode(frame: Frame, binary: bool) -> str | bytes:
    if binary:
        return bytes(msgpack.packb(frame))
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _response(status: HTTPStatus, body: bytes, content_type: str = "text/plain") -> Response:
    headers = Headers(
        {
            "Content-Type": content_type,
            "Content-Length": str(len(body)),
            "Cache-Control": "no-cache",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": CONTENT_POLICY,
            "Connection": "close",
        }
    )
    return Response(status.value, status.phrase, headers, body)
