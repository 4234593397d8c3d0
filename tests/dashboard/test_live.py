"""What the live page shows is what happened."""

import pytest

from hikari_ml import ChatMessage, Hikari
from hikari_ml.dashboard.live import CHAT_KEPT, LiveState
from hikari_ml.runtime.clock import ManualClock
from tests.support import START, at


@pytest.fixture
async def hikari(tmp_path):
    async with Hikari(channel="hikari", clock=ManualClock(START), folder=tmp_path / "h") as found:
        yield found


async def play(hikari, state, texts):
    for i, text in enumerate(texts):
        hikari._clock.advance_to(at(i * 6))
        insight = await hikari.perceive(ChatMessage(f"user{i % 5}", text, at(i * 6), id=f"m{i}"))
        state.take({"type": "message", "at": "now", "data": insight, "dropped": 0})
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
    assert 0 < len(shown["series"]["at"]) <= 240


async def play_one(hikari, state, i):
    insight = await hikari.perceive(ChatMessage("anna", f"line {i}", at(i * 10)))
    state.take({"type": "message", "at": "now", "data": insight, "dropped": 0})


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
