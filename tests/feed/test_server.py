"""The feed on a real socket: for whoever greets it, and for nobody else."""

import asyncio
import json
import urllib.error
import urllib.request
from contextlib import suppress

import msgpack
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from hikari_ml.config import FeedSettings
from hikari_ml.errors import InputError
from hikari_ml.feed import audience as audience_module
from hikari_ml.feed import channel as channel_module
from hikari_ml.feed import server as server_module
from hikari_ml.feed.frames import Close
from hikari_ml.feed.server import FeedServer, Page
from hikari_ml.feed.session import apply_patch
from tests.feed.support import until


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


async def hello(url, *, subprotocols=None, compression="deflate", **parts):
    client = await connect(url, subprotocols=subprotocols, compression=compression)
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
    assert caught.value.rcvd.code == Close.BAD_MESSAGE


async def test_whoever_says_nothing_is_sent_away(server, monkeypatch):
    monkeypatch.setattr(server_module, "GREETING_SECONDS", 0.05)
    async with connect(server.url) as client:
        with pytest.raises(ConnectionClosed) as caught:
            await asyncio.wait_for(client.recv(), 10)
    assert caught.value.rcvd.code == Close.UNAUTHORIZED


async def test_a_message_too_long_is_refused(server):
    async with connect(server.url) as client:
        await client.send("x" * 100_000)
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(client.recv(), 10)


async def test_a_client_that_stops_reading_harms_nobody(server, source, monkeypatch):
    monkeypatch.setattr(audience_module, "STUCK_SECONDS", 0.3)
    channel = server.channels["default"]
    stuck, reading = await hello(server.url), await hello(server.url)
    stuck.transport.pause_reading()
    await receive(reading)
    for i in range(60):
        source.state["big"] = f"{i}" + "x" * 200_000
        frame = await receive(reading)
        assert frame["data"]["big"].startswith(str(i))
    for _ in range(200):
        if channel.counts.cut_off:
            break
        source.state["n"] += 1
        await receive(reading)
    assert (channel.counts.degraded, channel.counts.cut_off) == (1, 1)
    assert len(channel.clients) == 1, "the stuck one was cut off"
    await asyncio.sleep(0)
    stuck.transport.resume_reading()
    seen = []
    with suppress(ConnectionClosed):
        while True:
            seen.append(await receive(stuck))
    assert [frame["seq"] for frame in seen] == list(range(seen[0]["seq"], seen[0]["seq"] + len(seen)))
    await reading.close()


@pytest.mark.parametrize("binary", [False, True])
async def test_a_client_that_reads_again_gets_a_snapshot_and_goes_on(server, source, binary):
    channel = server.channels["default"]
    slow = await hello(server.url, subprotocols=["hikari.v1.msgpack"] if binary else None)
    await receive(slow)
    slow.transport.pause_reading()
    for i in range(2000):
        source.state["big"] = f"{i}" + "x" * 200_000
        await asyncio.sleep(0.02)
        if channel.counts.degraded:
            break
    source.state = {"n": "the end"}
    slow.transport.resume_reading()
    state = None
    while state != {"n": "the end"}:
        frame = await receive(slow)
        state = frame["data"] if frame["type"] == "snapshot" else apply_patch(state or {}, frame["data"])
    assert (frame["type"], channel.counts.degraded, channel.counts.cut_off) == ("snapshot", 1, 0)
    await slow.close()


async def test_a_snapshot_that_fails_does_not_end_the_feed(server, source, caplog):
    client = await hello(server.url)
    await receive(client)
    good, source.state = source.state, None
    await until(server.channels["default"].troubles)
    assert "TypeError" in server.channels["default"].troubles()[0]
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


async def test_a_start_that_failed_is_tried_again(source):
    first = FeedServer(source, host="127.0.0.1", port=0)
    url = await first.start()
    second = FeedServer(source, host="127.0.0.1", port=int(url.split(":")[2].split("/")[0]))
    for _ in range(2):
        with pytest.raises(InputError, match="cannot be listened on"):
            await second.start()
    await first.aclose()
    assert await second.start() == url
    await second.aclose()


async def test_a_port_that_is_taken_is_a_clear_error(server, source):
    port = int(server.url.split(":")[2].split("/")[0])
    with pytest.raises(InputError, match="choose another port"):
        await FeedServer(source, port=port).start()


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ({"port": 65_536}, "port"),
        ({"port": -1}, "port"),
        ({"port": "x"}, "port"),
        ({"port": True}, "port"),
        ({"host": 3, "port": 0}, "host"),
    ],
)
async def test_an_address_that_is_none_is_named(source, address, field):
    with pytest.raises(InputError) as caught:
        await FeedServer(source, **address).start()
    assert caught.value.field == field


@pytest.mark.parametrize("host", ["a\0b", "a" * 300])
async def test_a_host_that_is_no_name_cannot_be_listened_on(source, host):
    settings = FeedSettings(token="long enough to be one")
    with pytest.raises(InputError, match="cannot be listened on"):
        await FeedServer(source, settings=settings, host=host, port=0).start()


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
    server.publish("raid", {"from": "\ud800"})
    counts = server.channels["default"].counts
    await until(lambda: counts.failed_snapshots > 1)
    source.state = {"n": 2}
    frame = await receive(client)
    assert (frame["type"], frame["seq"], frame["data"]) == ("delta", 2, {"n": 2, "gone": None})
    assert "could be sent" in caplog.text
    assert (counts.failed_events, caplog.text.count("no snapshot of")) == (1, 1)
    await client.close()


# -- several channels --------------------------------------------------------------------------------


async def test_several_feeds_share_the_port(server):
    other = Source()
    await server.add_feed("other", other)
    one, two = await hello(server.url), await hello(server.url, channel="other")
    assert (await receive(one))["channel"] == "default"
    assert (await receive(two))["channel"] == "other"
    server.publish("raid", {"to": "other"}, "other")
    server.publish("raid", {"to": "the first"})
    server.publish("raid", {"to": "nobody"}, "unknown")
    assert (await receive(two))["data"] == {"to": "other"}
    assert (await receive(one))["data"] == {"to": "the first"}
    other.state["n"] = 7
    assert (await receive(two))["data"] == {"n": 7}
    await one.close()
    await two.close()


async def test_capitals_make_no_other_channel(server):
    await server.add_feed("other", Source())
    await server.add_feed("Straße", Source())
    for said, found in (("OTHER", "other"), ("STRASSE", "Straße"), ("DeFault", "default")):
        client = await hello(server.url, channel=said)
        assert (await receive(client))["channel"] == found
        await client.close()
    with pytest.raises(InputError, match="served already"):
        await server.add_feed("OTHER", Source())
    await server.remove_feed("OTHER")
    assert list(server.channels) == ["default", "Straße"]


async def test_a_feed_that_is_not_ready_keeps_nobody_from_another():
    go_on, slow = asyncio.Event(), Source()

    async def late():
        await go_on.wait()
        return await slow()

    async with FeedServer(port=0) as server:
        adding = asyncio.create_task(server.add_feed("late", late))
        await server.add_feed("quick", Source())
        client = await hello(server.url)
        assert (await receive(client))["channel"] == "quick"
        await client.close()
        go_on.set()
        await adding


async def test_clients_of_a_feed_that_is_removed_are_told(server):
    await server.add_feed("other", Source())
    stays, goes = await hello(server.url), await hello(server.url, channel="other")
    await receive(goes)
    await server.remove_feed("other")
    with pytest.raises(ConnectionClosed) as caught:
        await receive(goes)
    assert caught.value.rcvd.code == Close.REMOVED
    late = await hello(server.url, channel="other")
    with pytest.raises(ConnectionClosed) as caught:
        await receive(late)
    assert caught.value.rcvd.code == Close.NO_CHANNEL
    assert (await receive(stays))["type"] == "snapshot"
    await stays.close()


async def test_names_of_feeds_are_checked(server, source):
    with pytest.raises(InputError, match="served already"):
        await server.add_feed("default", source)
    with pytest.raises(InputError, match="no feed of this name"):
        await server.remove_feed("other")

    async def broken():
        return {"n": float("nan")}

    with pytest.raises(InputError, match="cannot be written"):
        await server.add_feed("other", broken)
    assert list(server.channels) == ["default"]


async def test_a_server_may_begin_without_a_feed():
    async with FeedServer(port=0) as server:
        client = await hello(server.url)
        with pytest.raises(ConnectionClosed) as caught:
            await receive(client)
        assert caught.value.rcvd.code == Close.NO_CHANNEL
        await server.add_feed("first", Source())
        client = await hello(server.url)
        assert (await receive(client))["channel"] == "first"
        await client.close()


# -- who may come in ---------------------------------------------------------------------------------

TOKEN = "correct horse battery"


@pytest.fixture
async def guarded(source):
    settings = FeedSettings(token=TOKEN, host="0.0.0.0", port=0, interval_seconds=0.02)
    async with FeedServer(source, settings=settings) as found:
        found.add_page("/secret", Page("text/plain", b"numbers"), private=True)
        found.add_page("/", Page("text/html", b"page"))
        yield found


async def test_without_a_token_nobody_listens_beyond_this_machine(source):
    with pytest.raises(InputError, match=r"set feed\.token or HIKARI_FEED__TOKEN"):
        await FeedServer(source, host="0.0.0.0", port=0).start()


async def test_the_token_opens(guarded):
    client = await hello(guarded.url, token=TOKEN)
    assert (await receive(client))["type"] == "snapshot"
    await client.close()


async def test_a_wrong_token_does_not_and_soon_no_other_is_tried(guarded, caplog):
    guarded._gate.wrong_tokens.per_second = 0
    codes = []
    for token in (None, None, "", "wrong", 5, TOKEN[:-1], "x", TOKEN, "wrong"):  # None guesses nothing
        client = await hello(guarded.url, token=token)
        with pytest.raises(ConnectionClosed) as caught:
            await receive(client)
        codes.append(caught.value.rcvd.code)
    assert codes == [Close.UNAUTHORIZED] * 7 + [Close.TOO_MANY] * 2
    assert guarded.counts.refused == {"token": 7, "attempts": 2}
    page = guarded.url.replace("ws://", "http://").replace("feed", "secret")
    assert (await asyncio.to_thread(fetch, page, Authorization=f"Bearer {TOKEN}"))[0] == 429
    assert TOKEN not in caplog.text


async def test_private_pages_want_the_token(guarded, caplog):
    caplog.set_level(0)
    page = guarded.url.replace("ws://", "http://").removesuffix("feed")
    assert (await asyncio.to_thread(fetch, page))[0] == 200
    status, headers, _ = await asyncio.to_thread(fetch, page + "secret")
    assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")
    for _ in range(8):  # a probe without a token keeps nobody else out
        assert (await asyncio.to_thread(fetch, page + "secret"))[0] == 401
    assert (await asyncio.to_thread(fetch, page + "secret", Authorization="Bearer x"))[0] == 401
    allowed = await asyncio.to_thread(fetch, page + "secret", Authorization=f"Bearer {TOKEN}")
    assert (allowed[0], allowed[2]) == (200, b"numbers")
    assert TOKEN not in caplog.text


async def test_a_proxy_in_front_is_known_by_its_name(source):
    settings = FeedSettings(token=TOKEN, port=0, allowed_hosts=("hikari.example",))
    async with FeedServer(source, settings=settings, pages={"/": Page("text/html", b"page")}) as server:
        page = server.url.replace("ws://", "http://").removesuffix("feed")
        known = {"Host": "hikari.example", "Origin": "https://hikari.example"}
        assert (await asyncio.to_thread(fetch, page, **known))[0] == 200
        assert (await asyncio.to_thread(fetch, page, Host="evil.example"))[0] == 403


# -- limits ------------------------------------------------------------------------------------------


async def test_connections_are_bounded(source):
    settings = FeedSettings(port=0, max_connections=3, max_per_address=2)
    async with FeedServer(source, settings=settings) as server:
        two = [await hello(server.url) for _ in range(2)]
        with pytest.raises(InvalidStatus) as caught:
            await connect(server.url)
        assert caught.value.response.status_code == 503
        assert (server.connections, server.counts.refused) == (2, {"address_full": 1})
        await two[0].close()
        await until(lambda: server.connections == 1)
        third = await hello(server.url)
        assert (await receive(third))["type"] == "snapshot"
        for client in (*two, third):
            await client.close()


async def test_a_client_that_talks_too_much_is_sent_away(server, monkeypatch):
    monkeypatch.setattr(server_module, "MESSAGES_PER_SECOND", 0.0)
    client = await hello(server.url)
    with pytest.raises(ConnectionClosed) as caught:
        for _ in range(100):
            await client.send('{"type": "thanks"}')
            await asyncio.sleep(0)
        while True:
            await receive(client)
    assert caught.value.rcvd.code == Close.TOO_MANY
    assert server.counts.refused == {"messages": 1}
    assert server.counts.ignored == server_module.MESSAGES_AT_ONCE


async def test_a_client_that_floods_with_pings_is_broken_off(server):
    client = await hello(server.url)
    await receive(client)
    client.transport.pause_reading()
    with suppress(ConnectionClosed):
        for n in range(3000):
            await client.ping(str(n).zfill(100))
    await until(lambda: not server.connections)
    assert server.counts.refused == {"flood": 1}
    client.transport.abort()


async def test_a_client_that_talks_nonsense_is_sent_away(server):
    client = await hello(server.url)
    await client.send("what?")
    with pytest.raises(ConnectionClosed) as caught:
        while True:
            await receive(client)
    assert caught.value.rcvd.code == Close.BAD_MESSAGE
    assert server.counts.refused == {"bad_message": 1}


async def test_a_client_that_lost_its_place_may_ask(server, source):
    client = await hello(server.url)
    assert (await receive(client))["type"] == "snapshot"
    for _ in range(5):
        await client.send('{"type": "snapshot"}')
    source.state["n"] = 1
    frames = [await receive(client)]
    while frames[-1]["type"] != "snapshot":
        frames.append(await receive(client))
    source.state["n"] = 2
    after = await receive(client)
    assert (frames[-1]["data"]["n"], after["type"], after["data"]) == (1, "delta", {"n": 2})
    await client.close()


async def test_requests_of_one_address_are_bounded(server):
    page = server.url.replace("ws://", "http://").removesuffix("feed")
    server._gate.requests.burst, server._gate.requests.per_second = 3, 0
    statuses = [(await asyncio.to_thread(fetch, page))[0] for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    assert (server.counts.http, server.counts.refused) == ({200: 3, 429: 2}, {"rate": 2})


async def test_a_page_may_be_made_when_it_is_asked_for(server, caplog):
    async def made():
        return Page("text/plain", b"now", 203)

    async def broken():
        raise KeyError("secret")

    server.add_page("/made", made)
    server.add_page("/broken", broken)
    page = server.url.replace("ws://", "http://").removesuffix("feed")
    status, _, body = await asyncio.to_thread(fetch, page + "made?x=1")
    assert (status, body) == (203, b"now")
    status, _, body = await asyncio.to_thread(fetch, page + "broken")
    assert (status, b"secret" in body) == (500, False)
    assert (server.counts.failed_pages, "could not be made" in caplog.text) == (1, True)


async def raw(server, request):
    host, port = server.url.removeprefix("ws://").removesuffix("/feed").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request)
    try:
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()


async def test_a_page_has_a_head_and_takes_nothing(server):
    head = await raw(server, b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert head.endswith(b"\r\n\r\n")
    assert b"Content-Length: 12\r\n" in head
    assert b"405" in (await raw(server, b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n")).splitlines()[0]


async def test_a_silent_client_is_noticed(source, monkeypatch):
    monkeypatch.setattr(server_module, "PING_SECONDS", 0.05)
    monkeypatch.setattr(server_module, "PONG_SECONDS", 0.05)
    monkeypatch.setattr(server_module, "GREETING_SECONDS", 0.2)
    async with FeedServer(source, port=0) as server:
        client = await hello(server.url)
        client.transport.pause_reading()
        await until(lambda: not server.connections)
        assert server.counts.refused == {"silent": 1}
        assert not server.channels["default"].clients
        client.transport.abort()


async def test_a_client_that_reads_nothing_does_not_hold_up_the_end(source):
    source.state["big"] = "x" * 20_000_000
    async with FeedServer(source, port=0) as server:
        client = await hello(server.url)
        client.transport.pause_reading()
        await until(lambda: server.channels["default"].clients)
    assert server.connections == 0
    client.transport.abort()


@pytest.mark.parametrize("compression", [False, True])
async def test_many_clients_in_slices_see_neither_hole_nor_repeat(source, monkeypatch, compression):
    monkeypatch.setattr(channel_module, "SLICE_SECONDS", 0.0)
    monkeypatch.setattr(channel_module, "SLICE_CLIENTS", 3)
    settings = FeedSettings(port=0, interval_seconds=0.02, compression=compression)
    async with FeedServer(source, settings=settings) as server:
        await follow_in_slices(server, source, compression=compression)


async def follow_in_slices(server, source, *, compression):
    kinds = [
        {"subprotocols": subprotocols, "compression": asked}
        for subprotocols in (None, ["hikari.v1.msgpack"])
        for asked in ("deflate", None)
    ]
    clients = [await hello(server.url, **kinds[i % 4]) for i in range(20)]
    assert [bool(client.protocol.extensions) for client in clients] == [compression, False] * 10
    last = {}

    async def follow(client):
        first = await receive(client)
        state, seq = first["data"], first["seq"]
        while state.get("n") != "the end":
            frame = await receive(client)
            assert frame["seq"] == seq + 1
            seq = frame["seq"]
            state = apply_patch(state, frame["data"]) if frame["type"] == "delta" else state
        last[client] = state
        await client.close()

    followers = [asyncio.create_task(follow(client)) for client in clients]
    for i in range(15):
        source.state["n"] = i
        server.publish("raid", {"n": i})
        await asyncio.sleep(0.005)
        followers.append(asyncio.create_task(follow(await hello(server.url))))
    source.state["n"] = "the end"
    await asyncio.gather(*followers)
    assert list(last.values()) == [source.state] * 35


async def test_a_client_that_cannot_be_written_to_is_broken_off_and_the_others_go_on(server, source, caplog):
    clients = [await hello(server.url) for _ in range(3)]
    for client in clients:
        await receive(client)
    channel = server.channels["default"]
    broken = list(channel.clients)[1]
    broken.connection.transport.write_eof()
    source.state["n"] = 1
    assert [(await receive(client))["data"] for client in (clients[0], clients[2])] == [{"n": 1}] * 2
    await until(lambda: len(channel.clients) == 2)
    with pytest.raises(ConnectionClosed):
        await receive(clients[1])
    for client in clients:
        await client.close()
