"""Strangers at the door: whatever they send, nothing breaks, nothing stays, and each is counted."""

import asyncio
import base64
import gc
import json
import random
from contextlib import suppress

import msgpack
import pytest
from websockets.frames import Frame, Opcode

from hikari_ml.config import FeedSettings
from hikari_ml.feed import server as server_module
from hikari_ml.feed.gate import Gate, Visitor
from hikari_ml.feed.server import FeedServer, Page
from tests.feed.support import until

OP_TEXT, OP_BINARY = Opcode.TEXT, Opcode.BINARY
HELLO = json.dumps({"type": "hello"}).encode()


def handshake(chance):
    key = base64.b64encode(chance.randbytes(16)).decode()
    return (
        "GET /feed HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


def spoiled(raw, chance):
    """The same with a few bytes changed, taken out or put in."""
    found = bytearray(raw)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(found)) if found else 0
        found[at : at + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3))
    return bytes(found)


def message(opcode, data):
    return Frame(opcode, data).serialize(mask=True)


def nonsense(chance):
    """Something a client should not say."""
    kind = chance.randrange(6)
    if kind == 0:
        return message(OP_TEXT, spoiled(HELLO, chance))
    if kind == 1:
        return message(OP_BINARY, spoiled(msgpack.packb({"type": "hello", "seq": 5, "epoch": "x"}), chance))
    if kind == 2:
        return spoiled(message(OP_TEXT, HELLO), chance)
    if kind == 3:
        return chance.randbytes(chance.randint(1, 200))
    if kind == 4:
        return message(OP_TEXT, b"[" * chance.randint(1, 6000))
    return message(chance.choice(list(Opcode)), chance.randbytes(chance.randint(0, 125)))


def attack(chance):
    """What one stranger sends: to open, and then."""
    kind = chance.randrange(5)
    if kind == 0:
        return spoiled(handshake(chance), chance), b""
    if kind == 1:
        return chance.randbytes(chance.randint(0, 300)), b""
    greeting = message(OP_TEXT, HELLO) if kind == 2 else b""
    if kind == 3:
        return handshake(chance) + nonsense(chance), b""
    return handshake(chance), greeting + b"".join(nonsense(chance) for _ in range(chance.randint(1, 3)))


async def send(port, opening, rest):
    """Send it, hear a little of what is said to that, and hang up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(opening)
        if rest:
            await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
            writer.write(rest)
            with suppress(TimeoutError):
                await asyncio.wait_for(reader.read(-1), 0.1)
        writer.write_eof()
        await asyncio.wait_for(reader.read(), 30)
    except (OSError, asyncio.IncompleteReadError):
        pass  # the other side was quicker
    finally:
        writer.close()


def outcomes(server):
    counts, channel = server.counts, server.channels["default"].counts
    pages = sum(counts.http.values()) - counts.refused["host"] - counts.refused["rate"]
    return sum(counts.refused.values()) + pages + channel.joined + counts.left


async def besiege(server, amount, seed):
    chance, port = random.Random(seed), int(server.url.split(":")[2].split("/")[0])
    waiting = asyncio.Semaphore(50)

    async def one(opening, rest):
        async with waiting:
            await send(port, opening, rest)

    for start in range(0, amount, 1000):
        await asyncio.gather(*(one(*attack(chance)) for _ in range(start, min(start + 1000, amount))))
    await until(lambda: not server.connections)
    gc.collect()
    return len(gc.get_objects())


def visitors():
    """How many connections are still held by anything."""
    gc.collect()
    return sum(issubclass(type(found), Visitor) for found in gc.get_objects())  # asks no object anything


def complaints(caplog):
    """What was logged, but for asyncio's remarks on a busy loop."""
    return [record for record in caplog.records if not record.getMessage().startswith("Executing")]


async def fuzz(amount):
    state = {"n": 0}

    async def source():
        return state

    others = visitors()  # of tests before this one
    async with FeedServer(source, port=0, pages={"/": Page("text/html", b"page")}) as server:
        before = await besiege(
            server, min(amount, 1000), 1
        )  # the garbage of as many lies about then as later
        tasks = len(asyncio.all_tasks())
        after = await besiege(server, amount, 2)
        assert server.counts.connections == amount + min(amount, 1000)
        assert server.counts.connections <= outcomes(server)
        assert server.counts.refused["handshake"] > amount / 5
        for reason in ("bad_hello", "bad_message", "protocol", "host"):
            assert server.counts.refused[reason], reason
        assert (server.counts.failed_pages, server._gate.visitors, server._gate.places.taken) == (
            0,
            set(),
            {},
        )
        assert len(asyncio.all_tasks()) == tasks
        assert visitors() <= others
        assert after - before < 1000
        state["n"] = 1
        await until(lambda: server.channels["default"].feed.state == {"n": 1})


async def test_hundreds_of_strangers_do_no_harm(caplog):
    gc.collect()  # what tests before this one left says so now
    caplog.clear()
    await fuzz(250)
    assert complaints(caplog) == []


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_twenty_thousand_strangers_do_no_harm(caplog):
    gc.collect()
    caplog.clear()
    await fuzz(20_000)
    assert complaints(caplog) == []


async def test_who_says_nothing_at_all_is_counted(monkeypatch):
    monkeypatch.setattr(server_module, "OPEN_SECONDS", 0.05)

    async def source():
        return {}

    async with FeedServer(source, port=0) as server:
        port = int(server.url.split(":")[2].split("/")[0])
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        await until(lambda: server.counts.refused)
        assert server.counts.refused == {"handshake": 1}
        writer.close()


def test_a_gate_is_made_from_settings():
    gate = Gate.of(FeedSettings(token="0123456789abcdef", max_connections=7, max_per_address=3), "0.0.0.0")
    assert (gate.access.token, gate.places.total, gate.places.per_address) == ("0123456789abcdef", 7, 3)
