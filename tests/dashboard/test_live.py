"""What the live page shows is what happened."""

import pytest

from hikari_ml import ChatMessage, Hikari
from hikari_ml.dashboard.live import CHAT_KEPT, QUEUE_KEPT, LiveState
from hikari_ml.runtime.clock import ManualClock
from hikari_ml.times import iso
from tests.support import START, at


@pytest.fixture
async def hikari(tmp_path):
    async with Hikari(channel="hikari", clock=ManualClock(START), folder=tmp_path / "h") as found:
        yield found


async def play(hikari, state, texts):
    for i, text in enumerate(texts):
        hikari._clock.advance_to(at(i * 6))
        insight = await hikari.perceive(ChatMessage(f"user{i % 5}", text, at(i * 6), id=f"m{i}"))
        state.take({"type": "message", "at": iso(at(i * 6)), "data": insight, "dropped": 0})
        if insight["remembered"]:
            said = {"content": text, "username": f"user{i % 5}", "message_id": insight["message_id"]}
            state.take(
                {"type": "memory", "at": "now", "data": {**insight["remembered"], **said}, "dropped": 0}
            )


async def test_chat_memories_and_advice_are_shown(hikari):
    state = LiveState(hikari)
    await play(
        hikari,
        state,
        ["I love Elden Ring so much", "you are such a stupid idiot", "LUL", "what do you play next?"],
    )
    shown = await state.snapshot()
    assert [line["text"] for line in shown["chat"]][:1] == ["I love Elden Ring so much"]
    assert [line["text"] for line in shown["toxic"]] == ["you are such a stupid idiot"]
    newest, oldest = shown["memories"]
    assert "toxic" in newest["reasons"]
    assert oldest["content"] == "I love Elden Ring so much"
    assert oldest["reasons"]
    assert shown["advice"]["text"] == "what do you play next?"
    assert shown["channel"] == "hikari"
    assert shown["current_metrics"]["total_messages"] == 4


async def test_lists_and_curves_are_bounded(hikari):
    state = LiveState(hikari)
    for i in range(3 * CHAT_KEPT):
        hikari._clock.advance_to(at(i * 10))
        await play_one(hikari, state, i)
        await state.snapshot()
    shown = await state.snapshot()
    assert len(shown["chat"]) == CHAT_KEPT
    assert len({len(points) for points in shown["series"].values()}) == 1
    assert 0 < len(shown["series"]["at"]) <= 360


async def test_after_a_restart_curves_and_totals_go_on(tmp_path):
    clock = ManualClock(START)
    for run in (0, 1):
        async with Hikari(channel="hikari", clock=clock, folder=tmp_path / "h") as hikari:
            state = LiveState(hikari)
            if run:
                clock.advance(30)
                await play_one(hikari, state, 61)
                break
            for i in range(60):
                clock.advance_to(at(i * 10))
                await play_one(hikari, state, i)
            await hikari.analytics.record_metric("viewer_count", 40, at(200))
    async with Hikari(channel="hikari", clock=clock, folder=tmp_path / "h") as hikari:
        shown = await LiveState(hikari).snapshot()
        assert shown["current_metrics"]["total_messages"] == 61
        assert shown["started_at"] == iso(START)
        series = shown["series"]
        assert series["messages_per_minute"][:10] == [6] * 10
        assert series["viewers"][:10] == [None] * 3 + [40] * 7
        assert series["at"] == sorted(series["at"])
    clock.advance(86_400)
    async with Hikari(channel="hikari", clock=clock, folder=tmp_path / "h") as hikari:
        shown = await LiveState(hikari).snapshot()
        assert shown["current_metrics"]["total_messages"] == 0
        assert (shown["series"], shown["started_at"]) == ({}, None), "that stream is over"


async def play_one(hikari, state, i):
    insight = await hikari.perceive(ChatMessage("anna", f"line {i}", at(i * 10)))
    state.take({"type": "message", "at": iso(at(i * 10)), "data": insight, "dropped": 0})


async def test_time_codes_count_from_the_time_of_the_first_message_and_go_on_after_a_restart(tmp_path):
    clock = ManualClock(at(1500))
    for run in range(2):
        async with Hikari(channel="hikari", clock=clock, folder=tmp_path / "h") as hikari:
            state = LiveState(hikari)
            for i in range(4, 8) if not run else range(148, 151):  # said before they are heard
                await play_one(hikari, state, i)
            shown = await state.snapshot()
            assert shown["started_at"] == iso(START), "the minute of the first message"
            assert shown["listed_since"] == (iso(clock.now()) if run else None)
        clock.advance(60)


async def heard(hikari, state, when, username="anna", text="hello there everybody"):
    insight = await hikari.perceive(ChatMessage(username, text, when))
    state.take({"type": "message", "at": iso(when), "data": insight, "dropped": 0})
    return await state.snapshot()


async def test_a_line_of_another_evening_or_of_a_bot_moves_no_time_codes(hikari):
    state = LiveState(hikari)
    hikari._clock.advance_to(at(1000))
    assert (await heard(hikari, state, at(-86_400)))["started_at"] is None, "the first line is an old one"
    assert (await heard(hikari, state, at(500), "nightbot"))["started_at"] is None
    assert (await heard(hikari, state, at(600)))["started_at"] == iso(at(600))
    for days, who in ((30, "anna"), (400, "nightbot"), (20_000, "ben")):
        assert (await heard(hikari, state, at(-86_400 * days), who))["started_at"] == iso(at(600))
    shown = await heard(hikari, state, at(540), "ben")
    assert shown["started_at"] == iso(at(540)), "one that came a little late is of this stream"
    assert len(shown["chat"]) == 7
    hikari._clock.advance_to(at(3_600))
    assert (await heard(hikari, state, at(86_400)))["started_at"] == iso(at(3_600)), "a clock that goes ahead"


async def test_a_silence_of_half_an_hour_parts_two_streams_of_one_server(tmp_path):
    clock = ManualClock(START)
    async with Hikari(channel="hikari", clock=clock, folder=tmp_path / "h") as hikari:
        await heard(hikari, LiveState(hikari), at(0))
        await heard(hikari, LiveState(hikari), at(1))
    async with Hikari(channel="hikari", clock=clock, folder=tmp_path / "h") as hikari:
        state = LiveState(hikari)
        clock.advance_to(at(600))
        for _ in range(3):  # more lines than were missed, and nobody's
            insight = await hikari.perceive(ChatMessage("nightbot", "follow me", at(600)))
            state.take({"type": "message", "at": iso(at(600)), "data": insight, "dropped": 0})
        shown = await heard(hikari, state, at(600))
        assert (shown["started_at"], shown["listed_since"]) == (iso(START), iso(at(600)))
        clock.advance_to(at(2_400))
        assert (await heard(hikari, state, at(2_400)))["started_at"] == iso(START)
        clock.advance_to(at(86_400))
        assert (await state.snapshot())["started_at"] == iso(START), "time codes of what is shown"
        shown = await heard(hikari, state, at(86_400))
        assert (shown["started_at"], shown["listed_since"]) == (iso(at(86_400)), None)


async def test_before_anything_happened_there_is_a_page(hikari):
    shown = await LiveState(hikari).snapshot()
    assert shown["chat"] == []
    assert shown["series"] == {}


async def test_what_was_deleted_is_shown_no_more(hikari):
    state = LiveState(hikari)
    lines = ["I love Elden Ring so much", "you are such a stupid idiot", "what do you play next?"]
    await play(hikari, state, lines)
    state.take({"type": "retracted", "at": "now", "data": {"message_id": "m1"}, "dropped": 0})
    state.take({"type": "erased", "at": "now", "data": {"user": "USER0"}, "dropped": 0})
    shown = await state.snapshot()
    assert [line["text"] for line in shown["chat"]] == lines[2:]
    assert shown["toxic"] == shown["memories"] == []
    assert shown["advice"]["text"] == lines[2]
    state.take({"type": "retracted", "at": "now", "data": {"message_id": "m2"}, "dropped": 0})
    assert (await state.snapshot())["advice"] == {}


async def test_arrivals_emotes_and_expression_are_shown(hikari):
    state = LiveState(hikari)
    await play(hikari, state, ["hello there PogChamp PogChamp", "what a play PogChamp", "gg 🔥"] * 4)
    shown = await state.snapshot()
    assert shown["arrivals"] == {"new": 5, "back": 0}
    assert [who["username"] for who in shown["people"]] == ["user4", "user3", "user2", "user1", "user0"]
    assert shown["emotes"] == [("PogChamp", 8), ("🔥", 4)]
    assert shown["expression"].keys() == hikari.expression.keys()
    assert shown["started_at"] == "2026-01-10T20:00:00.000Z"
    assert shown["reading"]["messages"] == 12
    hikari._clock.advance(700)
    assert (await state.snapshot())["emotes"] == []


async def test_who_is_back_after_long_is_told(hikari):
    state = LiveState(hikari)
    await play(hikari, state, ["I am new here"])
    hikari._clock.advance(9 * 86_400)
    insight = await hikari.perceive(ChatMessage("user0", "hello again", hikari.now()))
    state.take({"type": "message", "at": iso(hikari.now()), "data": insight, "dropped": 0})
    assert state.arrivals == {"new": 1, "back": 1}
    assert (state.people[0]["kind"], round(state.people[0]["days"])) == ("back", 9)


async def test_bots_are_seen_in_chat_and_nowhere_else(hikari):
    state = LiveState(hikari)
    insight = await hikari.perceive(ChatMessage("nightbot", "you stupid idiot PogChamp", at(1)))
    state.take({"type": "message", "at": iso(hikari.now()), "data": insight, "dropped": 0})
    assert [line["username"] for line in state.chat] == ["nightbot"]
    shown = await state.snapshot()
    assert shown["toxic"] == shown["people"] == shown["emotes"] == []


async def test_the_queue_is_bounded_and_says_how_many_there_were(hikari):
    state = LiveState(hikari)
    for i in range(QUEUE_KEPT + 3):
        hikari._clock.advance_to(at(i * 10))
        insight = await hikari.perceive(ChatMessage("troll", f"you are such a stupid idiot {i}", at(i * 10)))
        insight["insights"]["features"].pop("why_not", None)
        state.take({"type": "message", "at": iso(hikari.now()), "data": insight, "dropped": 0})
    shown = await state.snapshot()
    assert len(shown["toxic"]) == QUEUE_KEPT
    assert shown["toxic_total"] == QUEUE_KEPT + 3


async def test_what_could_be_read_only_in_part_is_counted(hikari):
    state = LiveState(hikari)
    insight = await hikari.perceive(ChatMessage("anna", "これは本当に面白いゲームですね", at(1)))
    state.take({"type": "message", "at": iso(hikari.now()), "data": insight, "dropped": 0})
    degraded = (await state.snapshot())["reading"]["degraded"]
    assert degraded == dict.fromkeys(insight["degraded"], 1)
    assert degraded
