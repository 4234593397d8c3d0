"""What the engine says is about now: not about a date from the future, nor about a stream that is over."""

import pytest

from hikari_ml import Settings, StreamAnalyticsEngine
from hikari_ml.config import AnalyticsSettings
from hikari_ml.errors import InputError
from hikari_ml.results import Predictions
from tests.support import LINES, START, at, busy

TEN_YEARS = 10 * 365 * 86_400


async def test_a_message_from_the_future_counts_as_now_and_spoils_nothing(engine, clock):
    await busy(engine, clock, 5)
    found = await engine.process_chat_message("oracle", "I come from afar", at(TEN_YEARS))
    assert found["degraded"] == ["timestamp:future"]
    await busy(engine, clock, 5, begin=300)
    board = await engine.get_real_time_dashboard()
    assert board["timestamp"].startswith("2026-01-10T20:09")
    assert board["current_metrics"]["unique_chatters"] == 10
    assert board["current_metrics"]["late_messages"] == 0
    assert [minute.start for minute in engine.all_minutes()] == [
        int(START.timestamp()) + 60 * i for i in range(10)
    ]
    assert (await engine.get_viewer_insights("oracle"))["last_seen"].startswith("2026")


async def test_clocks_may_differ_by_the_lateness(engine, clock):
    near = await engine.process_chat_message("anna", "hi", at(59))
    assert near["degraded"] == []
    assert (await engine.process_chat_message("anna", "hi", at(61)))["degraded"] == ["timestamp:future"]


async def test_a_bots_message_from_the_future_says_so_too(engine):
    found = await engine.process_chat_message("nightbot", "hi", at(TEN_YEARS))
    assert found["degraded"] == ["timestamp:future"]


async def test_a_metric_from_the_future_counts_as_now(engine, clock):
    await engine.record_metric("viewer_count", 9000, at(TEN_YEARS))
    clock.advance(60)
    await engine.record_metric("viewer_count", 40)
    now = (await engine.get_real_time_dashboard())["current_metrics"]
    assert now["viewer_count"] == 40


async def test_what_came_too_late_is_told(engine, clock):
    await busy(engine, clock, 5)
    await engine.process_chat_message("late", "hello", at(10))
    assert (await engine.get_real_time_dashboard())["current_metrics"]["late_messages"] == 1


async def test_predictions_know_of_the_silence(engine, clock):
    await busy(engine, clock, 40, rate=15)
    clock.advance(20 * 60)
    board = await engine.get_real_time_dashboard()
    predictions = board["predictions"]
    assert board["current_metrics"]["messages_per_minute"] == 0
    assert predictions["horizons"]["5"]["yhat"] == 0
    assert predictions["horizons"]["5"]["ds"].startswith("2026-01-10T21:04")
    clock.advance(30 * 60)
    over = (await engine.get_real_time_dashboard())["predictions"]
    assert set(over) == set(Predictions.__annotations__)
    assert (over["status"], over["horizons"]) == ("no_data", {})


async def test_a_chat_that_falls_silent_shows_in_its_trend(engine, clock):
    await busy(engine, clock, 20)
    clock.advance(5 * 60)
    assert (await engine.get_real_time_dashboard())["trends"]["chat_rate"] == "decreasing"


async def test_last_weeks_chat_predicts_nothing_today(clock, tmp_path):
    path = tmp_path / "analytics.msgpack"
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        await busy(engine, clock, 60)
        assert (await engine.get_real_time_dashboard())["predictions"]["status"] == "ok"
    clock.advance(7 * 86_400)
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        await engine.process_chat_message("anna", "hi")
        board = await engine.get_real_time_dashboard()
        assert board["predictions"]["status"] == "no_data"
        assert board["trends"] == {"chat_rate": "steady", "mood": "steady"}


async def test_yesterdays_viewer_count_is_not_todays(engine, clock):
    await engine.record_metric("viewer_count", 500)
    clock.advance(600)
    assert (await engine.get_real_time_dashboard())["current_metrics"]["viewer_count"] == 500
    clock.advance(86_400)
    assert (await engine.get_real_time_dashboard())["current_metrics"]["viewer_count"] is None


async def test_the_erased_are_in_no_list(engine, clock):
    await busy(engine, clock, 2)
    for name in ("user1", "USER2", "user3"):
        assert await engine.forget_viewer(name)
    board = await engine.get_real_time_dashboard()
    names = [who["username"] for who in board["top_chatters"]]
    assert sorted(names) == ["user0", "user4", "user5", "user6", "user7", "user8"]
    assert board["current_metrics"]["unique_chatters"] == 9


async def test_an_innocent_message_is_no_anomaly_because_the_stream_is(engine, clock):
    await busy(engine, clock, 20, rate=12)
    alerted = []
    for i in range(300):
        clock.advance_to(at(20 * 60 + i / 5))
        found = await engine.process_chat_message(f"raider{i % 90}", LINES[i % len(LINES)], clock.now())
        if found["features"]["alert"]:
            alerted.append(found)
    assert alerted
    assert engine.alerts()
    for found in alerted:
        assert found["is_anomaly"] is (found["features"]["unusual"] is not None)
        assert any(advice.startswith("look: ") for advice in found["recommendations"])
    assert not all(found["is_anomaly"] for found in alerted)


async def test_a_window_of_hours_is_shown_whole(clock):
    settings = Settings(analytics=AnalyticsSettings(window_minutes=180))
    async with StreamAnalyticsEngine(settings, clock=clock) as engine:
        for i in range(17):
            clock.advance_to(at(i * 600))
            await engine.process_chat_message(f"user{i}", "hello there", clock.now())
        board = await engine.get_real_time_dashboard()
        assert board["current_metrics"]["unique_chatters"] == 17


async def test_topics_of_a_very_long_message_are_those_of_its_beginning(engine):
    text = "dragons " * 400 + "x " * 500 + "unicorns " * 2_000_000
    await engine.process_chat_message("anna", text)
    topics = dict((await engine.get_viewer_insights("anna"))["favorite_topics"])
    assert "dragons" in topics
    assert "unicorns" not in topics


@pytest.mark.parametrize("analysis", [{"a": 1}, "pos", []])
async def test_an_analysis_that_is_none_is_named_and_nothing_is_counted(engine, analysis):
    with pytest.raises(InputError, match="analysis"):
        await engine.process_chat_message("anna", "hi", analysis=analysis)
    assert engine.chatters == 0


async def test_minutes_leave_as_a_table(engine, clock, tmp_path):
    await busy(engine, clock, 5)
    await engine.record_metric("viewer_count", 120, at(70))
    await engine.export_minutes(tmp_path / "minutes.csv")
    header, *rows = (tmp_path / "minutes.csv").read_text().splitlines()
    assert header.startswith("at,chat_rate,chatters")
    assert len(rows) == len(engine.all_minutes())
    assert rows[1].startswith("2026-01-10T20:01:00Z")
    assert rows[1].endswith(",120.0")
    with pytest.raises(InputError, match="end in"):
        await engine.export_minutes(tmp_path / "minutes.xlsx")
    for path in (None, 5, "a\0.csv"):
        with pytest.raises(InputError, match="path"):
            await engine.export_minutes(path)


async def test_prometheus_gets_what_the_dashboard_shows(engine, clock):
    await busy(engine, clock, 5)
    await engine.record_metric("followers", 7, at(70))
    text = await engine.prometheus("anna")
    total = (await engine.get_real_time_dashboard())["current_metrics"]["total_messages"]
    assert f'hikari_messages_total{{channel="anna"}} {float(total)}' in text
    assert 'hikari_metric{channel="anna",name="followers"} 7.0' in text
    for channel in ("\ud800", "", None):
        with pytest.raises(InputError, match="channel"):
            await engine.prometheus(channel)


async def test_a_stream_that_is_over_stays_over(engine, clock):
    await busy(engine, clock, 5)
    for later in (90, 3700, 90_000):
        clock.advance_to(at(300 + later))
        now = (await engine.get_real_time_dashboard())["current_metrics"]
        assert (now["messages_per_minute"], now["speed"]) == (0.0, "quiet")


async def test_a_straggler_does_not_take_a_live_dashboard_back(engine, clock):
    await busy(engine, clock, 30)
    clock.advance(20 * 60)
    told = await engine.process_chat_message("user1", "an old one", at(-7200))
    assert told["features"]["late"]
    board = await engine.get_real_time_dashboard()
    assert board["timestamp"].startswith("2026-01-10T20:49")
    assert board["current_metrics"]["messages_per_minute"] == 0


async def test_of_a_recording_its_end_is_shown(engine, clock):
    clock.advance_to(at(TEN_YEARS))
    for second in range(0, 300, 5):
        await engine.process_chat_message("anna", f"line {second}", at(second))
    assert (await engine.get_real_time_dashboard())["current_metrics"]["messages_per_minute"] > 10


async def test_of_a_recording_the_viewers_of_its_end_are_shown(engine, clock):
    clock.advance_to(at(TEN_YEARS))
    await engine.record_metric("viewer_count", 40, at(0))
    await engine.process_chat_message("anna", "hi", at(800))
    assert (await engine.get_real_time_dashboard())["current_metrics"]["viewer_count"] == 40
    assert 'hikari_viewer_count{channel="default"} 40.0' in await engine.prometheus()
    await engine.process_chat_message("anna", "still here", at(1000))
    assert (await engine.get_real_time_dashboard())["current_metrics"]["viewer_count"] is None


async def test_prometheus_knows_recorded_metrics_from_its_first_answer_on(clock, tmp_path):
    path = tmp_path / "analytics.msgpack"
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        await engine.record_metric("followers", 7, at(0))
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        assert 'name="followers"' in await engine.prometheus()


async def test_there_are_no_fewer_viewers_than_none(engine):
    with pytest.raises(InputError, match="0 viewers or more"):
        await engine.record_metric("viewer_count", -5)
    await engine.record_metric("temperature", -5)


async def test_metrics_that_are_refused_leave_nothing_behind(engine):
    for n in range(205):
        try:
            await engine.record_metric(f"metric {n}", 1.0)
        except InputError:
            assert n >= 200
    assert len(engine._watch._detectors) == 200


async def test_a_forecast_of_what_has_passed_says_so(engine, clock):
    for hour in range(100):
        clock.advance_to(at(3600 * hour))
        await engine.record_metric("old", 5 + hour % 24)
    clock.advance_to(at(3600 * 400))
    found = await engine.forecast_metrics("old", 3)
    assert found["status"] == "ok"
    assert any("past" in told for told in found["degraded"])


async def test_a_clock_that_stepped_back_is_told_of(engine, clock):
    clock.advance_to(at(7200))
    await engine.process_chat_message("anna", "hello there")
    for i in range(20):
        late = await engine.process_chat_message("ben", f"hello {i}", at(i))
        assert late["degraded"] == ["timestamp:late"]
    (trouble,) = (await engine.get_real_time_dashboard())["degraded"]
    assert trouble.startswith("clock: the last 20 messages are dated too long before 2026-01-10T22:00")


async def test_an_id_that_is_no_text_is_named_and_nothing_is_counted(engine):
    with pytest.raises(InputError, match="message_id"):
        await engine.process_chat_message("anna", "hello", message_id=5)
    assert engine.chatters == 0


async def test_topics_without_an_analysis_are_no_small_words_of_another_language(engine, clock):
    for i, said in enumerate(
        ["das ist eine sehr gute Folge", "die Musik ist heute aber auch schön", "was war das für eine Folge"]
    ):
        clock.advance_to(at(60 * i))
        await engine.process_chat_message("anna", said)
    topics = dict((await engine.get_viewer_insights("anna"))["favorite_topics"])
    assert not topics.keys() & {"das", "die", "ist", "eine", "war", "was"}
    assert "folge" in topics
