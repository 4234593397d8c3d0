"""What the page's server hands out and keeps up; the page itself is in test_page."""

import asyncio
import json
import re

import pytest

from hikari_ml import ChatMessage, Hikari
from hikari_ml.dashboard.server import STATIC, LiveDashboard, ShownChannel, pages
from hikari_ml.errors import ClosedError, InputError, StoreLockedError
from hikari_ml.runtime.clock import ManualClock
from tests.support import START, at


@pytest.fixture
async def hikari(tmp_path):
    async with Hikari(channel="hikari", clock=ManualClock(START), folder=tmp_path / "h") as found:
        yield found


def test_every_file_is_in_the_package():
    assert set(pages()) == {"/", "/plotly.js", *(f"/{name}" for name in STATIC if name != "index.html")}
    assert all(page.body for page in pages().values())


def test_the_page_asks_for_nothing_that_is_not_handed_out():
    for page in pages().values():
        if page.content_type.startswith("image") or len(page.body) > 1_000_000:
            continue
        text = page.body.decode()
        for found in re.findall(r'(?:src|href)\s*=\s*"([^"#]+)"|from "\.(/[^"]+)"', text):
            assert "".join(found) in pages(), found
        assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
        assert "innerHTML" not in text


async def test_the_url_is_where_the_page_is(hikari):
    async with LiveDashboard(hikari, host="127.0.0.1", port=0) as page:
        assert page.url.startswith("http://127.0.0.1:")
        assert page.url.endswith("/")


async def test_a_start_that_failed_can_be_tried_again(hikari):
    taken = Hikari(channel="taken", clock=ManualClock(START), folder=hikari.folder)
    dashboard = LiveDashboard(taken, host="127.0.0.1", port=0)
    dashboard.operations.checks["chat"] = lambda: ["nobody listens"]
    for _ in range(2):
        with pytest.raises(StoreLockedError):
            await dashboard.start()
    await hikari.aclose()
    assert (await dashboard.start()).startswith("http://127.0.0.1:")
    assert list(dashboard.channels) == ["taken"]
    assert (await dashboard.operations.health())["degraded"] == ["chat: nobody listens"]
    await dashboard.aclose()
    await taken.aclose()


async def test_a_channel_can_be_taken_off_while_the_page_closes_and_afterwards(hikari, tmp_path):
    async with Hikari(channel="other", folder=tmp_path / "other") as other:
        dashboard = LiveDashboard(hikari, host="127.0.0.1", port=0)
        await dashboard.add(other)
        shown = list(dashboard.channels.values())
        await asyncio.gather(dashboard.aclose(), dashboard.remove(hikari), dashboard.remove(other))
        await dashboard.remove(hikari)
        assert [channel._state for channel in shown] == ["closed", "closed"]


async def test_of_two_channels_of_one_name_that_are_added_at_once_one_is_started(hikari, tmp_path):
    async with LiveDashboard(hikari, host="127.0.0.1", port=0) as dashboard:
        twins = [Hikari(channel="twin", folder=tmp_path / str(i)) for i in range(2)]
        done = await asyncio.gather(*map(dashboard.add, twins), return_exceptions=True)
        assert [type(found) for found in done] == [type(None), InputError]
        assert [twin._state for twin in twins] == ["open", "new"]
        assert dashboard.channels["twin"].state.hikari is twins[0]
        await asyncio.gather(*(twin.aclose() for twin in twins))


@pytest.mark.parametrize("end", ["remove", "aclose"])
async def test_a_channel_that_is_taken_off_while_it_starts_is_added_no_further(end, tmp_path):
    other = Hikari(channel="other", folder=tmp_path)
    dashboard = LiveDashboard(host="127.0.0.1", port=0)
    await dashboard.start()
    adding = asyncio.create_task(dashboard.add(other))
    await asyncio.sleep(0)
    assert other._state == "new"
    await (dashboard.remove(other) if end == "remove" else dashboard.aclose())
    with pytest.raises(ClosedError):
        await adding
    assert not dashboard.channels
    assert not dashboard.operations.texts
    await dashboard.aclose()
    await other.aclose()


@pytest.mark.parametrize("end", ["fails", "is cancelled", "is made"])
async def test_what_is_added_after_one_of_its_name_was_taken_off_stays(end, tmp_path, monkeypatch):
    go_on = asyncio.Event()
    first, second = (Hikari(channel="twin", folder=tmp_path / str(i)) for i in range(2))
    async with first, second, LiveDashboard(host="127.0.0.1", port=0) as dashboard:
        board = first.analytics.get_real_time_dashboard

        async def slow():
            await go_on.wait()
            if end == "fails":
                raise OSError("no state")
            return await board()

        monkeypatch.setattr(first.analytics, "get_real_time_dashboard", slow)
        adding = asyncio.create_task(dashboard.add(first))
        while "twin" not in dashboard._server.channels:
            await asyncio.sleep(0)
        removing = asyncio.create_task(dashboard.remove(first))
        while "twin" in dashboard._server.channels:
            await asyncio.sleep(0)
        await dashboard.add(second)
        if end == "is cancelled":
            adding.cancel()
        go_on.set()
        await asyncio.wait({adding, removing})
        expected = {"fails": OSError, "is made": ClosedError}
        assert adding.cancelled() if end == "is cancelled" else type(adding.exception()) is expected[end]
        assert dashboard.channels["twin"].state.hikari is second
        assert list(dashboard._server.channels) == list(dashboard.operations.texts) == ["twin"]


async def test_a_page_that_closes_while_a_channel_is_added_keeps_nothing_of_it(hikari, monkeypatch):
    go_on, asked, board = asyncio.Event(), asyncio.Event(), hikari.analytics.get_real_time_dashboard

    async def slow():
        asked.set()
        await go_on.wait()
        return await board()

    monkeypatch.setattr(hikari.analytics, "get_real_time_dashboard", slow)
    dashboard = LiveDashboard(host="127.0.0.1", port=0)
    await dashboard.start()
    adding = asyncio.create_task(dashboard.add(hikari))
    await asked.wait()
    closing = asyncio.create_task(dashboard.aclose())
    await asyncio.sleep(0)
    go_on.set()
    await closing
    with pytest.raises(ClosedError):
        await adding
    assert not dashboard.channels
    assert not dashboard.operations.texts


async def test_capitals_make_no_other_channel(hikari, tmp_path):
    async with LiveDashboard(hikari, host="127.0.0.1", port=0) as dashboard:
        alike = Hikari(channel="HIKARI", folder=tmp_path / "alike")
        with pytest.raises(InputError, match="shown already"):
            await dashboard.add(alike)
        assert alike._state == "new"
        await dashboard.remove(alike)
        assert list(dashboard.channels) == ["hikari"]


async def test_what_happens_while_a_channel_starts_is_told(tmp_path):
    told = []
    hikari = Hikari(channel="hikari", folder=tmp_path)
    shown = ShownChannel(hikari, lambda kind, *_: told.append(kind))
    starting = asyncio.create_task(shown.__aenter__())
    await asyncio.sleep(0)
    assert hikari._state == "new"
    hikari.tell("raid", hikari.now(), {"username": "anna", "viewers": 3})
    await starting
    async with asyncio.timeout(20):
        while not told:
            await asyncio.sleep(0)
    await shown.aclose()
    await hikari.aclose()
    assert told == ["raid"]


async def test_viewers_are_forecast_once_there_are_enough_of_them(hikari):
    dashboard = ShownChannel(hikari, lambda *_: None)
    await dashboard.forecast_viewers()
    assert dashboard.state.viewer_forecast["status"] == "no_data"
    assert "at least" in dashboard.state.viewer_forecast["reason"]
    for i in range(40):
        hikari._clock.advance_to(at(300 * i))
        await hikari.analytics.record_metric("viewer_count", 100 + i, at(300 * i))
    await dashboard.forecast_viewers()
    assert dashboard.state.viewer_forecast["status"] == "ok"
    assert len((await dashboard.state.snapshot())["viewer_forecast"]["forecasts"]) == 6


async def test_a_forecast_that_fails_leaves_the_last_one(hikari, caplog):
    dashboard = ShownChannel(hikari, lambda *_: None)
    dashboard.state.viewer_forecast = {"status": "ok"}
    await hikari.aclose()
    await dashboard.forecast_viewers()
    assert dashboard.state.viewer_forecast == {"status": "ok"}
    assert ClosedError.__name__ in caplog.text


async def test_expressions_go_out_as_frames(hikari):
    from websockets.asyncio.client import connect

    async with LiveDashboard(hikari, host="127.0.0.1", port=0) as dashboard:
        url = dashboard.url.replace("http", "ws") + "feed"
        async with connect(url) as feed:
            await feed.send('{"type":"hello"}')
            assert '"expression":{"dominant":"neutral"' in await feed.recv()
            await asyncio.sleep(0)
            shown = hikari.expression
            hikari._events.publish("expression", "now", shown)
            async with asyncio.timeout(20):
                while '"event":"expression"' not in (frame := await feed.recv()):
                    pass
            assert '"avatar"' in frame


async def test_what_was_deleted_or_erased_is_not_told_to_who_comes_back(hikari):
    from websockets.asyncio.client import connect

    async with LiveDashboard(hikari, host="127.0.0.1", port=0, interval=0.05) as dashboard:
        url = dashboard.url.replace("http", "ws") + "feed"

        async def follow(hello, frames, until):
            async with connect(url) as feed, asyncio.timeout(20):
                await feed.send(json.dumps({"type": "hello", **hello}))
                while not until(frames):
                    frames.append(json.loads(await feed.recv()))

        def chat(frames):
            return next((f["data"]["chat"] for f in reversed(frames) if "chat" in f.get("data", {})), [])

        follows = []
        await follow({}, first := [], bool)
        place = {name: first[0][name] for name in ("epoch", "seq")}
        following = asyncio.create_task(
            follow({}, follows, lambda f: "erased" in [x.get("event") for x in f] and not chat(f))
        )
        for number, (user, text) in enumerate(
            (("anna", "I live at qzxstreet"), ("bo", "I moved to qzxland"))
        ):
            await hikari.perceive(ChatMessage(user, text, at(number), id=f"m{number}"))
        async with asyncio.timeout(20):
            while len(chat(follows)) < 2:
                await asyncio.sleep(0.01)
        await hikari.retract("m0")
        await hikari.erase_user("bo")
        await following
        assert [frame["seq"] for frame in follows[1:]] == list(
            range(follows[0]["seq"] + 1, follows[-1]["seq"] + 1)
        ), "who was there goes on undisturbed"
        await follow(place, again := [], lambda f: f and not chat(f))
        assert again[0]["recovered"] is False
        assert "qzx" not in json.dumps(again)


async def test_several_channels_are_shown_on_one_port_and_each_can_go(hikari, tmp_path):
    from websockets.asyncio.client import connect
    from websockets.exceptions import ConnectionClosed

    async def opened(feed, channel):
        await feed.send(json.dumps({"type": "hello", "channel": channel}))
        return json.loads(await feed.recv())["data"]["channel"]

    async with (
        Hikari(channel="other", folder=tmp_path / "other") as other,
        LiveDashboard(hikari, host="127.0.0.1", port=0) as dashboard,
    ):
        await dashboard.add(other)
        again = Hikari(channel="other", folder=tmp_path / "other")
        for known in (other, again):
            with pytest.raises(InputError, match="is shown already"):
                await dashboard.add(known)
        assert again._state == "new", "it was not started for that"
        url = dashboard.url.replace("http", "ws") + "feed"
        async with connect(url) as first, connect(url) as second:
            assert await opened(first, None) == hikari.channel
            assert await opened(second, "other") == "other"
            metrics = await dashboard.operations.metrics()
            assert 'channel="other"' in metrics
            await dashboard.remove(other)
            with pytest.raises(ConnectionClosed):
                while True:
                    await second.recv()
            await first.ping()
        await dashboard.remove(other)
        assert list(dashboard.channels) == [hikari.channel]
