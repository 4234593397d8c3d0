"""The feed on a real socket: for whoever greets it, and for nobody else."""

import asyncio
import json
import urllib.error
import urllib.request

import msgpack
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from hikari_ml.errors import InputError
from hikari_ml.feed import server as server_module
from hikari_ml.feed.server import FeedServer, Page
from hikari_ml.feed.session import apply_patch


class Source:
    def __init__(self):
        self.state = {"n": 0, "gone": 1}

    async def __call__(self):
        return dict(self.state)


@pytest.fixture
def source():
    return Source()


@pytest.fixture
async def server(source):
    pages = {"/": Page("text/html", b"<p>hello</p>")}
    async with FeedServer(source, port=0, interval=0.02, pages=pages) as found:
        yield found


async def hello(url, **parts):
    client = await connect(url, subprotocols=parts.pop("subprotocols", None))
    await client.send(json.dumps({"type": "hello", **parts}))
    return client


async def receive(client):
    raw = await asyncio.wait_for(client.recv(), 10)
    return msgpack.unpackb(raw) if isinstance(raw, bytes) else json.loads(raw)


async def test_a_snapshot_and_then_deltas(server, source):
    client = await hello(server.url)
    snapshot = await receive(client)
    assert (snapshot["type"], snapshot["data"]) == ("snapshot", {"n": 0, "gone": 1})
    del source.state["gone"]
    source.state["n"] = 5
    delta = await receive(client)
    assert (delta["type"], delta["seq"]) == ("delta", snapshot["seq"] + 1)
    assert apply_patch(snapshot["data"], delta["data"]) == {"n": 5}
    await client.close()


async def test_msgpack_for_engines(server):
    client = await hello(server.url, subprotocols=["hikari.v1.msgpack"])
    assert client.subprotocol == "hikari.v1.msgpack"
    raw = await client.recv()
    assert isinstance(raw, bytes)
    assert msgpack.unpackb(raw)["type"] == "snapshot"
    await client.close()


async def test_json_when_asked_for_and_when_not(server):
    for asked in (["hikari.v1.json"], None, ["something.else"]):
        client = await connect(server.url, subprotocols=asked)
        await client.send('{"type": "hello"}')
        assert (await receive(client))["type"] == "snapshot"
        await client.close()


async def test_events_reach_everybody_at_once(server):
    clients = [await hello(server.url) for _ in range(5)]
    for client in clients:
        await receive(client)
    server.publish("raid", {"from": "mika"})
    for client in clients:
        frame = await receive(client)
        assert (frame["type"], frame["event"], frame["data"]) == ("event", "raid", {"from": "mika"})
        await client.close()


async def test_a_client_that_comes_back_gets_what_it_missed(server, source):
    client = await hello(server.url)
    first = await receive(client)
    await client.close()
    for n in (1, 2, 3):
        source.state["n"] = n
        await asyncio.sleep(0.06)
    client = await hello(server.url, epoch=first["epoch"], seq=first["seq"])
    resumed = await receive(client)
    assert (resumed["type"], resumed["recovered"]) == ("resumed", True)
    state = first["data"]
    while state["n"] != 3:
        state = apply_patch(state, (await receive(client))["data"])
    await client.close()


async def test_a_client_of_another_epoch_is_told(server):
    client = await hello(server.url, epoch="long ago", seq=3)
    frame = await receive(client)
    assert (frame["type"], frame["recovered"]) == ("snapshot", False)
    await client.close()


@pytest.mark.parametrize("greeting", ["hi", "[]", '{"type": "bye"}', b"\xc1", b"\x00" * 100, "[" * 4000])
async def test_whoever_does_not_greet_is_sent_away(server, greeting):
    async with connect(server.url) as client:
        await client.send(greeting)
        with pytest.raises(ConnectionClosed) as caught:
            await asyncio.wait_for(client.recv(), 10)
    assert caught.value.rcvd.code == server_module.BAD_GREETING


async def test_whoever_says_nothing_is_sent_away(server, monkeypatch):
    monkeypatch.setattr(server_module, "GREETING_SECONDS", 0.05)
    async with connect(server.url) as client:
        with pytest.raises(ConnectionClosed) as caught:
            await asyncio.wait_for(client.recv(), 10)
    assert caught.value.rcvd.code == server_module.NO_GREETING


async def test_a_message_too_long_is_refused(server):
    async with connect(server.url) as client:
        await client.send("x" * 100_000)
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(client.recv(), 10)


async def test_a_client_that_stops_reading_harms_nobody(server, source, monkeypatch):
    monkeypatch.setattr(server_module, "STUCK_SECONDS", 0.3)
    stuck, reading = await hello(server.url), await hello(server.url)
    stuck.transport.pause_reading()
    await receive(reading)
    seen = 0
    for i in range(60):
        source.state["big"] = f"{i}" + "x" * 200_000
        frame = await receive(reading)
        seen = frame["data"]["big"][: len(str(i))]
        assert len(server._clients) <= 2
    assert seen == "59"
    for _ in range(100):
        if len(server._clients) == 1:
            break
        source.state["n"] += 1
        await receive(reading)
    assert len(server._clients) == 1, "the stuck one was cut off"
    stuck.transport.abort()
    await reading.close()


async def test_a_snapshot_that_fails_does_not_end_the_feed(server, source, caplog):
    client = await hello(server.url)
    await receive(client)
    good, source.state = source.state, None
    await asyncio.sleep(0.1)
    source.state = {**good, "n": 9}
    assert (await receive(client))["data"] == {"n": 9}
    assert "no snapshot" in caplog.text
    await client.close()


def fetch(url, **headers):
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


async def test_pages_beside_the_feed(server):
    page = server.url.replace("ws://", "http://").removesuffix("feed")
    status, headers, body = await asyncio.to_thread(fetch, page)
    assert (status, body, headers["Content-Type"]) == (200, b"<p>hello</p>", "text/html")
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert (await asyncio.to_thread(fetch, page + "secret"))[0] == 404


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example"])
async def test_a_rebound_host_name_is_refused(server, host):
    page = server.url.replace("ws://", "http://").removesuffix("feed")
    assert (await asyncio.to_thread(fetch, page, Host=host))[0] == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
async def test_pages_of_other_sites_may_not_listen(server, origin):
    with pytest.raises(InvalidStatus) as caught:
        async with connect(server.url, origin=origin):
            pass
    assert caught.value.response.status_code == 403


async def test_its_own_page_may_listen(server):
    async with connect(
        server.url, origin=server.url.replace("ws://", "http://").removesuffix("/feed")
    ) as client:
        await client.send('{"type": "hello"}')
        assert (await receive(client))["type"] == "snapshot"


async def test_a_port_that_is_taken_is_a_clear_error(server, source):
    port = int(server.url.split(":")[2].split("/")[0])
    with pytest.raises(InputError, match="choose another port"):
        await FeedServer(source, port=port).start()


async def test_a_request_that_names_two_hosts_is_refused(server):
    host, port = server.url.removeprefix("ws://").removesuffix("/feed").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n")
    assert b"403" in await asyncio.wait_for(reader.readline(), 5)
    writer.close()


async def test_a_snapshot_that_cannot_be_written_does_not_end_the_feed(server, source, caplog):
    client = await hello(server.url)
    await receive(client)
    source.state = {"n": "\ud800"}
    await asyncio.sleep(0.1)
    source.state = {"n": 2}
    while (frame := await receive(client))["data"].get("n") != 2:
        pass
    assert frame["type"] in ("delta", "snapshot")
    assert "no snapshot could be sent" in caplog.text
    await client.close()
