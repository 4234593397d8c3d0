"""Twitch EventSub over WebSocket: what needs a token, such as the stream's state beside the chat."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from hikari_ml.chat import ChatMessage
from hikari_ml.errors import HikariError, InputError, SourceError
from hikari_ml.platforms.eventsub_frames import (
    CLOSE_REASONS,
    Frame,
    keepalive_seconds,
    read_event,
    read_frame,
    wanted,
)
from hikari_ml.platforms.rest import Refused, Rest
from hikari_ml.platforms.source import CAPACITY, FIRST_PAUSE, LiveSource, LostConnection, RecentIds
from hikari_ml.platforms.tls import context_for
from hikari_ml.platforms.twitch_irc import channel_name

EVENTSUB_URL: Final = "wss://eventsub.wss.twitch.tv/ws"
API_URL: Final = "https://api.twitch.tv/helix"

WELCOME_SECONDS: Final = 15.0
GRACE: Final = 1.5
"""How many times the promised silence is waited for."""

DEFAULT_KEEPALIVE: Final = 10.0
MAX_FRAME: Final = 1_000_000
CHAT: Final = "channel.chat.message"


@dataclass(slots=True)
class _Line:
    """An open connection and the longest silence it promised."""

    socket: ClientConnection
    session: str
    keepalive: float


class EventSubSource(LiveSource):
    """Chat, deletions, raids and the state of the stream of ``channel``, by Twitch's EventSub.

    ``token`` is a user token with the scope ``user:read:chat``, made for the application ``client_id``.

    Raises:
        InputError: no channel can be called so.
        SourceError (on iterating): the token is refused, or there is no such channel.
    """

    def __init__(
        self,
        channel: str,
        *,
        client_id: str,
        token: str,
        url: str = EVENTSUB_URL,
        api_url: str = API_URL,
        capacity: int = CAPACITY,
        first_pause: float = FIRST_PAUSE,
    ) -> None:
        name = channel_name(channel)
        super().__init__(f"eventsub:{name}", name, capacity=capacity, first_pause=first_pause)
        self._url = url
        self._api_url = api_url
        self._headers = {"Client-Id": client_id, "Authorization": f"Bearer {token}"}
        self._seen = RecentIds()

    async def _session(self) -> None:
        async with Rest(self._api_url, self._headers) as api, AsyncExitStack() as stack:
            line = await stack.enter_async_context(_opened(self._url))
            await self._subscribe(api, line.session)
            self._connected()
            while True:
                moved = await self._listen_on(line)
                async with AsyncExitStack() as new:
                    line = await self._moved_to(new, moved, line)
                    await stack.aclose()  # the old connection, now that the new one is welcomed
                    stack.push_async_exit(new.pop_all())

    async def _subscribe(self, api: Rest, session: str) -> None:
        """Ask for all events; the chat has to be granted, of the others it is told what is missing."""
        try:
            room, user = await self._user(api, login=self.channel), await self._user(api)
            missing = [
                subscription["type"]
                for subscription in wanted(room, user)
                if not await self._granted(api, subscription, session)
            ]
        except Refused as refused:
            raise SourceError(self.name, _advice(refused)) from refused
        if missing:
            self.tell(self._state_of("gap", f"Twitch does not tell us of {', '.join(missing)}"))

    async def _granted(self, api: Rest, subscription: Mapping[str, Any], session: str) -> bool:
        transport = {"method": "websocket", "session_id": session}
        try:
            await api.post("/eventsub/subscriptions", {**subscription, "transport": transport})
        except Refused as refused:
            if refused.status == 409:  # it is subscribed already
                return True
            if subscription["type"] == CHAT or refused.status == 401:
                raise
            return False
        return True

    async def _user(self, api: Rest, **query: str) -> str:
        """The id of a user by login, or of the owner of the token."""
        found = await api.get("/users", **query)
        match found.get("data"):
            case [{"id": str(user)}, *_]:
                return user
        raise SourceError(self.name, f"Twitch knows no channel {self.channel!r}; is it spelled right?")

    async def _listen_on(self, line: _Line) -> str:
        """Tell what comes until Twitch asks to move; returns the address to move to."""
        while True:
            frame = await self._next(line)
            if frame is not None and frame.kind == "session_reconnect":
                return frame.text("session", "reconnect_url")
            if frame is not None:
                self._take(frame)

    async def _moved_to(self, stack: AsyncExitStack, url: str, old: _Line) -> _Line:
        """The new connection, once it is welcomed; until then, and to its end, the old one is listened to."""
        opening = asyncio.create_task(stack.enter_async_context(_opened(url)))
        hearing = asyncio.create_task(self._listen_on(old))
        try:
            line = await opening
            await old.socket.close()
            with suppress(LostConnection):  # as it should be: it was closed
                await hearing
        finally:
            for task in (opening, hearing):
                task.cancel()
            await asyncio.gather(opening, hearing, return_exceptions=True)
        return line

    async def _next(self, line: _Line) -> Frame | None:
        """The next frame; None for one that cannot be read, which is counted."""
        try:
            async with asyncio.timeout(line.keepalive * GRACE):
                text = await line.socket.recv()
        except TimeoutError:
            raise LostConnection(f"nothing was heard for {line.keepalive * GRACE:g} s") from None
        except ConnectionClosed as closed:
            raise LostConnection(_closed(closed)) from closed
        try:
            return read_frame(text)
        except HikariError as error:
            self.counts.bad(str(error))
            return None

    def _take(self, frame: Frame) -> None:
        if frame.kind == "session_keepalive":
            return
        if not self._seen.is_new(frame.id):
            self.counts.duplicates += 1
        elif frame.kind == "revocation":
            self._revoked(frame)
        elif frame.kind == "notification":
            self._notified(frame)
        else:
            self.counts.ignored += 1

    def _notified(self, frame: Frame) -> None:
        try:
            event = read_event(frame, self.channel)
        except HikariError as error:
            self.counts.bad(str(error))
            return
        if event is None:
            self.counts.ignored += 1
        elif isinstance(event, ChatMessage) and not self._seen.is_new(f"message {event.id}"):
            self.counts.duplicates += 1
        else:
            self.tell(event)

    def _revoked(self, frame: Frame) -> None:
        what, why = frame.text("subscription", "type"), frame.text("subscription", "status")
        if what == CHAT:
            raise SourceError(self.name, f"Twitch took the chat back: {why}; make a new token")
        self.tell(self._state_of("gap", f"Twitch no longer tells us of {what}: {why}"))


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[_Line]:
    """A connection that was welcomed."""
    try:
        async with connect(
            url, ssl=await context_for(url), max_size=MAX_FRAME, open_timeout=WELCOME_SECONDS
        ) as socket:
            async with asyncio.timeout(WELCOME_SECONDS):
                welcome = read_frame(await socket.recv())
            session = welcome.text("session", "id")
            if welcome.kind != "session_welcome" or not session:
                raise LostConnection(f"a {welcome.kind[:40]} came in place of a welcome")
            yield _Line(socket, session, keepalive_seconds(welcome) or DEFAULT_KEEPALIVE)
    except ConnectionClosed as closed:
        raise LostConnection(_closed(closed)) from closed
    except (WebSocketException, InputError) as error:
        raise LostConnection(str(error)) from error


def _closed(closed: ConnectionClosed) -> str:
    code = closed.rcvd.code if closed.rcvd else None
    return CLOSE_REASONS.get(code or 0, "Twitch ended the connection") + (f" ({code})" if code else "")


def _advice(refused: Refused) -> str:
    if refused.status == 401:
        return f"Twitch refuses the token ({refused}); set platforms.twitch_token to a valid one"
    if refused.status == 403:
        return f"the token may not read this chat ({refused}); it needs the scope user:read:chat"
    return f"Twitch refuses: {refused}"
