"""What was learned outlives a crash, a restart, and a disk that will not have it."""

import asyncio

import pytest

from hikari_ml import StreamAnalyticsEngine
from hikari_ml.errors import StoreError, StoreLockedError
from hikari_ml.realtime_analytics.keeping import SAVE_SECONDS, STATE_FORMAT
from hikari_ml.runtime import statefile
from tests.support import LINES, START, at, busy


@pytest.fixture
def path(tmp_path):
    return tmp_path / "channel" / "analytics.msgpack"


async def saved(engine):
    assert engine._keeper._saver is not None
    await asyncio.wait([engine._keeper._saver])


async def test_a_crash_costs_minutes_and_not_the_stream(path, clock):
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        await busy(engine, clock, 30)
        await saved(engine)  # a slow disk may have begun it long before, by this clock
        clock.advance(SAVE_SECONDS)
        await engine.record_metric("viewer_count", 7)
        await saved(engine)
        kept = path.read_bytes()
    path.write_bytes(kept)  # as if the end had never been written
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        assert len(engine.all_minutes()) >= 30 - 1
        assert (await engine.get_viewer_insights("user1"))["message_count"] >= 16


async def test_metrics_and_contents_alone_are_kept_too(path, clock):
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        clock.advance(SAVE_SECONDS)
        await engine.record_metric("viewer_count", 7)
        await saved(engine)
        assert statefile.load(path, STATE_FORMAT)["metrics"] == {
            "viewer_count": [[START.timestamp() + SAVE_SECONDS, 7.0]]
        }
        clock.advance(SAVE_SECONDS)
        await engine.detect_content_performance("one", {"viewers": 5})
        await saved(engine)
        assert statefile.load(path, STATE_FORMAT)["contents"] == {"one": {"viewers": 5.0}}


async def test_a_disk_that_is_full_is_told_of_and_survived(path, clock, caplog):
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        (path.parent / "analytics.msgpack.tmp").mkdir(parents=True)
        await busy(engine, clock, 6)
        await saved(engine)
        (trouble,) = (await engine.get_real_time_dashboard())["degraded"]
        assert trouble.startswith("state: ")
        assert "cannot be written" in caplog.text
        with pytest.raises(StoreError):
            await engine.save()
        (path.parent / "analytics.msgpack.tmp").rmdir()
        await engine.save()
        assert (await engine.get_real_time_dashboard())["degraded"] == []


async def test_a_regular_is_as_engaged_after_a_restart(path, clock):
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        for i in range(30):
            clock.advance_to(at(i * 20))
            await engine.process_chat_message("anna", f"what is thing number {i}?", clock.now())
        before = (await engine.get_viewer_insights("anna"))["engagement_score"]
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        after = await engine.get_viewer_insights("anna")
        assert after["engagement_score"] == before > 0.5
    assert b"what is thing" not in path.read_bytes()


async def test_a_minute_that_spans_a_restart_keeps_both_halves(path, clock):
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        await busy(engine, clock, 2.5)
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        await busy(engine, clock, 0.5, begin=150)
        assert [minute.messages for minute in engine.all_minutes()] == [6, 6, 6]


async def test_the_trained_network_is_there_after_a_restart(path, clock):
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        for minute in range(310):
            for i in range(1 + minute % 7):
                clock.advance_to(at(minute * 60 + i))
                await engine.process_chat_message(f"user{i}", LINES[i], clock.now())
        await engine.fit_predictor(epochs=1)
        before = (await engine.get_real_time_dashboard())["predictions"]
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        after = (await engine.get_real_time_dashboard())["predictions"]
        assert engine._outlook.trained is not None
    assert before["skill"] is not None
    assert (after["model"], after["skill"]) == (before["model"], before["skill"])


async def test_a_damaged_network_is_told_of_and_done_without(path, clock, caplog):
    path.parent.mkdir(parents=True)
    path.with_suffix(".predictor.safetensors").write_bytes(b"rubbish")
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        await busy(engine, clock, 30)
        board = await engine.get_real_time_dashboard()
    assert board["predictions"]["model"] == "mean of 15 minutes"
    assert board["degraded"][0].startswith("predictor: ")
    assert "predictions do without it" in caplog.text


async def test_moments_and_alerts_of_the_evening_survive_a_restart(path, clock):
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        await busy(engine, clock, 8)
        for n in range(60):
            await engine.process_chat_message(f"fan{n}", "Zorkalice wins the final", at(480 + n / 3))
        await busy(engine, clock, 3, begin=500)
        moments, alerts = engine.moments(), engine.alerts()
        assert moments
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        assert (engine.moments(), engine.alerts()) == (moments, alerts)


async def test_the_name_of_somebody_forgotten_is_nowhere_in_the_file(path, clock):
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        await engine.process_chat_message("Zorkalice", "my number is secret", at(0))
        for n in range(30):
            await engine.process_chat_message(f"fan{n}", "zorkalice wins the final", at(n))
        await engine.save()
        path.with_name(f"{path.name}.damaged").write_bytes(b"zorkalice")
        assert await engine.forget_viewer("Zorkalice")
        board = await engine.get_real_time_dashboard()
        assert "zorkalice" not in str(board).casefold()
        assert "zorkalice" not in str(await engine.get_viewer_insights("fan1")).casefold()
    assert b"zorkalice" not in path.read_bytes().lower()
    assert {file.name for file in path.parent.iterdir()} == {path.name, f"{path.name}.lock"}


async def test_who_talks_among_commands_is_no_program_after_a_restart(path, clock):
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        for n in range(200):
            await engine.process_chat_message("viewer", "!points", at(10 * n))
            await engine.process_chat_message("mika", f"line {n} of hers", at(10 * n + 1))
        assert (await engine.get_viewer_insights("mika"))["message_count"] == 200
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        found = await engine.process_chat_message("mika", "and on we go", at(2100))
        assert found["features"]["counted"]


async def test_a_past_that_was_damaged_is_told_of_until_it_is_gone(path, clock):
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        await busy(engine, clock, 2)
    path.write_bytes(path.read_bytes()[:100])
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        (trouble,) = (await engine.get_real_time_dashboard())["degraded"]
        assert trouble.startswith("past: was damaged")
        assert f"{path.name}.damaged" in trouble
        await engine.forget_viewer("anna")
        assert (await engine.get_real_time_dashboard())["degraded"] == []


async def test_alarms_know_what_is_usual_from_the_evening_before(path, clock):
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        await busy(engine, clock, 40, rate=30)
        await engine.record_metric("viewer_count", 100)
    begin = 40 * 60 + 5
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        await busy(engine, clock, 4, begin=begin, rate=30)
        for i in range(60):
            clock.advance_to(at(begin + 240 + i))
            await engine.process_chat_message(f"raider{i}", f"hello from the other side, number {i}")
        await busy(engine, clock, 1, begin=begin + 300, rate=30)
        assert "raid" in [alert["kind"] for alert in engine.alerts()]
        assert engine._stream._audience[-1][1] == 100


async def test_a_clock_that_is_set_back_stops_no_saving(path, clock):
    clock.advance(8 * 3600)
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        clock.now = lambda: START
        await engine.process_chat_message("anna", "hello")
        await saved(engine)
        assert path.exists()


async def test_what_is_whole_and_yet_no_state_is_an_error_that_says_where(path, clock):
    path.parent.mkdir()
    statefile.save(path, {"viewers": [["anna"]]}, STATE_FORMAT)
    engine = StreamAnalyticsEngine(path=path, clock=clock)
    with pytest.raises(
        StoreError, match=r"analytics\.msgpack: is not what this program wrote .* move it away"
    ):
        await engine.save()
    await engine.aclose()


async def test_a_link_leads_to_the_file_that_another_engine_writes(path, clock, tmp_path):
    (tmp_path / "link.msgpack").symlink_to(path)
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        await engine.process_chat_message("anna", "hello")
        other = StreamAnalyticsEngine(path=tmp_path / "link.msgpack", clock=clock)
        with pytest.raises(StoreLockedError):
            await other.process_chat_message("ben", "hello")
        await other.aclose()
    assert (tmp_path / "link.msgpack").is_symlink()
