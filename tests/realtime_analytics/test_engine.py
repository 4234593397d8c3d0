"""StreamAnalyticsEngine: every answer has real numbers, or says that there are none."""

import asyncio
import json
import math
from datetime import UTC, datetime, timedelta

import msgpack
import pytest
from websockets.asyncio.client import connect

from hikari_ml import Settings, StreamAnalyticsEngine
from hikari_ml.errors import ClosedError, InputError
from hikari_ml.realtime_analytics.forecast import prophet_worker
from hikari_ml.realtime_analytics.prediction.backtest import MODELS
from hikari_ml.results import ContentPerformance, Dashboard, Forecast, MessageInsights, ViewerInsights
from tests.support import LINES, START, at, busy, collected


def check_plain(result):
    assert msgpack.unpackb(msgpack.packb(result)) == json.loads(json.dumps(result, allow_nan=False))


async def test_the_seeds_own_example():
    async with StreamAnalyticsEngine() as analytics:
        insights = await analytics.process_chat_message(
            username="active_viewer", message="POG! This gameplay is insane!", timestamp=datetime.now(UTC)
        )
        assert set(insights) == set(MessageInsights.__annotations__)
        profile = await analytics.get_viewer_insights("active_viewer")
        assert 0 < profile["engagement_score"] <= 1
        assert dict(profile["favorite_topics"]).keys() == {"gameplay", "insane"}
        forecast = await analytics.forecast_metrics(metric_name="viewer_count", periods=24)
        assert forecast["status"] == "no_data"


async def test_a_naive_moment_is_taken_as_local(engine):
    with pytest.warns(UserWarning, match="no time zone"):
        await engine.process_chat_message("anna", "hi", datetime.now())


async def test_a_message_has_whole_insights(engine):
    found = await engine.process_chat_message("anna", "what is that?", at(0))
    check_plain(found)
    assert 0 <= found["engagement_score"] <= 1
    assert found["features"]["newcomer"]
    assert found["recommendations"] == ["greet: first message here", "answer: asks something"]
    assert not found["is_anomaly"]
    assert found["anomaly_score"] == 0


async def test_the_mood_of_an_analysis_is_taken_over(engine):
    analysis = {
        "sentiment": {"aggregate": {"score": 0.9}, "members_used": ["bert"]},
        "emotion": {"primary": "joy"},
        "toxicity": {"overall": 0.8, "is_toxic": True},
        "keywords": ["dragon"],
    }
    found = await engine.process_chat_message("anna", "the dragon", at(0), analysis=analysis)
    assert found["features"]["mood"] == 0.9
    assert "look: toxic message" in found["recommendations"]
    assert (await engine.get_viewer_insights("anna"))["favorite_topics"] == [("dragon", 1.0)]


async def test_a_repeated_id_counts_once_and_can_be_withdrawn(engine):
    for _ in range(3):
        await engine.process_chat_message("anna", "hi", at(0), message_id="m1")
    assert (await engine.get_viewer_insights("anna"))["message_count"] == 1
    again = await engine.process_chat_message("anna", "hi", at(0), message_id="m1")
    assert again["features"] == {"counted": False, "why_not": "repeated id"}
    assert await engine.retract_message("m1")
    assert not await engine.retract_message("m1")
    assert (await engine.get_viewer_insights("anna"))["status"] == "no_data"
    assert engine.chatters == 0, "whoever wrote nothing else was never there"


async def test_a_series_of_the_streams_own_cannot_be_recorded(engine):
    with pytest.raises(InputError, match="the stream gives this series itself"):
        await engine.record_metric("chat_rate", 3.0)


async def test_bots_are_no_viewers(engine):
    found = await engine.process_chat_message("NightBot", "Remember to follow!", at(0))
    assert found["features"]["why_not"] == "bot"
    assert (await engine.get_viewer_insights("nightbot"))["status"] == "no_data"


async def test_disorder_and_a_clock_that_goes_backwards_are_survived(engine, clock):
    for second in (100, 50, 99, 0, 101, 5000, 20):
        clock.advance_to(at(second))
        await engine.process_chat_message("anna", f"line at {second}", at(second))
    assert (await engine.get_viewer_insights("anna"))["message_count"] == 7
    check_plain(await engine.get_real_time_dashboard())


async def test_an_injected_anomaly_fires(engine, clock):
    await busy(engine, clock, 45)
    spam = "BUY FOLLOWERS NOW!!! " * 20 + "https://spam.example"
    found = await engine.process_chat_message("spammer", spam, at(45 * 60))
    assert found["is_anomaly"]
    assert found["anomaly_score"] > 0.99
    assert "links" in found["features"]["unusual"]


async def test_500_times_the_same_line_stays_in_range(engine):
    for i in range(500):
        found = await engine.process_chat_message("spammer", "BUY NOW", at(i / 10))
    assert 0 <= found["engagement_score"] <= 0.5
    assert any(r.startswith("ignore: said the same") for r in found["recommendations"])


async def test_viewer_insights(engine, clock):
    for day in range(3):
        for i in range(4):
            clock.advance_to(at(day * 86_400 + i * 60))
            await engine.process_chat_message("Anna", f"I like cats number {i}", clock.now())
    clock.advance_to(at(2 * 86_400 + 600))
    found = await engine.get_viewer_insights("anna")
    check_plain(found)
    assert set(found) == set(ViewerInsights.__annotations__)
    assert found["username"] == "Anna"
    assert found["message_count"] == 12
    assert found["active_days"] == 3
    assert found["most_active_hour"] == 20
    assert 0.5 < found["return_probability"] < 1
    assert found["first_seen"] == "2026-01-10T20:00:00.000Z"


async def test_hours_are_those_of_the_streamers_zone(clock):
    async with StreamAnalyticsEngine(Settings(timezone="Asia/Tokyo"), clock=clock) as engine:
        await engine.process_chat_message("anna", "hi", at(0))
        assert (await engine.get_viewer_insights("anna"))["most_active_hour"] == 5


async def test_strangers_have_no_data_and_are_not_created(engine):
    assert await engine.get_viewer_insights("stranger") == {
        "username": "stranger",
        "status": "no_data",
        "degraded": [],
    }
    assert engine.chatters == 0


async def test_the_dashboard_is_whole_from_the_first_moment(engine):
    empty = await engine.get_real_time_dashboard()
    assert set(empty) == set(Dashboard.__annotations__)
    check_plain(empty)
    assert empty["predictions"]["status"] == "no_data"


async def test_the_dashboard_shows_what_goes_on(engine, clock):
    await busy(engine, clock, 30)
    await engine.record_metric("viewer_count", 321)
    board = await engine.get_real_time_dashboard()
    check_plain(board)
    now = board["current_metrics"]
    assert now["messages_per_minute"] == pytest.approx(6, abs=1)
    assert now["speed"] == "active"
    assert now["viewer_count"] == 321
    assert now["unique_chatters"] == 9
    assert now["total_messages"] == 180
    assert board["top_chatters"][0]["messages"] >= board["top_chatters"][-1]["messages"]
    assert board["predictions"]["model"] == "mean of 15 minutes"
    assert board["predictions"]["horizons"]["60"]["yhat"] == pytest.approx(360, rel=0.1)
    assert board["trends"]["chat_rate"] == "steady"


async def test_a_chat_gone_quiet_shows_silence(engine, clock):
    await busy(engine, clock, 10)
    clock.advance(20 * 60)
    assert (await engine.get_real_time_dashboard())["current_metrics"]["messages_per_minute"] == 0


async def test_too_little_to_forecast_says_so(engine):
    await engine.record_metric("viewer_count", 100, at(0))
    found = await engine.forecast_metrics("viewer_count")
    assert set(found) == set(Forecast.__annotations__)
    assert found["status"] == "no_data"
    assert found["current_value"] == 100
    assert "needs at least" in found["reason"]
    assert (await engine.forecast_metrics("never heard of"))["status"] == "no_data"


async def record_days(engine, clock, days):
    clock.advance_to(START + timedelta(days=days))
    for hour in range(24 * days):
        value = 100 + 50 * math.sin(2 * math.pi * hour / 24)
        await engine.record_metric("viewer_count", value, START + timedelta(hours=hour))


async def test_a_forecast_with_prophet_among_the_models(engine, clock):
    await record_days(engine, clock, 9)
    found = await engine.forecast_metrics("viewer_count", 24)
    check_plain(found)
    assert found["status"] == "ok"
    assert "prophet" in found["backtest"]
    assert found["backtest"][found["model"]] <= 1.06 * min(found["backtest"].values())
    assert len(found["forecasts"]) == 24
    assert found["skill"] > 0.5
    assert await engine.forecast_metrics("viewer_count", 24) == found
    assert found["forecasts"][0]["ds"] == "2026-01-19T20:00:00.000Z"
    for point in found["forecasts"]:
        assert point["yhat_lower"] <= point["yhat"] <= point["yhat_upper"]


async def test_without_prophet_the_rest_serves_and_says_so(engine, clock, monkeypatch):
    async def fail(jobs, seconds):
        raise prophet_worker.ProphetFailedError("Prophet did not answer within 120 s")

    monkeypatch.setattr(prophet_worker, "run", fail)
    await record_days(engine, clock, 9)
    found = await engine.forecast_metrics("viewer_count", 24)
    assert found["status"] == "ok"
    assert found["degraded"] == ["prophet: Prophet did not answer within 120 s"]


async def test_the_loop_keeps_ticking_while_a_forecast_is_made(engine, clock):
    await record_days(engine, clock, 9)
    ticks = 0

    async def heartbeat():
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    await engine.forecast_metrics("viewer_count", 1)  # imports what it needs
    beating = asyncio.create_task(heartbeat())
    await engine.forecast_metrics("viewer_count", 24)
    beating.cancel()
    assert ticks > 30


async def test_its_own_series_can_be_forecast(engine, clock):
    await busy(engine, clock, 30)
    for name in ("chat_rate", "chatters", "mood"):
        assert (await engine.forecast_metrics(name, 5, freq="min"))["status"] == "ok"


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"periods": 0}, "periods"),
        ({"periods": 10**9}, "periods"),
        ({"periods": 1.5}, "periods"),
        ({"freq": "x"}, "freq"),
    ],
)
async def test_what_cannot_be_forecast_is_refused(engine, arguments, field):
    with pytest.raises(InputError) as caught:
        await engine.forecast_metrics("viewer_count", **arguments)
    assert caught.value.field == field


async def test_content_performance(engine):
    for i in range(6):
        await engine.detect_content_performance(f"stream-{i}", {"viewers": 100 + i, "chat": 20})
    found = await engine.detect_content_performance("new", {"viewers": 500, "chat": 50})
    assert set(found) == set(ContentPerformance.__annotations__)
    check_plain(found)
    assert found["percentile"] == 7 / 8
    assert found["is_top_performer"]


@pytest.mark.parametrize(
    "metrics", [{}, None, [1], {"viewers": math.nan}, {"viewers": "many"}, {"": 1}, {5: 1}]
)
async def test_content_metrics_are_numbers_by_name(engine, metrics):
    with pytest.raises(InputError):
        await engine.detect_content_performance("new", metrics)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ((None, "hi"), "username"),
        (("", "hi"), "username"),
        (("anna", None), "message"),
        (("anna", 5), "message"),
        (("anna", "hi", "now"), "timestamp"),
    ],
)
async def test_what_is_no_message_is_refused_and_not_counted(engine, arguments, field):
    with pytest.raises(InputError) as caught:
        await engine.process_chat_message(*arguments)
    assert caught.value.field == field
    assert (await engine.get_real_time_dashboard())["current_metrics"]["total_messages"] == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("", 1),
        ("x" * 201, 1),
        ("\ud800", 1),
        ("v", 10**400),
        (None, 1),
        ("v", math.nan),
        ("v", "1"),
        ("v", True),
    ],
)
async def test_what_is_no_metric_is_refused(engine, name, value):
    with pytest.raises(InputError):
        await engine.record_metric(name, value)


async def test_the_next_stream_starts_with_what_this_one_taught(tmp_path, clock):
    path = tmp_path / "analytics.msgpack"
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        await busy(engine, clock, 20)
        await engine.record_metric("viewer_count", 50)
        await engine.detect_content_performance("one", {"viewers": 50})
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        assert (await engine.get_viewer_insights("user1"))["message_count"] == 14
        assert len(engine.all_minutes()) == 20
        assert (await engine.detect_content_performance("two", {"viewers": 60}))["compared_with"] == 1
        assert await engine.forget_viewer("user1")
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        assert (await engine.get_viewer_insights("user1"))["status"] == "no_data"
    assert b"user1" not in path.read_bytes()


async def test_the_predictor_is_trained_on_the_channels_past_and_gated(engine, clock):
    with pytest.raises(InputError, match=r"minutes of chat.*were heard"):
        await engine.fit_predictor()
    for minute in range(300):
        for i in range(1 + minute % 7):
            clock.advance_to(at(minute * 60 + i))
            await engine.process_chat_message(f"user{i}", LINES[i], clock.now())
    report = await engine.fit_predictor(epochs=1)
    assert report.train_windows > 0
    predictions = (await engine.get_real_time_dashboard())["predictions"]
    assert predictions["model"] in MODELS
    assert predictions["skill"] is not None


async def test_every_client_of_the_feed_sees_everything(engine, clock):
    url = await engine.start_websocket_server(port=0)
    assert url.startswith("ws://127.0.0.1:")
    with pytest.raises(InputError, match="already served"):
        await engine.start_websocket_server(port=0)
    async with connect(url) as one, connect(url) as other:
        for client in (one, other):
            await client.send('{"type": "hello"}')
            assert json.loads(await client.recv())["type"] == "snapshot"
        await busy(engine, clock, 3)
        frames = [json.loads(await asyncio.wait_for(client.recv(), 10)) for client in (one, other)]
    assert frames[0] == frames[1]
    assert frames[0]["data"]["current_metrics"]["total_messages"] == 18


async def test_a_feed_is_served_once_also_by_two_who_ask_together_and_again_after_a_start_that_failed(engine):
    with pytest.raises(InputError, match="port"):
        await engine.start_websocket_server(port=-1)
    asked = [engine.start_websocket_server(port=0) for _ in range(2)]
    first, second = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(second, InputError)
    async with connect(first):
        pass


async def test_a_feed_that_is_started_while_the_engine_closes_is_not_left_behind(clock):
    engine = StreamAnalyticsEngine(clock=clock)
    await engine.record_metric("score", 1)
    starting = asyncio.create_task(engine.start_websocket_server(port=0))
    await asyncio.sleep(0)
    server = engine._server
    await engine.aclose()
    with pytest.raises(ClosedError):
        await starting
    assert server._state == "closed"
    assert not server._server.is_serving()


async def test_the_feed_ends_with_the_engine(clock):
    async with StreamAnalyticsEngine(clock=clock) as engine:
        url = await engine.start_websocket_server(port=0)
    with pytest.raises(OSError, match=r"Connect call failed|refused"):
        async with connect(url):
            pass


async def test_news_are_told_once(engine, clock):
    await busy(engine, clock, 12)
    for i in range(150):
        moment = at(12 * 60 + i / 5)
        clock.advance_to(moment)
        await engine.process_chat_message(f"fan{i % 40}", "WHAT A CLUTCH", moment)
    kinds = [kind for kind, _ in engine.drain_news()]
    assert "moment" in kinds
    assert engine.drain_news() == []
    assert len(engine.moments()) == kinds.count("moment")


@pytest.mark.usefixtures("little_to_collect")
async def test_a_leak_is_warned_about():
    engine = StreamAnalyticsEngine()
    await engine.process_chat_message("anna", "hi")
    with pytest.warns(ResourceWarning, match="StreamAnalyticsEngine"):
        del engine
        await collected()


async def test_what_happens_goes_out_on_the_feed_as_an_event(engine, clock):
    url = await engine.start_websocket_server(port=0)
    async with connect(url) as client:
        await client.send(json.dumps({"type": "hello"}))
        await client.recv()
        calm = [(second, f"u{second}", "hello there") for second in range(0, 300, 10)]
        wild = [(300 + i / 10, f"v{i}", "WHAT A CLUTCH") for i in range(120)]
        after = [(second, "u0", f"ok {second}") for second in range(320, 420, 5)]
        for second, username, text in calm + wild + after:
            clock.advance_to(at(second))
            await engine.process_chat_message(username, text, at(second))
        assert engine.moments() or engine.alerts()
        while (frame := json.loads(await asyncio.wait_for(client.recv(), 10)))["type"] != "event":
            pass
    assert frame["event"] in ("moment", "alert")


async def test_an_unusual_metric_is_an_alert(engine, clock):
    for i in range(400):
        await engine.record_metric("viewer_count", 100 + i % 7, at(i * 60))
        clock.advance_to(at(i * 60))
    assert engine.alerts() == []
    clock.advance_to(at(24_060))
    await engine.record_metric("viewer_count", 900, at(24_060))
    (raised,) = engine.alerts()
    check_plain(raised)
    assert raised["kind"] == "metric"
    assert raised["reason"].startswith("viewer_count is 900")
    assert [kind for kind, _ in engine.drain_news()] == ["alert"]


async def test_a_chat_that_fell_silent_is_told_while_viewers_are_there(engine, clock):
    await busy(engine, clock, 25, rate=20)
    begin = (clock.now() - START).total_seconds()
    for second in range(0, 600, 10):
        clock.advance_to(at(begin + second))
        await engine.record_metric("viewer_count", 120 + second % 3)
    assert "dead_chat" in [alert["kind"] for alert in engine.alerts()]


async def test_of_one_time_the_metric_recorded_last_is_the_current_one(engine):
    for value in (7, 3):
        await engine.record_metric("followers", value, at(0))
    assert (await engine.forecast_metrics("followers"))["current_value"] == 3
    assert 'hikari_metric{channel="default",name="followers"} 3.0' in await engine.prometheus()


async def test_a_wrong_value_of_an_analysis_is_named_and_nothing_is_counted(engine):
    analysis = {
        "sentiment": {"aggregate": {"score": 0.9}, "members_used": ["bert"]},
        "emotion": {"primary": "joy"},
        "toxicity": {"overall": None, "is_toxic": False},
        "keywords": ["dragon"],
    }
    with pytest.raises(InputError, match=r"analysis\.toxicity\.overall"):
        await engine.process_chat_message("anna", "the dragon", at(0), analysis=analysis)
    assert engine.chatters == 0


@pytest.mark.parametrize("path", ["", 3, "a\0b"])
def test_a_state_file_needs_a_path(path):
    with pytest.raises(InputError, match="path"):
        StreamAnalyticsEngine(path=path)


async def test_a_forecast_ends_where_dates_do(engine, clock):
    clock.advance_to(START + timedelta(days=5000))
    for i in range(14):
        await engine.record_metric("followers", i % 5, START + timedelta(days=300 * i))
    with pytest.raises(InputError, match="beyond the year 2261"):
        await engine.forecast_metrics("followers", 10_000, freq="300D")
