"""Many callers at once: every message counts once, slow work is done once, and nobody waits for long."""

import asyncio
import threading

import pytest

from hikari_ml.errors import InputError
from hikari_ml.realtime_analytics.alarms import fitting
from hikari_ml.realtime_analytics.alarms.anomalies import FIRST_FIT, PATIENCE
from hikari_ml.realtime_analytics.alarms.forest import Forest
from tests.support import LINES, at

COUNTED = FIRST_FIT + PATIENCE


async def up_to_the_fit(engine, clock):
    for i in range(COUNTED):
        clock.advance_to(at(i / 10))
        await engine.process_chat_message(f"user{i % 9}", LINES[i % len(LINES)], clock.now())


async def total(engine):
    return (await engine.get_real_time_dashboard())["current_metrics"]["total_messages"]


async def test_one_id_delivered_five_times_at_once_counts_once(engine, clock):
    await up_to_the_fit(engine, clock)
    assert engine._stream.due()[0].overdue, "so that there is something to wait for"
    found = await asyncio.gather(
        *(engine.process_chat_message("anna", "hi", clock.now(), message_id="m1") for _ in range(5))
    )
    assert [f["features"]["counted"] for f in found].count(True) == 1
    assert await total(engine) == COUNTED + 1
    assert (await engine.get_viewer_insights("anna"))["message_count"] == 1


async def test_messages_at_once_fit_the_forest_once(engine, clock, monkeypatch):
    fitted = []

    def counted(rows):
        fitted.append(len(rows))
        return Forest(rows)

    monkeypatch.setattr(fitting, "Forest", counted)
    await up_to_the_fit(engine, clock)
    await asyncio.gather(
        *(engine.process_chat_message(f"user{i}", LINES[i % 7], clock.now()) for i in range(40))
    )
    assert fitted == [FIRST_FIT]
    assert await total(engine) == COUNTED + 40


async def test_a_message_withdrawn_while_it_waits_is_counted_and_then_withdrawn(engine, clock):
    await up_to_the_fit(engine, clock)
    counting = asyncio.create_task(engine.process_chat_message("anna", "hi", clock.now(), message_id="m1"))
    await asyncio.sleep(0)
    assert await engine.retract_message("m1")
    await counting
    assert await total(engine) == COUNTED


async def test_a_message_whose_caller_gave_up_does_not_count(engine, clock):
    await up_to_the_fit(engine, clock)
    counting = asyncio.create_task(engine.process_chat_message("anna", "hi", clock.now(), message_id="m1"))
    await asyncio.sleep(0)
    counting.cancel()
    await asyncio.gather(counting, return_exceptions=True)
    assert await total(engine) == COUNTED
    again = await engine.process_chat_message("anna", "hi", clock.now(), message_id="m1")
    assert again["features"]["counted"], "and may come again"


async def test_half_an_hour_made_up_for_leaves_the_loop_free(engine, clock):
    for i in range(60):
        clock.advance_to(at(i))
        await engine.process_chat_message(f"user{i % 9}", LINES[i % len(LINES)], clock.now())
    clock.advance_to(at(29 * 60))
    message = asyncio.create_task(engine.process_chat_message("anna", "anybody there?"))
    boards = 0
    while not message.done():
        await engine.get_real_time_dashboard()
        boards += 1
        await asyncio.sleep(0)
    assert boards > 20, "snapshots were made between the steps"
    assert (await message)["features"]["counted"]


async def test_messages_are_counted_while_something_long_goes_on(engine, clock):
    over = threading.Event()
    try:
        held = [asyncio.create_task(lane.submit(over.wait)) for lane in (engine._long, engine._training)]
        training = asyncio.create_task(engine.fit_predictor())
        forecast = asyncio.create_task(engine.forecast_metrics("chat_rate"))
        await up_to_the_fit(engine, clock)
        for i in range(10):  # across a fit of the forest
            await engine.process_chat_message(f"user{i}", LINES[i % 7], clock.now())
        assert engine._stream.due() == []
        assert not any(task.done() for task in (*held, training, forecast))
    finally:
        over.set()
    with pytest.raises(InputError, match="were heard"):
        await training
    assert (await forecast)["status"] == "no_data"


async def test_a_forecast_does_not_wait_for_a_training(engine):
    over = threading.Event()
    try:
        held = asyncio.create_task(engine._training.submit(over.wait))
        assert (await engine.forecast_metrics("chat_rate"))["status"] == "no_data"
        assert not held.done()
    finally:
        over.set()
    await held
