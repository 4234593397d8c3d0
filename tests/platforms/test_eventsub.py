"""EventSub over a real WebSocket and a real HTTP API, both local."""

import asyncio
import logging
from contextlib import asynccontextmanager

import pytest

from hikari_ml.chat import ChatMessage, SourceState
from hikari_ml.errors import SourceError
from hikari_ml.platforms.eventsub import EventSubSource
from tests.platforms.eventsub import frame, notification, said, welcome
from tests.platforms.servers import http_server, until, web_socket_server

TOKEN = "secret-token-xyzzy"


class Helix:
    """Twitch's HTTP API as far as EventSub needs it."""

    def __init__(self):
        self.requests = []
        self.refused = {}
        self.users = {"hikari": "1"}

    def __call__(self, request):
        self.requests.append(request)
        if request.headers.get("authorization") != f"Bearer {TOKEN}" or request.headers["client-id"] != "app":
            return 401, {"error": "Unauthorized", "status": 401, "message": "Invalid OAuth token"}
        if request.path == "/helix/users":
            name = request.query.get("login", "me")
            user = {"me": "9"}.get(name) or self.users.get(name)
            return 200, {"data": [{"id": user, "login": name}] if user else []}
        assert (request.method, request.path) == ("POST", "/helix/eventsub/subscriptions")
        return self.refused.get(request.body["type"], (202, {"data": [{}], "total": 1}))

    @property
    def subscriptions(self):
        return [request.body for request in self.requests if request.method == "POST"]


@asynccontextmanager
async def eventsub(script, helix=None, channel="hikari", token=TOKEN):
    helix = helix or Helix()
    async with http_server(helix) as api, web_socket_server(script) as url:
        source = EventSubSource(
            channel, client_id="app", token=token, url=f"{url}/ws", api_url=f"{api}/helix", first_pause=0.001
        )
        async with source:
            yield source, helix


def says(text):
    return lambda event: isinstance(event, ChatMessage) and event.text == text


def texts(events):
    return [event.text for event in events if isinstance(event, ChatMessage)]


def reasons(events):
    return [event.reason for event in events if isinstance(event, SourceState) and event.reason]


async def subscribed(helix, count=8):
    while len(helix.subscriptions) < count:
        await asyncio.sleep(0.005)


async def test_it_subscribes_and_tells():
    helix = Helix()

    async def script(socket, number):
        await socket.send(welcome("session-1"))
        await subscribed(helix)
        await socket.send(frame("session_keepalive", {}))
        await socket.send(said("hello", "m-1"))
        await socket.wait_closed()

    async with eventsub(script, helix) as (source, _):
        events = await until(source, says("hello"))
    assert [type(event).__name__ for event in events] == ["SourceState", "ChatMessage"]
    first = helix.subscriptions[0]
    assert first == {
        "type": "channel.chat.message",
        "version": "1",
        "condition": {"broadcaster_user_id": "1", "user_id": "9"},
        "transport": {"method": "websocket", "session_id": "session-1"},
    }
    assert len(helix.subscriptions) == 8


async def test_what_comes_twice_is_told_once():
    async def script(socket, number):
        await socket.send(welcome("s"))
        raid = {"from_broadcaster_user_login": "carl", "from_broadcaster_user_name": "Carl", "viewers": 5}
        for _ in range(3):
            await socket.send(notification("channel.raid", raid, number="same"))
        await socket.send(said("one", "m-1"))
        await socket.send(said("one", "m-1"))
        await socket.send(said("end", "m-2"))
        await socket.wait_closed()

    async with eventsub(script) as (source, _):
        events = await until(source, says("end"))
    assert [type(event).__name__ for event in events] == ["SourceState", "Raid", "ChatMessage", "ChatMessage"]
    assert source.counts.duplicates == 3


async def test_it_moves_without_a_gap_and_without_subscribing_again():
    old: list = []

    async def script(socket, number):
        if number == 1:
            old.append(socket)
            await socket.send(welcome("s"))
            await socket.send(said("one", "m-1"))
            host = socket.request.headers["Host"]
            url = f"ws://{host}/moved"
            await socket.send(frame("session_reconnect", {"session": {"id": "s", "reconnect_url": url}}))
            await socket.wait_closed()
            return
        assert socket.request.path == "/moved"
        await asyncio.sleep(0.05)
        await old[0].send(said("on the old one", "m-2"))
        await socket.send(welcome("s"))
        await socket.send(said("on the new one", "m-3"))
        await socket.wait_closed()

    async with eventsub(script) as (source, helix):
        events = await until(source, says("on the new one"))
    assert texts(events) == ["one", "on the old one", "on the new one"]
    assert reasons(events) == []
    assert len(helix.subscriptions) == 8
    assert source.counts.reconnects == 0


async def test_a_silence_longer_than_promised_is_a_lost_connection():
    async def script(socket, number):
        await socket.send(welcome("s", 0.1 if number == 1 else 10))
        if number == 2:
            await socket.send(said("back", "m-1"))
        await socket.wait_closed()

    async with eventsub(script) as (source, helix):
        events = await until(source, says("back"))
    assert "nothing was heard for 0.15 s" in reasons(events)
    assert len(helix.subscriptions) == 16


@pytest.mark.parametrize(
    ("code", "reason"),
    [(4003, "nothing was subscribed in time (4003)"), (1001, "ended the connection (1001)")],
)
async def test_close_codes_are_told(code, reason):
    async def script(socket, number):
        await socket.send(welcome("s"))
        if number == 1:
            await socket.close(code)
            return
        await socket.send(said("back", "m-1"))
        await socket.wait_closed()

    async with eventsub(script) as (source, _):
        events = await until(source, says("back"))
    assert any(reason in told for told in reasons(events))


async def test_a_refused_token_ends_it_and_is_never_shown(caplog):
    caplog.set_level(logging.DEBUG)

    async def script(socket, number):
        await socket.send(welcome("s"))
        await socket.wait_closed()

    async with eventsub(script, token="wrong-xyzzy") as (source, _):
        with pytest.raises(SourceError, match="refuses the token") as caught:
            await source.take()
    assert "xyzzy" not in str(caught.value)
    assert "xyzzy" not in "".join(
        r.getMessage() for r in caplog.records if r.name.startswith(("hikari", "httpx"))
    )


async def test_a_chat_that_may_not_be_read_ends_it():
    helix = Helix()
    helix.refused["channel.chat.message"] = (403, {"error": "Forbidden", "message": "missing scope"})

    async def script(socket, number):
        await socket.send(welcome("s"))
        await socket.wait_closed()

    async with eventsub(script, helix) as (source, _):
        with pytest.raises(SourceError, match="user:read:chat"):
            await source.take()


async def test_a_channel_nobody_has_ends_it():
    async def script(socket, number):
        await socket.send(welcome("s"))
        await socket.wait_closed()

    async with eventsub(script, channel="nobody") as (source, _):
        with pytest.raises(SourceError, match="knows no channel 'nobody'"):
            await source.take()


async def test_what_else_is_not_granted_is_told():
    helix = Helix()
    helix.refused["channel.raid"] = (403, {"error": "Forbidden", "message": "no"})
    helix.refused["stream.online"] = (409, {"error": "Conflict", "message": "subscription already exists"})

    async def script(socket, number):
        await socket.send(welcome("s"))
        await socket.send(said("hello", "m-1"))
        await socket.wait_closed()

    async with eventsub(script, helix) as (source, _):
        events = await until(source, says("hello"))
    assert reasons(events) == ["Twitch does not tell us of channel.raid"]


async def test_revocations():
    def revoked(name):
        return frame("revocation", {"subscription": {"type": name, "status": "authorization_revoked"}})

    async def script(socket, number):
        await socket.send(welcome("s"))
        await socket.send(revoked("channel.raid"))
        await socket.send(revoked("channel.chat.message"))
        await socket.wait_closed()

    async with eventsub(script) as (source, _):
        _, gap = await source.take(), await source.take()
        assert "no longer tells us of channel.raid: authorization_revoked" in gap[0].reason
        with pytest.raises(SourceError, match="took the chat back"):
            await source.take()


async def test_nonsense_is_counted_and_chat_goes_on():
    async def script(socket, number):
        await socket.send(welcome("s"))
        for nonsense in ("x", b"\xff", "{}", notification("channel.chat.message", {"message": 5})):
            await socket.send(nonsense)
        await socket.send(frame("something_new", {}))
        await socket.send(said("\x1b[31m<script>", "m-1"))
        await socket.wait_closed()

    async with eventsub(script) as (source, _):
        await until(source, says("\x1b[31m<script>"))
    assert (source.counts.malformed, source.counts.ignored) == (4, 1)


async def test_a_server_that_does_not_welcome_is_tried_again():
    async def script(socket, number):
        await socket.send(
            frame("session_keepalive", {}) if number == 1 else "nonsense" if number == 2 else welcome("s")
        )
        if number > 2:
            await socket.send(said("hello", "m-1"))
        await socket.wait_closed()

    async with eventsub(script) as (source, _):
        events = await until(source, says("hello"))
    assert "a session_keepalive came in place of a welcome" in reasons(events)[0]


async def test_an_api_in_trouble_is_asked_again():
    helix = Helix()
    helix.refused["channel.chat.message"] = (503, {"message": "try later"})

    async def script(socket, number):
        await socket.send(welcome("s"))
        if number == 2:
            await socket.send(said("hello", "m-1"))
        else:
            await subscribed(helix, 1)
            helix.refused.clear()
        await socket.wait_closed()

    async with eventsub(script, helix) as (source, _):
        events = await until(source, says("hello"))
    assert "status 503" in reasons(events)[0]
