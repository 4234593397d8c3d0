"""Twitch chat over real sockets, from a server that behaves as badly as the real one may."""

import asyncio
import shutil
import ssl
import subprocess

import pytest

from hikari_ml.chat import ChatMessage, SourceState
from hikari_ml.config import Settings
from hikari_ml.errors import InputError, SourceError
from hikari_ml.platforms import tls, twitch
from hikari_ml.platforms.source import LostConnection, RateLimit
from hikari_ml.platforms.twitch import TwitchSource
from tests.platforms.servers import irc_server, until, web_socket_server


def source(server, **more):
    url = server if isinstance(server, str) else server.url
    return TwitchSource("hikari", **{"url": url, "first_pause": 0.001, **more})


def says(text):
    return lambda event: isinstance(event, ChatMessage) and event.text == text


def texts(events):
    return [event.text for event in events if isinstance(event, ChatMessage)]


def states(events):
    return [event.state for event in events if isinstance(event, SourceState)]


async def test_it_logs_in_without_an_account_and_reads():
    async def script(irc, number):
        await irc.joined()
        await irc.say("hello", tags="id=1")
        await irc.line()

    async with irc_server(script) as server, source(server) as chat:
        events = await until(chat, says("hello"))
    assert states(events) == ["connected"]
    lines = server.connections[0].lines
    assert lines[0] == "CAP REQ :twitch.tv/tags twitch.tv/commands"
    assert lines[1] == "PASS SCHMOOPIIE"
    assert lines[2].startswith("NICK justinfan")
    assert lines[3] == "JOIN #hikari"


async def test_bytes_may_be_cut_anywhere():
    line = "@id=1;emotes=25:2-6 :anna!a@x PRIVMSG #hikari :😀 Kappa\r\n".encode()

    async def script(irc, number):
        await irc.joined()
        for byte in line:
            await irc.send(bytes([byte]))
            await asyncio.sleep(0)
        await irc.line()

    async with irc_server(script) as server, source(server) as chat:
        (event,) = [e for e in await until(chat, says("😀 Kappa")) if isinstance(e, ChatMessage)]
    assert event.emotes[0].name == "Kappa"


async def test_a_connection_cut_in_a_line_is_made_again_and_nothing_is_told_twice():
    async def script(irc, number):
        await irc.joined()
        await irc.say("one", tags="id=1")
        if number == 1:
            await irc.send(b"@id=2 :anna!a@x PRIVMSG #hik")
            return
        await irc.say("two", tags="id=2")
        await irc.line()

    async with irc_server(script) as server, source(server) as chat:
        events = await until(chat, says("two"))
    assert texts(events) == ["one", "two"]
    assert states(events) == ["connected", "reconnecting", "connected", "gap"]
    assert (chat.counts.reconnects, chat.counts.duplicates) == (1, 1)


async def test_it_moves_when_twitch_asks():
    async def script(irc, number):
        await irc.joined()
        if number == 1:
            await irc.send(":tmi.twitch.tv RECONNECT\r\n")
            await irc.line()
        await irc.say("after")
        await irc.line()

    async with irc_server(script) as server, source(server) as chat:
        events = await until(chat, says("after"))
    reasons = [event.reason for event in events if isinstance(event, SourceState)]
    assert "Twitch asks to connect anew" in reasons


async def test_it_answers_pings():
    async def script(irc, number):
        await irc.joined()
        await irc.send("PING :tmi.twitch.tv\r\n")
        assert await irc.line() == "PONG :tmi.twitch.tv"
        await irc.say("alive")
        await irc.line()

    async with irc_server(script) as server, source(server) as chat:
        await until(chat, says("alive"))


async def test_silence_is_asked_about_and_an_answer_keeps_the_connection():
    async def script(irc, number):
        await irc.joined()
        assert await irc.line() == "PING :hikari"
        await irc.send(":tmi.twitch.tv PONG tmi.twitch.tv :hikari\r\n")
        assert await irc.line() == "PING :hikari"
        await irc.say("still here")
        await irc.line()

    async with irc_server(script) as server, source(server, silence_seconds=0.05) as chat:
        await until(chat, says("still here"))
    assert chat.counts.reconnects == 0


async def test_a_dead_connection_is_noticed_without_an_answer():
    async def script(irc, number):
        await irc.joined()
        if number == 1:
            while await irc.line():
                pass
        await irc.say("back")
        await irc.line()

    async with irc_server(script) as server, source(server, silence_seconds=0.2) as chat:
        events = await until(chat, says("back"))
    assert any("the connection is dead" in getattr(event, "reason", "") for event in events)


async def test_a_channel_that_lets_nobody_in_is_said_so(monkeypatch):
    monkeypatch.setattr(twitch, "CONNECT_SECONDS", 0.2)

    async def script(irc, number):
        await irc.joined(answer=False)
        while await irc.line():
            pass

    async with irc_server(script) as server, source(server) as chat:
        (state,) = await until(chat, lambda event: True)
    assert "#hikari did not let us in; is it spelled right?" in state.reason


async def test_a_suspended_channel_ends_it():
    async def script(irc, number):
        await irc.joined(answer=False)
        await irc.send("@msg-id=msg_channel_suspended :tmi.twitch.tv NOTICE #hikari :It is suspended.\r\n")
        await irc.line()

    async with irc_server(script) as server, source(server) as chat:
        with pytest.raises(SourceError, match=r"twitch:hikari: Twitch says: It is suspended\."):
            await chat.take()


async def test_a_server_that_is_not_there_is_tried_again():
    async def script(irc, number):
        await irc.joined()
        await irc.line()

    async with irc_server(script) as server:
        url = server.url
    async with source(url) as chat:
        events = await until(chat, lambda event: chat.counts.reconnects >= 3)
    assert set(states(events)) == {"reconnecting"}


async def test_a_flood_is_dropped_from_the_oldest_and_deletions_are_not():
    async def script(irc, number):
        await irc.joined()
        await irc.send("@target-msg-id=7 :tmi.twitch.tv CLEARMSG #hikari :x\r\n")
        for number in range(3000):
            await irc.say(f"flood {number}", tags=f"id={number}")
        await irc.line()

    async with irc_server(script) as server, source(server, capacity=100) as chat:
        await chat._ready()
        async with asyncio.timeout(20):
            while chat.counts.received < 3002:
                await asyncio.sleep(0.01)
        events = await chat.take(1000)
    assert [type(event).__name__ for event in events[:3]] == ["SourceState", "SourceState", "MessageDeleted"]
    assert texts(events)[-1] == "flood 2999"
    assert len(events) == 101
    assert chat.counts.dropped == 2902


async def test_nonsense_is_counted_and_chat_goes_on():
    async def script(irc, number):
        await irc.joined()
        await irc.send(b"\xff\xfe\xfd\r\n@@@\r\n" + b"y" * 100_000 + b"\r\n")
        await irc.say("\x1b[31m<script>\u202e 💥", name="x\u202ey", tags="id=1;display-name=<b>x\\:")
        await irc.line()

    async with irc_server(script) as server, source(server) as chat:
        events = await until(chat, lambda event: isinstance(event, ChatMessage))
    assert events[-1].username == "x\u202ey"
    assert chat.counts.malformed == 3


async def test_it_speaks_over_web_sockets_as_well():
    async def script(socket, number):
        while not (await socket.recv()).endswith("JOIN #hikari\r\n"):
            pass
        await socket.send(":tmi.twitch.tv ROOMSTATE #hikari\r\nPING :x\r\n")
        assert await socket.recv() == "PONG :x\r\n"
        if number == 1:
            await socket.close(1011)
            return
        await socket.send(":anna!a@x PRIVMSG #hikari :one\r\n:anna!a@x PRIVMSG #hikari :two")
        await socket.wait_closed()

    async with web_socket_server(script) as url, source(url) as chat:
        events = await until(chat, says("two"))
    assert texts(events) == ["one", "two"]
    assert chat.counts.reconnects == 1


async def test_what_came_with_a_ping_is_told_though_it_cannot_be_answered(monkeypatch):
    send = twitch._WebSocket.send

    async def lost(wire, data):
        if data.startswith(b"PONG"):
            raise LostConnection("it ended meanwhile")
        await send(wire, data)

    async def script(socket, number):
        while not (await socket.recv()).endswith("JOIN #hikari\r\n"):
            pass
        await socket.send(":tmi.twitch.tv ROOMSTATE #hikari\r\n")
        said = f"@id={number} :anna!a@x PRIVMSG #hikari :{number}\r\n"
        await socket.send(said if number == 2 else f"{said}PING :x\r\n")
        await socket.wait_closed()

    monkeypatch.setattr(twitch._WebSocket, "send", lost)
    async with web_socket_server(script) as url, source(url) as chat:
        events = await until(chat, says("2"))
    assert texts(events) == ["1", "2"]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
async def test_the_certificate_is_checked(tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    wish = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 "
    name = "-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    files = ["-keyout", key, "-out", certificate]
    subprocess.run([*(wish + name).split(), *files], check=True, capture_output=True)
    secure = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    secure.load_cert_chain(certificate, key)

    async def script(irc, number):
        await irc.joined()
        await irc.say("hello")
        await irc.line()

    async with irc_server(script, "ircs", ssl=secure) as server:
        async with source(server) as chat:
            (state,) = await until(chat, lambda event: True)
        assert "certificate" in state.reason
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SSL_CERT_FILE", str(certificate))  # the user trusts it
            tls.context.cache_clear()
            async with source(server) as chat:
                await until(chat, says("hello"))
        tls.context.cache_clear()


def test_it_is_encrypted_unless_told_otherwise():
    assert twitch.IRC_URL.startswith("ircs://")
    assert Settings().platforms.twitch_irc_url == twitch.IRC_URL


async def test_joins_are_limited():
    async def script(irc, number):
        await irc.joined()

    joins = RateLimit(3, 1000.0)
    async with irc_server(script) as server, source(server, joins=joins) as chat:
        await chat._ready()
        async with asyncio.timeout(20):
            while chat.counts.reconnects < 3:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
    assert len(server.connections) == 3


@pytest.mark.parametrize("url", ["http://x", "irc://", "irc.chat.twitch.tv", ""])
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(InputError, match="ircs://"):
        TwitchSource("hikari", url=url)
