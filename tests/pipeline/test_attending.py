"""A source carried into a channel: in order, in batches, withdrawn where taken back, never ended by one."""

import asyncio
import json
from datetime import timedelta

import pytest

from hikari_ml import ChatMessage, Hikari
from hikari_ml.chat import MessageDeleted, Raid, SourceState, StreamState, UserCleared, ViewerCount
from hikari_ml.dashboard.live import LiveState
from hikari_ml.errors import SourceError
from hikari_ml.pipeline.attending import Attended, attend
from hikari_ml.platforms.jsonlines import JsonLinesSource
from hikari_ml.platforms.source import ChatSource
from hikari_ml.realtime_analytics.alarms.anomalies import Raised
from hikari_ml.runtime.clock import ManualClock
from tests.support import LINES, START, at


class Told(ChatSource):
    """Tells of given events, the lists among them one after another once ``go`` is set."""

    def __init__(self, *events, error=None, waits=False):
        super().__init__("told:hikari", "hikari")
        self.go = asyncio.Event()
        self._events, self._error, self._waits = events, error, waits

    async def _run(self):
        for event in self._events:
            if event is Ellipsis:
                await self.go.wait()
            else:
                self.tell(event)
        if self._error:
            raise self._error
        if self._waits:
            await asyncio.Event().wait()


@pytest.fixture
async def hikari(tmp_path):
    clock = ManualClock(at(3600))
    async with Hikari(channel="hikari", clock=clock, folder=tmp_path / "hikari") as found:
        yield found


def message(text, second=0, username="anna", **more):
    more = {"id": f"{username}-{second}", "channel": "hikari", **more}
    return ChatMessage(username, text, at(second), **more)


def deleted(message_id):
    return MessageDeleted(at(100), message_id, channel="hikari")


async def heard(hikari):
    """Everything the channel tells from now on, as it comes."""
    events = []

    async def listen():
        async for event in hikari.events():
            events.append(event)

    task = asyncio.create_task(listen())
    await asyncio.sleep(0)
    return events, task


async def remembered(hikari):
    return [memory["content"] for memory in await hikari.memory.list_memories(100)]


async def test_a_burst_is_read_in_batches_and_counted_in_order(hikari, monkeypatch):
    sizes, read = [], hikari.analyzer.read_batch

    async def noted(messages):
        sizes.append(len(messages))
        return await read(messages)

    monkeypatch.setattr(hikari.analyzer, "read_batch", noted)
    events, task = await heard(hikari)
    lines = [message(f"{LINES[i % 7]} {i}", i, f"user{i % 9}") for i in range(300)]
    counts = await attend(hikari, Told(*lines))
    await asyncio.sleep(0)
    task.cancel()
    assert counts.messages == 300
    assert max(sizes) == 64
    assert len(sizes) < 10
    told = [event["data"]["analysis"]["text"] for event in events if event["type"] == "message"]
    assert told == [line.text for line in lines]
    board = await hikari.analytics.get_real_time_dashboard()
    assert board["current_metrics"]["total_messages"] == 300


async def test_a_deleted_message_is_withdrawn_from_memory_analytics_and_page(hikari):
    page = LiveState(hikari)
    events, task = await heard(hikari)
    secret = message("I love secret things so much", 1, id="m-1")
    source = Told(secret, message("I have two cats", 2, "ben"), ..., deleted("m-1"))
    attending = asyncio.create_task(attend(hikari, source))
    while not any(event["type"] == "memory" for event in events):
        await asyncio.sleep(0.01)
    source.go.set()
    counts = await attending
    await asyncio.sleep(0)
    task.cancel()
    assert (counts.messages, counts.withdrawn, source.counts.withdrawn) == (2, 1, 0)
    for event in events:
        page.take(event)
    assert [line["text"] for line in page.chat] == ["I have two cats"]
    assert [line["content"] for line in page.memories] == ["I have two cats"]
    assert await remembered(hikari) == ["I have two cats"]
    assert (await hikari.analytics.get_viewer_insights("anna"))["status"] == "no_data"


async def test_what_waited_when_its_author_was_erased_is_not_carried_in(hikari):
    await hikari.erase_user("Zoe")
    before, after = (hikari.now() + timedelta(seconds=shift) for shift in (-5, 5))
    said = ChatMessage("zoe", "I have two cats", before), ChatMessage("ben", "hello", before)
    counts = await attend(hikari, Told(*said, ChatMessage("zoe", "me again", after)))
    assert (counts.messages, counts.withdrawn) == (2, 1)
    assert await remembered(hikari) == []
    assert (await hikari.analytics.get_viewer_insights("zoe"))["message_count"] == 1


async def test_what_is_taken_back_while_it_waits_is_never_read(hikari):
    events, task = await heard(hikari)
    told = [
        message("I love secret things", 1, id="m-1"),
        message("I have two cats", 2, "ben"),
        deleted("m-1"),
    ]
    source = Told(*told)
    counts = await attend(hikari, source)
    task.cancel()
    assert (counts.messages, counts.withdrawn, source.counts.withdrawn) == (1, 0, 1)
    assert not [event for event in events if "secret" in str(event["data"])]


@pytest.mark.parametrize("step", ["retrieve_memories", "store_memory", "process_chat_message"])
async def test_a_deletion_while_the_message_is_perceived_withdraws_it_too(hikari, monkeypatch, step):
    part = hikari.analytics if step == "process_chat_message" else hikari.memory
    reached, go_on, act = asyncio.Event(), asyncio.Event(), getattr(part, step)

    async def slow(*given, **more):
        reached.set()
        await go_on.wait()
        return await act(*given, **more)

    monkeypatch.setattr(part, step, slow)
    events, task = await heard(hikari)
    perceiving = asyncio.create_task(hikari.perceive(message("I love secret things so much", 1, id="m-1")))
    await reached.wait()
    await hikari.retract("m-1")
    go_on.set()
    await perceiving
    monkeypatch.undo()
    await asyncio.sleep(0)
    task.cancel()
    assert [event["type"] for event in events] == ["retracted"]
    assert await remembered(hikari) == []
    assert (await hikari.analytics.get_viewer_insights("anna"))["status"] == "no_data"
    context = (await hikari.perceive(message("more secret things", 2, "ben")))["analysis"][
        "conversation_context"
    ]
    assert not context["is_continuation"]


async def test_a_cleared_user_is_withdrawn_and_others_are_not(hikari):
    lines = [
        message("I love secret things so much", 1, user_id="7"),
        message("my secret is a dog", 2, "renamed", user_id="7"),
        message("I have two cats", 3, "ben", user_id="8"),
    ]
    cleared = UserCleared(at(5), "anna", 600, user_id="7", channel="hikari")
    counts = await attend(hikari, Told(*lines))
    again = await attend(hikari, Told(cleared), so_far=counts)
    assert again is counts
    assert (counts.messages, counts.withdrawn) == (3, 2)
    assert await remembered(hikari) == ["I have two cats"]
    assert (await hikari.retract_user(cleared))["messages"] == 0


async def test_a_cleared_user_is_withdrawn_while_perceived(hikari, monkeypatch):
    reached, go_on, store = asyncio.Event(), asyncio.Event(), hikari.memory.store_memory

    async def slow(*given, **more):
        reached.set()
        await go_on.wait()
        return await store(*given, **more)

    monkeypatch.setattr(hikari.memory, "store_memory", slow)
    perceiving = asyncio.create_task(hikari.perceive(message("I love secret things so much", 1)))
    await reached.wait()
    assert (await hikari.retract_user(UserCleared(at(2), "ANNA")))["messages"] == 1
    go_on.set()
    assert (await perceiving)["remembered"] is None
    assert await remembered(hikari) == []


async def test_a_cleared_chat_is_withdrawn_whole(hikari):
    lines = [message(f"I love thing number {i} so much", i, f"user{i}") for i in range(5)]
    counts = await attend(hikari, Told(*lines))
    await attend(hikari, Told(UserCleared(at(9)), message("I have two cats", 10, "ben")), so_far=counts)
    assert (counts.messages, counts.withdrawn) == (6, 5)
    assert await remembered(hikari) == ["I have two cats"]


async def test_what_was_said_before_is_not_counted(hikari):
    counts = await attend(hikari, Told(message("I love secret things so much", 1, is_history=True)))
    assert (counts.messages, counts.history) == (0, 1)
    assert await remembered(hikari) == []
    assert (await hikari.analytics.get_viewer_insights("anna"))["status"] == "no_data"


async def test_the_stream_reaches_the_analytics_and_the_events(hikari):
    events, task = await heard(hikari)
    now = at(3600)
    told = [
        ViewerCount(now, 120),
        Raid(now + timedelta(seconds=1), "carl", 55),
        StreamState(now, live=True, title="evening", game="Elden Ring"),
        StreamState(now, title="later"),
        SourceState(now, "gap", "three messages"),
    ]
    counts = await attend(hikari, Told(*told))
    await asyncio.sleep(0)
    task.cancel()
    assert (counts.other, counts.failed) == (5, 0)
    board = await hikari.analytics.get_real_time_dashboard()
    assert board["current_metrics"]["viewer_count"] == 120
    assert (await hikari.analytics.forecast_metrics("raid"))["current_value"] == 55
    assert (await hikari.analytics.forecast_metrics("live"))["current_value"] == 1
    assert [(event["type"], event["data"]) for event in events] == [
        ("raid", {"username": "carl", "viewers": 55}),
        ("stream", {"live": True, "title": "evening", "game": "Elden Ring"}),
        ("stream", {"live": None, "title": "later", "game": None}),
        ("source", {"state": "gap", "reason": "three messages"}),
    ]


async def test_one_bad_event_never_ends_the_stream(hikari, monkeypatch, caplog):
    perceive = hikari.perceive_read

    async def moody(found, read):
        if "poison" in found.text:
            raise RuntimeError("cannot digest this")
        return await perceive(found, read)

    monkeypatch.setattr(hikari, "perceive_read", moody)
    lines = [message("one", 1), message("poison", 2), message("two", 3), "no event", message("three", 4)]
    counts = await attend(hikari, Told(*lines))
    assert (counts.messages, counts.failed) == (3, 2)
    caplog.clear()
    again = await attend(hikari, Told(*(message("poison", 10 + i) for i in range(50))))
    told = [record for record in caplog.records if record.name.startswith("hikari_ml")]
    assert (again.failed, len(told)) == (50, 1), "what fails in the same way is logged once"

    async def broken(messages):
        raise RuntimeError("cannot read these")

    monkeypatch.setattr(hikari.analyzer, "read_batch", broken)
    counts = await attend(hikari, Told(message("four", 5), message("five", 6)))
    assert (counts.messages, counts.failed) == (2, 0)


async def test_stopping_loses_nothing_that_was_heard(hikari):
    stop = asyncio.Event()
    source = Told(*[message(f"{LINES[i % 7]} {i}", i) for i in range(200)], waits=True)
    counts = Attended()
    attending = asyncio.create_task(attend(hikari, source, stop=stop, so_far=counts))
    while counts.messages == 0:
        await asyncio.sleep(0.005)
    stop.set()
    assert await attending is counts
    assert counts.messages == source.counts.received == 200


async def test_what_is_left_open_is_gone_on_with_where_it_was(hikari, tmp_path):
    lines = [
        json.dumps({"username": "anna", "text": f"{LINES[i % 7]} {i}", "id": f"{i}"}) for i in range(300)
    ]
    (tmp_path / "chat.jsonl").write_text("\n".join(lines))
    source, counts, times = JsonLinesSource(tmp_path / "chat.jsonl", "hikari", capacity=20), Attended(), 0
    while True:
        leave, before = asyncio.Event(), counts.messages
        attending = asyncio.create_task(attend(hikari, source, leave=leave, so_far=counts))
        while counts.messages == before and not attending.done():
            await asyncio.sleep(0)
        leave.set()
        await attending
        times += 1
        if counts.messages == 300:
            break
    await source.aclose()
    assert times > 2
    assert (await hikari.analytics.get_real_time_dashboard())["current_metrics"]["total_messages"] == 300


async def test_one_stopped_before_it_began_ends(hikari):
    stop = asyncio.Event()
    stop.set()
    counts = await attend(hikari, Told(message("one", 1), ..., message("two", 2)), stop=stop)
    assert counts.messages <= 1


async def test_a_source_that_fails_is_carried_in_first(hikari):
    source = Told(message("one", 1), error=SourceError("told:hikari", "it is gone"))
    counts = Attended()
    with pytest.raises(SourceError, match="it is gone"):
        await attend(hikari, source, so_far=counts)
    assert counts.messages == 1
    assert source._state == "closed"


async def test_an_alert_in_a_silent_chat_is_told(hikari):
    events, task = await heard(hikari)
    hikari.analytics._news.tell([Raised(START.timestamp(), "dead_chat", 0.9, "it is quiet")])
    hikari.tell("stream", START, {"live": True})
    await asyncio.sleep(0)
    task.cancel()
    assert [event["type"] for event in events] == ["stream", "alert"]
