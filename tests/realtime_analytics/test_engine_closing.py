"""Starts that fail or are cut short can be tried again, and what was accepted before it closed is kept."""

import asyncio

import pytest

from hikari_ml import StreamAnalyticsEngine
from hikari_ml.errors import ClosedError, StoreError, StoreLockedError
from hikari_ml.realtime_analytics.alarms.anomalies import FIRST_FIT, PATIENCE
from hikari_ml.realtime_analytics.keeping import STATE_FORMAT
from hikari_ml.runtime import statefile
from tests.support import LINES, at


@pytest.fixture
def path(tmp_path):
    return tmp_path / "channel" / "analytics.msgpack"


@pytest.fixture
def make(path, clock):
    return lambda: StreamAnalyticsEngine(path=path, clock=clock)


async def up_to_the_fit(engine, clock, begin=0):
    """So that the next message waits for a forest, and all that follow wait for it."""
    for i in range(begin, FIRST_FIT + PATIENCE):
        clock.advance_to(at(i / 10))
        await engine.process_chat_message(f"user{i % 9}", LINES[i % len(LINES)], message_id=f"m{i}")
    assert engine._stream.due()[0].overdue


async def count_of(engine, name):
    found = await engine.get_viewer_insights(name)
    return found["message_count"] if found["status"] == "ok" else 0


async def test_what_waits_to_be_counted_when_it_closes_is_counted_and_kept(make, clock):
    engine = make()
    await up_to_the_fit(engine, clock)
    before = await count_of(engine, "user3")
    calls = [asyncio.create_task(engine.process_chat_message(f"new{n}", "hi all")) for n in range(20)]
    metric = asyncio.create_task(engine.record_metric("score", 99))
    withdrawn = asyncio.create_task(engine.retract_message("m3"))
    await asyncio.sleep(0)
    await engine.aclose()
    found = await asyncio.gather(*calls)
    await metric
    assert await withdrawn
    assert all(result["features"]["counted"] for result in found)
    with pytest.raises(ClosedError, match="StreamAnalyticsEngine is closed"):
        await engine.process_chat_message("late", "hi all")
    async with make() as engine:
        assert [await count_of(engine, f"new{n}") for n in range(20)] == [1] * 20
        assert engine.metric_points("score")[-1][1] == 99
        assert await count_of(engine, "user3") == before - 1
        assert await count_of(engine, "late") == 0


async def test_first_calls_that_wait_for_the_start_when_it_closes_are_kept(make):
    engine = make()
    calls = [asyncio.create_task(engine.process_chat_message(f"new{n}", "hi all")) for n in range(20)]
    await asyncio.sleep(0)
    await engine.aclose()
    await asyncio.gather(*calls)
    async with make() as engine:
        assert engine.chatters == 20


async def test_somebody_who_is_being_forgotten_when_it_closes_is_nowhere_afterwards(make, path, clock):
    engine = make()
    await engine.process_chat_message("Zorkalice", "my number is secret", at(0))
    await up_to_the_fit(engine, clock, begin=1)
    await engine.save()
    path.with_name(f"{path.name}.damaged").write_bytes(b"zorkalice")
    calls = [asyncio.create_task(engine.process_chat_message(f"new{n}", "hi all")) for n in range(20)]
    forgetting = asyncio.create_task(engine.forget_viewer("Zorkalice"))
    await asyncio.sleep(0)
    await engine.aclose()
    assert await forgetting
    await asyncio.gather(*calls)
    assert b"zorkalice" not in path.read_bytes().lower()
    assert {file.name for file in path.parent.iterdir()} == {path.name, f"{path.name}.lock"}


async def test_an_experiment_that_is_being_started_when_it_closes_is_kept(make):
    engine = make()
    await engine.record_metric("score", 1)
    starting = asyncio.create_task(engine.experiments.start("scene", ["desk", "garden"]))
    await asyncio.sleep(0)
    await engine.aclose()
    assert (await starting)["experiment"] == "scene"
    with pytest.raises(ClosedError, match="StreamAnalyticsEngine is closed"):
        await engine.experiments.end("scene")
    async with make() as engine:
        ending = asyncio.create_task(engine.experiments.end("scene"))
        await asyncio.sleep(0)
    assert (await ending)["experiment"] == "scene"
    async with make() as engine:
        assert await engine.experiments.known() == {"scene": "ended"}


async def test_one_that_found_its_file_taken_can_be_used_once_it_is_free(make):
    first, second = make(), make()
    await first.process_chat_message("anna", "hi all")
    for _ in range(2):
        with pytest.raises(StoreLockedError):
            await second.process_chat_message("berta", "hi all")
    await first.aclose()
    await second.process_chat_message("berta", "hi all")
    assert second.chatters == 2
    with pytest.raises(StoreLockedError):
        await first_use_of(make())
    assert await second.experiments.known() == {}
    await second.get_real_time_dashboard()
    await second.aclose()


async def first_use_of(engine):
    try:
        await engine.process_chat_message("carla", "hi all")
    finally:
        await engine.aclose()


async def test_one_whose_start_failed_for_another_reason_lets_go_of_its_file(make, path):
    path.mkdir(parents=True)
    engine = make()
    with pytest.raises(StoreError, match="cannot be read"):
        await engine.process_chat_message("anna", "hi all")
    path.rmdir()
    async with make() as other:
        await other.process_chat_message("berta", "hi all")
        with pytest.raises(StoreLockedError):
            await engine.process_chat_message("anna", "hi all")
    await engine.process_chat_message("anna", "hi all")
    assert engine.chatters == 2
    await engine.aclose()


async def test_one_whose_first_call_was_cancelled_can_be_used(make):
    async with make() as engine:
        for n in range(50):
            await engine.process_chat_message(f"user{n}", "hi all")
    engine = make()
    first = asyncio.create_task(engine.process_chat_message("anna", "hi all"))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await engine.process_chat_message("berta", "hi all")
    assert engine.chatters == 51
    await engine.aclose()


async def test_what_a_start_that_failed_had_read_is_not_counted_twice(make, path):
    async with make() as engine:
        await engine.process_chat_message("anna", "hi all", at(0))
        await engine.record_metric("score", 99)
        await engine.experiments.start("scene", ["desk", "garden"])
    whole = statefile.load(path, STATE_FORMAT)
    statefile.save(path, {**whole, "experiments": [1]}, STATE_FORMAT)
    engine = make()
    experiments = engine.experiments
    with pytest.raises(StoreError, match="is not what this program wrote"):
        await engine.process_chat_message("anna", "hi all", at(1))
    statefile.save(path, whole, STATE_FORMAT)
    await engine.process_chat_message("anna", "hi all", at(1))
    assert sum(minute.messages for minute in engine.all_minutes()) == 2
    assert await experiments.known() == {"scene": "running"}
    await engine.aclose()


async def test_what_is_applied_first_after_a_start_that_failed_is_kept_with_its_position(make):
    async with make() as other:
        await other.process_chat_message("anna", "hi all")
        engine = make()
        with pytest.raises(StoreLockedError):
            await engine.process_chat_message("berta", "hi all")
    async with engine.applying("1-0"):
        await engine.process_chat_message("berta", "hi all")
    await engine.aclose()
    async with make() as engine:
        await engine.save()
        assert (engine.chatters, engine.position) == (2, "1-0")


async def test_a_start_that_is_tried_again_still_tells_that_the_past_was_damaged(make, path):
    path.parent.mkdir()
    path.write_bytes(b"no state")
    engine = make()
    starting = asyncio.create_task(engine.process_chat_message("anna", "hi all"))
    while path.exists():
        await asyncio.sleep(0)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert "past: was damaged" in str((await engine.get_real_time_dashboard())["degraded"])
    await engine.aclose()


async def test_an_async_with_that_is_cut_short_lets_go_of_the_file(make):
    entering = asyncio.create_task(make().__aenter__())
    for _ in range(3):
        await asyncio.sleep(0)
    entering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await entering
    async with make() as engine:
        await engine.process_chat_message("anna", "hi all")


async def test_a_close_that_is_cut_short_loses_nothing(make):
    engine = make()
    for n in range(50):
        await engine.process_chat_message(f"new{n}", "hi all")
    closing = asyncio.create_task(engine.aclose())
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    await engine.aclose()
    async with make() as engine:
        assert engine.chatters == 50


async def test_a_position_that_is_being_applied_when_it_closes_holds_nothing_up(make):
    engine = make()
    await engine.process_chat_message("anna", "hi all")
    with pytest.raises(ClosedError):
        async with engine.applying("1-0"):
            closing = asyncio.create_task(engine.aclose())
            while engine._state != "closed":
                await asyncio.sleep(0)
            await engine.process_chat_message("berta", "hi all")
    await closing
