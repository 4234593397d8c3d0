"""A memory as a whole: what its figures and its episodes say is what is stored."""

import pytest

from hikari_ml import NeuralMemorySystem
from hikari_ml.errors import InputError
from hikari_ml.results import Episode
from hikari_ml.runtime.clock import ManualClock
from tests.support import START, at

HOUR = 3600


@pytest.fixture
async def memory(tmp_path):
    clock = ManualClock(START)
    async with NeuralMemorySystem(tmp_path / "m", clock=clock) as opened:
        for evening in (0, 24 * HOUR):
            for i, user in enumerate(("anna", "ben", "Anna", None)):
                metadata = {"user": user} if user else {}
                moment = at(evening + 60 * i)
                await opened.store_memory(f"line {i} of {evening}", metadata=metadata, created_at=moment)
        clock.advance_to(at(26 * HOUR))
        await opened.consolidate()
        yield opened


async def test_episodes_come_latest_first_with_their_people(memory):
    latest, first = await memory.list_episodes()
    assert set(latest) == set(Episode.__annotations__)
    assert (latest["start"], latest["end"]) == ("2026-01-11T20:00:00.000Z", "2026-01-11T20:03:00.000Z")
    assert first["start"] == "2026-01-10T20:00:00.000Z"
    assert (latest["size"], latest["users"]) == (4, ["Anna", "ben"])
    assert "line" in latest["summary"]
    by_id = {found["id"]: found["content"] for found in await memory.list_memories()}
    assert [by_id[memory_id] for memory_id in latest["memories"]] == [f"line {i} of 86400" for i in range(4)]
    assert await memory.list_episodes(1) == [latest]


async def test_what_is_erased_is_in_no_episode(memory):
    await memory.erase_user("ben")
    for episode in await memory.list_episodes():
        assert (episode["size"], episode["users"]) == (3, ["Anna"])


async def test_figures_are_those_of_the_store(memory):
    stats = await memory.get_memory_stats()
    assert (stats["total"], stats["users"], stats["episodes"]) == (8, 2, 2)
    assert stats["by_tier"] == {"episodic": 8}
    assert (stats["oldest"], stats["newest"]) == ("2026-01-10T20:00:00.000Z", "2026-01-11T20:03:00.000Z")


async def test_a_number_that_is_none_is_refused(memory):
    with pytest.raises(InputError):
        await memory.list_episodes(0)
    with pytest.raises(InputError):
        await memory.list_superseded(0)


async def test_what_no_longer_holds_is_in_no_theme(tmp_path):
    async with NeuralMemorySystem(tmp_path / "memory") as memory:
        for user in "abcd":
            for content in ("I live in Munich", "I moved to Berlin"):
                await memory.store_memory(content, metadata={"user": user})
        (theme,) = await memory.themes()
        shown = {found["id"]: found["content"] for found in await memory.list_memories()}
    assert {shown.get(each) for each in theme["memories"]} == {"I moved to Berlin"}
