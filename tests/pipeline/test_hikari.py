"""Hikari: one pass, shared; recall before storing; erased everywhere."""

import asyncio
import json

import msgpack
import pytest

from hikari_ml import (
    AdvancedSentimentAnalyzer,
    ChatMessage,
    Hikari,
    NeuralMemorySystem,
    PostgresMemory,
    Settings,
)
from hikari_ml.errors import ConfigError, InputError, StoreError, StoreLockedError
from hikari_ml.models.passes import ProcessorPass
from hikari_ml.results import Insight
from hikari_ml.runtime.clock import ManualClock
from tests.support import START, at, collected


@pytest.fixture
def clock():
    return ManualClock(START)


@pytest.fixture
async def hikari(tmp_path, clock):
    async with Hikari(channel="hikari", clock=clock, folder=tmp_path / "hikari") as found:
        yield found


def message(text, second=0, username="anna", **more):
    return ChatMessage(username, text, at(second), channel="hikari", **more)


async def say(hikari, clock, text, second=0, username="anna", **more):
    clock.advance_to(at(second))
    return await hikari.perceive(message(text, second, username, **more))


async def test_one_message_through_everything(hikari, clock):
    insight = await say(hikari, clock, "I love Elden Ring, it is amazing!")
    assert set(insight) == set(Insight.__annotations__)
    assert insight["analysis"]["sentiment"]["aggregate"]["label"] in ("positive", "very_positive")
    assert insight["memories"] == []
    assert insight["insights"]["features"]["newcomer"]
    assert insight["remembered"]["type"] == "fact"
    assert "first_message" in insight["recommendation"]["reasons"]
    assert msgpack.unpackb(msgpack.packb(insight)) == json.loads(json.dumps(insight, allow_nan=False))


async def test_the_neural_pass_is_made_once(hikari, clock, monkeypatch):
    await say(hikari, clock, "warm up please")
    passes, call = [], ProcessorPass.__call__

    def counted(self, windows):
        passes.extend(windows)
        return call(self, windows)

    monkeypatch.setattr(ProcessorPass, "__call__", counted)
    await say(hikari, clock, "I really love playing chess at night", 5)
    assert len(passes) == 1


async def test_it_recalls_before_it_stores(hikari, clock):
    first = await say(hikari, clock, "I love my cat Luna so much", 0)
    second = await say(hikari, clock, "my cat Luna is asleep on the keyboard", 60)
    assert first["memories"] == []
    assert [memory["content"] for memory in second["memories"]] == ["I love my cat Luna so much"]
    assert "remembers" in second["recommendation"]["reasons"]


async def test_the_authors_own_memories_come_first(hikari, clock):
    await say(hikari, clock, "I love playing chess", 0, "ben")
    await say(hikari, clock, "I have two cats", 5, "anna")
    found = await say(hikari, clock, "I love playing chess as well", 10, "anna")
    assert [memory["metadata"]["user"] for memory in found["memories"]] == ["anna", "ben"]


async def test_chatter_is_not_remembered(hikari, clock):
    for i, text in enumerate(["lol", "gg", "LUL", "!uptime", "", "nice play"]):
        assert (await say(hikari, clock, text, i))["remembered"] is None
    assert (await hikari.memory.get_memory_stats())["total"] == 0


async def test_bots_are_analysed_and_nothing_else(hikari, clock):
    found = await say(hikari, clock, "I love reminding you to drink water every day", username="nightbot")
    assert found["remembered"] is None
    assert found["insights"]["features"]["why_not"] == "bot"


async def test_a_withdrawn_message_is_withdrawn_everywhere(hikari, clock):
    await say(hikari, clock, "I love secret things", id="m1")
    done = await hikari.retract("m1")
    assert done == {"message_id": "m1", "counted": True, "forgotten": True, "degraded": []}
    assert (await hikari.memory.get_memory_stats())["total"] == 0
    assert (await hikari.analytics.get_viewer_insights("anna"))["status"] == "no_data"
    assert (await hikari.retract("m1"))["forgotten"] is False


async def test_what_others_said_too_is_kept_when_one_withdraws(hikari, clock):
    await say(hikari, clock, "I love this stream so much", 0, id="m1")
    await say(hikari, clock, "I love this stream so much", 4000, id="m2")
    assert (await hikari.retract("m2"))["forgotten"] is False
    assert (await hikari.memory.get_memory_stats())["total"] == 1


async def test_an_erased_viewer_is_erased_everywhere(hikari, clock, tmp_path):
    for i in range(4):
        await say(hikari, clock, f"I love secret-xyzzy-{i}", i)
    await say(hikari, clock, "I love tea", 9, "ben")
    proof = await hikari.erase_user("anna")
    assert proof["memory"]["memories"] == 4
    assert proof["analytics"] is True
    assert proof["trends"] > 0
    assert hikari.analyzer.user_trend("anna")["messages"] == 0
    files = [path.read_bytes() for path in (tmp_path / "hikari").rglob("*") if path.is_file()]
    assert not [data for data in files if b"xyzzy" in data or b"anna" in data]
    assert (await hikari.memory.get_memory_stats())["total"] == 1


async def test_events_tell_what_happens(hikari, clock):
    heard = []

    async def listen():
        async for event in hikari.events():
            heard.append(event)

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0)
    await say(hikari, clock, "I love Elden Ring", id="m1")
    await hikari.retract("m1")
    await asyncio.sleep(0.01)
    listening.cancel()
    assert [event["type"] for event in heard] == ["message", "mood", "memory", "retracted"]
    assert heard[2]["data"]["content"] == "I love Elden Ring"


async def test_the_mood_is_of_the_chat(hikari, clock):
    for i in range(20):
        await say(hikari, clock, f"this is wonderful, I love it, take {i}", i, f"user{i}")
    assert hikari.mood["valence"] > 0.3
    assert hikari.mood["dominant"] == "joy"


async def test_state_lives_in_the_channels_folder(tmp_path, clock):
    async with Hikari(channel="My Channel", clock=clock) as hikari:
        await say(hikari, clock, "I love Elden Ring")
        folder = hikari.folder
    assert folder.parent == tmp_path / "data"
    kept = {"memory", "analytics.msgpack", "analytics.msgpack.lock"}
    assert {path.name for path in folder.iterdir()} == kept
    async with Hikari(channel="My Channel", clock=clock) as hikari:
        found = await say(hikari, clock, "I love Elden Ring a lot", 60)
        assert len(found["memories"]) == 1
        assert not found["insights"]["features"]["newcomer"]


async def test_an_analyzer_handed_in_is_not_closed(tmp_path, clock):
    async with AdvancedSentimentAnalyzer(clock=clock) as analyzer:
        async with Hikari(analyzer=analyzer, clock=clock, folder=tmp_path / "a") as hikari:
            await say(hikari, clock, "hello")
        assert (await analyzer.analyze_message("still here", "anna"))["text"] == "still here"


async def test_a_memory_handed_in_is_shared_and_not_closed(server, tmp_path, clock):
    async with PostgresMemory(server.dsn, schema=server.fresh(), clock=clock) as memory:
        async with (
            Hikari(memory=memory, clock=clock, folder=tmp_path / "a") as one,
            Hikari(memory=memory, clock=clock, folder=tmp_path / "b") as other,
        ):
            insight = await say(one, clock, "I love Elden Ring, it is amazing!")
            assert insight["remembered"]["type"] == "fact"
            found = await say(other, clock, "should I play Elden Ring again?", 60)
            assert [m["id"] for m in found["memories"]] == [insight["remembered"]["id"]]
            assert (await one.erase_user("anna"))["memory"]["memories"] >= 1
        assert await memory.list_memories() == []
    assert not (tmp_path / "a" / "memory").exists()


def test_a_memory_handed_in_must_be_of_use(tmp_path):
    with pytest.raises(InputError, match="read_only"):
        Hikari(memory=NeuralMemorySystem(tmp_path / "m", read_only=True))
    with pytest.raises(InputError, match="memory_folder"):
        Hikari(memory=NeuralMemorySystem(tmp_path / "m"), memory_folder=tmp_path / "n")


@pytest.mark.parametrize("wrong", [None, "hi", {"text": "hi"}])
async def test_what_is_no_message_is_refused(hikari, wrong):
    with pytest.raises(InputError, match="ChatMessage"):
        await hikari.perceive(wrong)


@pytest.mark.parametrize(
    "text", ["", "\ud800", "x" * 10_000, "😂" * 200, "\u200b", "<b>hi</b>", "مرحبا", "ﷺ" * 50]
)
async def test_any_text_is_perceived(hikari, clock, text):
    json.dumps(await say(hikari, clock, text), allow_nan=False)


async def test_disordered_and_equal_timestamps_are_survived(hikari, clock):
    for second in (100, 50, 50, 50, 101, 0):
        await say(hikari, clock, f"I love the number {second}", second)
    assert (await hikari.analytics.get_viewer_insights("anna"))["message_count"] == 6


async def test_many_at_once_each_get_their_own(hikari):
    texts = [f"I love number {i}" for i in range(60)]
    found = await asyncio.gather(
        *(hikari.perceive(message(text, i, f"u{i}")) for i, text in enumerate(texts))
    )
    assert [insight["analysis"]["text"] for insight in found] == texts
    assert (await hikari.memory.get_memory_stats())["total"] == 60


@pytest.mark.usefixtures("little_to_collect")
async def test_a_leak_is_warned_about():
    hikari = Hikari()
    await hikari.perceive(message("hi"))
    with pytest.warns(ResourceWarning) as warned:
        del hikari
        await collected()
        assert "Hikari was not closed" in str(warned[0].message)
        warned.clear()  # a recorded warning keeps what it is about, and so its parts, alive
        await collected()


async def test_a_message_that_comes_twice_is_one(hikari, clock):
    await say(hikari, clock, "I love secret things", id="m1")
    again = await say(hikari, clock, "I love secret things", 5, id="m1")
    assert again["remembered"] is None
    assert (await hikari.retract("m1"))["forgotten"]
    assert (await hikari.memory.get_memory_stats())["total"] == 0


async def test_a_message_retracted_before_it_came_is_not_kept(hikari, clock):
    await hikari.retract("m1")
    assert (await say(hikari, clock, "I love secret things", id="m1"))["remembered"] is None


async def test_a_message_retracted_while_it_is_perceived_is_not_kept(hikari, clock):
    for pause in range(12):
        perceiving = asyncio.create_task(say(hikari, clock, "I love secret things", id=f"m{pause}"))
        for _ in range(pause):
            await asyncio.sleep(0.001)
        await hikari.retract(f"m{pause}")
        await perceiving
        assert (await hikari.memory.get_memory_stats())["total"] == 0


async def test_what_was_retracted_is_not_carried_on(hikari, clock):
    await say(hikari, clock, "my cat is sleeping on the keyboard", id="m1")
    await hikari.retract("m1")
    found = await say(hikari, clock, "the cat is sleeping on my keyboard", 5, "ben")
    assert found["analysis"]["conversation_context"]["continues"] is None


async def test_what_memory_failed_to_keep_is_remembered_when_it_is_said_again(hikari, clock, monkeypatch):
    store, full = hikari.memory.store_memory, True

    async def sometimes(*given, **more):
        if full:
            raise StoreError("memory", "the disk is full")
        return await store(*given, **more)

    monkeypatch.setattr(hikari.memory, "store_memory", sometimes)
    line = ChatMessage("anna", "I have two cats", clock.now(), id="c1")
    with pytest.raises(StoreError):
        await hikari.perceive(line, request_id="r1")
    full = False
    assert hikari._unkept
    assert (await hikari.perceive(line, request_id="r1"))["remembered"] is not None
    assert (await hikari.perceive(line, request_id="r1"))["remembered"] is None, "it is there"
    assert (await hikari.analytics.get_viewer_insights("anna"))["message_count"] == 1
    assert len(await hikari.memory.list_memories(10)) == 1
    full = True
    with pytest.raises(StoreError):
        await hikari.perceive(ChatMessage("anna", "I have a dog", clock.now(), id="c2"), request_id="r2")
    await hikari.erase_user("anna")
    assert not hikari._unkept
    assert "anna" not in str(hikari._erased)


async def test_what_is_still_being_perceived_is_erased_too(hikari, clock):
    lines = [ChatMessage("anna", f"I have {i} cats and a dog", clock.now(), id=f"c{i}") for i in range(5)]
    perceiving = [asyncio.create_task(hikari.perceive(line)) for line in lines]
    await asyncio.sleep(0)
    await hikari.erase_user("Anna")
    assert all(task.done() for task in perceiving)
    await asyncio.gather(*perceiving)
    assert await hikari.memory.retrieve_memories("cats", user="anna") == []
    assert (await hikari.analytics.get_viewer_insights("anna"))["status"] == "no_data"


async def test_case_does_not_save_anyone_from_being_erased(hikari, clock):
    await say(hikari, clock, "I love secret things", username="Anna")
    proof = await hikari.erase_user("aNNA")
    assert proof["memory"]["memories"] == 1
    assert proof["analytics"] is True
    assert proof["trends"] > 0


async def test_a_very_long_message_is_kept_in_part(hikari, clock):
    found = await say(hikari, clock, "I love long stories. " + "and so on " * 30_000)
    assert found["remembered"] is not None
    (kept,) = await hikari.memory.list_memories()
    assert len(kept["content"]) <= 4000


async def test_a_failed_start_can_be_tried_again(tmp_path, clock):
    async with Hikari(folder=tmp_path, clock=clock) as first:
        second = Hikari(folder=tmp_path, clock=clock)
        events = second.events()
        with pytest.raises(StoreLockedError):
            await second.perceive(message("hello"))
        await first.perceive(message("hello"))
    async with second:
        assert (await second.perceive(message("hello")))["analysis"]["text"] == "hello"
        assert (await anext(events))["type"] == "message"
    assert [event async for event in events], "and until it is closed"


async def test_what_listens_to_a_channel_that_never_started_ends_when_it_is_closed(tmp_path):
    hikari = Hikari(folder=tmp_path)
    events = hikari.events()
    await hikari.aclose()
    assert [event async for event in events] == []


async def test_a_close_while_it_starts_ends_what_listens_and_one_that_its_loop_cut_short_does_not(tmp_path):
    hikari = Hikari(folder=tmp_path)
    events = hikari.events()
    starting = asyncio.create_task(hikari.start())
    await asyncio.sleep(0)
    await hikari.aclose()
    await asyncio.wait({starting})
    assert [event async for event in events] == []

    hikari = Hikari(folder=tmp_path)
    starting = asyncio.create_task(hikari.start())
    await asyncio.sleep(0)
    closing = asyncio.create_task(hikari._close_once())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait({starting, closing})
    events = hikari.events()
    assert hikari._state == "open"
    await hikari.perceive(ChatMessage("anna", "hello"))
    assert (await anext(events))["type"] == "message"
    assert not events._closed
    await hikari.aclose()


async def test_what_changed_in_a_life_is_remembered_as_it_is_now(hikari, clock):
    lines = ["I live in Munich", "I got a new cat", "her name is Mochi", "I moved to Berlin last week", "lol"]
    for second, line in enumerate([*lines, "I live in a society", "I just got engaged"]):
        await say(hikari, clock, line, second * 10)
    found = {m["content"]: m for m in await hikari.memory.list_memories(user="anna")}
    assert set(found) == {lines[1], lines[2], lines[3], "I just got engaged"}
    assert found["her name is Mochi"]["metadata"]["about"] == "cat"
    names = [name for name, _ in await hikari.memory.find_associations("anna", max_hops=1)]
    assert {"Mochi", "Berlin", "engaged"} <= set(names)
    assert "Munich" not in names
    then = await hikari.memory.retrieve_memories("where do you live?", k=9, user="anna", as_of=at(25))
    assert "I live in Munich" in {m["content"] for m in then}


async def test_what_was_felt_slows_its_fading(hikari, clock):
    await say(hikari, clock, "I hate this stupid boss so much I am so angry!!", 0)
    await say(hikari, clock, "I work as a nurse in a hospital", 10, "ben")
    angry, calm = (hikari.memory._core.tiers[key].arousal for key in (1, 2))
    assert angry > 0.5 > calm


async def test_her_face_follows_the_chat_and_comes_to_rest_while_nobody_writes(hikari, clock):
    events = hikari.events()
    for i in range(24):
        await say(hikari, clock, f"this is so awesome, I love it {i}", i / 2, f"user{i}")
    assert hikari.expression["dominant"] == "joy"
    assert hikari.mood["dominant"] == "joy"
    clock.advance(300)
    told = []
    async for event in events:
        if event["type"] == "expression":
            told.append(event)
            if event["data"]["dominant"] == "neutral":
                break
    assert told[0]["data"]["dominant"] == "joy"
    assert told[-1]["at"] < hikari.now().isoformat()  # when it happened, not when somebody looked
    assert hikari.expression["tone"] == "casual"
    assert hikari.mood["dominant"] == "neutral"
    assert msgpack.unpackb(msgpack.packb(hikari.expression)) == hikari.expression


async def test_a_bots_lines_and_dates_to_come_move_no_mood(hikari, clock):
    await say(hikari, clock, "I love this so much!", 0, "nightbot")
    assert hikari.mood["valence"] == 0
    await hikari.perceive(message("I love this so much!", 86_400))
    felt = hikari.mood["valence"]
    clock.advance(60)
    assert 0 < hikari.mood["valence"] < felt


def test_a_table_of_expressions_that_cannot_be_used_is_refused_at_once(tmp_path):
    (tmp_path / "mine.toml").write_text("[[looks.joy]]\nfrom = 7", encoding="utf-8")
    settings = Settings(expression={"table": tmp_path / "mine.toml"})
    with pytest.raises(ConfigError, match=r"expression\.table\.looks\.joy\.0\.from"):
        Hikari(settings, folder=tmp_path / "hikari")
