"""Everybody who listens hears everything, or how much they missed."""

import asyncio

from hikari_ml.pipeline.events import KEPT, Events


async def listen(events, ready):
    iterator = events.listen()
    ready.set()
    return [event async for event in iterator]


async def started(events, count):
    tasks = []
    for _ in range(count):
        ready = asyncio.Event()
        tasks.append(asyncio.create_task(listen(events, ready)))
        await ready.wait()
        await asyncio.sleep(0)
    return tasks


async def test_every_listener_hears_every_event():
    events = Events()
    tasks = await started(events, 3)
    for i in range(5):
        events.publish("message", "now", {"n": i})
    await asyncio.sleep(0)
    events.close()
    for found in await asyncio.gather(*tasks):
        assert [event["data"]["n"] for event in found] == [0, 1, 2, 3, 4]
        assert {event["dropped"] for event in found} == {0}


async def test_a_listener_who_falls_behind_is_told_what_was_lost():
    events = Events()
    (task,) = await started(events, 1)
    for i in range(KEPT + 7):
        events.publish("message", "now", {"n": i})
    events.close()
    found = await task
    assert len(found) == KEPT
    assert found[0]["dropped"] == 7
    assert found[0]["data"]["n"] == 7
    assert found[1]["dropped"] == 0


async def test_nobody_listening_costs_nothing():
    events = Events()
    events.publish("message", "now", {})
    events.close()


async def test_whoever_stops_listening_is_forgotten():
    events = Events()
    listener = events.listen()
    events.publish("message", "now", {})
    await anext(listener)
    del listener
    assert not events._listeners


async def test_listening_begins_with_the_call_and_not_with_the_first_event_asked_for():
    events = Events()
    listener = events.listen()
    events.publish("message", "now", {"n": 1})
    assert (await anext(listener))["data"] == {"n": 1}


async def test_listening_to_what_is_closed_ends_at_once():
    events = Events()
    events.close()
    assert [event async for event in events.listen()] == []
